import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isWithin } from '../../src/import/load/location.ts';

describe('the folder of a description', () => {
  it.each([
    ['C:\\api\\parts\\a.json', true],
    ['C:\\api\\..a.json', true],
    ['C:\\other\\a.json', false],
    ['D:\\api\\a.json', false],
    ['\\\\server\\share\\a.json', false],
  ])('on Windows holds %s: %s', (file, expected) => {
    expect(isWithin(file, 'C:\\api', path.win32)).toBe(expected);
  });

  it.each([
    ['/api/parts/a.json', true],
    ['/apis/a.json', false],
  ])('elsewhere holds %s: %s', (file, expected) => {
    expect(isWithin(file, '/api', path.posix)).toBe(expected);
  });
});
