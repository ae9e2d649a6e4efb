import { describe, expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/core/errors.ts';
import { codeOfRefusal, codeOfStatus, STATUS } from '../../src/http/message/status.ts';

describe('the one table of HTTP statuses', () => {
  test('a status leads back to the first code of its row', () => {
    const first = new Map<number, string>();
    for (const [code, status] of Object.entries(STATUS)) if (!first.has(status)) first.set(status, code);
    for (const code of ERROR_CODES) expect(codeOfStatus(STATUS[code]), code).toBe(first.get(STATUS[code]));
  });

  test.each([
    [400, 'INVALID_ARGUMENT'],
    [404, 'NOT_FOUND'],
    [406, 'INVALID_ARGUMENT'],
    [413, 'INVALID_ARGUMENT'],
    [415, 'INVALID_ARGUMENT'],
    [418, 'INVALID_ARGUMENT'],
    [422, 'INVALID_ARGUMENT'],
    [302, 'UNKNOWN'],
    [500, 'UNKNOWN'],
    [502, 'UNAVAILABLE'],
    [599, 'UNKNOWN'],
  ])('a foreign %i is %s', (status, code) => expect(codeOfStatus(status)).toBe(code));

  test.each([
    [400, 'INVALID_ARGUMENT'],
    [404, 'UNIMPLEMENTED'],
    [405, 'UNIMPLEMENTED'],
    [408, 'DEADLINE_EXCEEDED'],
    [413, 'INVALID_ARGUMENT'],
    [500, 'INTERNAL'],
    [503, 'UNAVAILABLE'],
  ])('a refusal of our own with %i is %s', (status, code) => expect(codeOfRefusal(status)).toBe(code));
});
