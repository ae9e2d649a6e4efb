import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createService, defineContract, mutation, query, type Operation } from '../../src/index.ts';
import { restHandler } from '../../src/rest/server.ts';

const none = async () => {};

describe('a nested input that our own format would put into the query', () => {
  it.each<[string, () => Operation, RegExp]>([
    [
      'an object of a GET',
      () => query({ input: z.object({ filter: z.object({ a: z.string() }) }), http: 'GET /x' }),
      /'filter' is nested.*POST/,
    ],
    ['a list of lists', () => query({ input: z.object({ rows: z.array(z.array(z.string())) }), http: 'GET /x' }), /'rows' is nested/],
    [
      'a record of a DELETE',
      () => mutation({ input: z.object({ tags: z.record(z.string(), z.string()) }), http: 'DELETE /x' }),
      /'tags' is nested/,
    ],
  ])('%s is refused where it is served, not where it is defined', (_, operation, message) => {
    const contract = defineContract({ name: 'shop', operations: { get: operation() } });
    expect(() => restHandler(createService(contract, { get: none }))).toThrow(message);
  });
});
