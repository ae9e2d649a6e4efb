import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isWithin, Reach } from '../../src/import/load/location.ts';

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

  it.skipIf(process.platform === 'win32')('holds a file that is named with two slashes, which is the same file', () => {
    const reach = new Reach('file:///api/a.wsdl', []);
    expect(reach.follow('xsd//b.xsd', 'file:///api/a.wsdl')).toBe('file:///api/xsd/b.xsd');
    expect(() => reach.follow('..//b.xsd', 'file:///api/a.wsdl')).toThrow(/outside of its folder: allow it with --allow/);
  });
});
