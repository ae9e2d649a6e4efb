import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineContract, mutation, query } from '../../src/core/define.ts';
import type { Contract, Operation } from '../../src/core/contract.ts';
import { createService } from '../../src/service/service.ts';
import { openApi } from '../../src/rest/schema.ts';
import { restHandler } from '../../src/rest/server.ts';

/** How often the bindings of a contract of `count` things, each with a GET and a POST, are looked at by `work`. */
function looksOf(count: number, work: (contract: Contract) => void): number {
  let looks = 0;
  const counted = <O extends Operation>(operation: O): O => {
    const { http } = operation;
    return Object.defineProperty({ ...operation }, 'http', { get: () => (looks++, http), enumerable: true });
  };
  const operations: Record<string, Operation> = {};
  for (let index = 0; index < count; index++) {
    const thing = z.object({ id: z.int32(), name: z.string() }).meta({ id: `Thing${index}` });
    operations[`getThing${index}`] = query({ input: z.object({ id: z.int32() }), output: thing, http: `GET /things${index}/{id}` });
    operations[`makeThing${index}`] = mutation({ input: z.object({ name: z.string() }), output: thing, http: `POST /things${index}` });
  }
  const contract = defineContract({ name: 'large', operations });
  const watched = {
    ...contract,
    operations: Object.fromEntries(Object.entries(contract.operations).map(([name, operation]) => [name, counted(operation)])),
  };
  work(watched);
  return looks;
}

describe('a large contract', () => {
  it.each([
    ['a handler', (contract: Contract) => void restHandler(createService(contract, handlersOf(contract) as never))],
    ['its OpenAPI', (contract: Contract) => void openApi(contract)],
  ])('costs %s as much for each operation as a small one', (_, work) => {
    const small = looksOf(10, work);
    expect(small).toBeGreaterThan(0);
    expect(looksOf(100, work)).toBeLessThanOrEqual(10 * small);
  });
});

function handlersOf(contract: Contract): Record<string, () => unknown> {
  return Object.fromEntries(Object.keys(contract.operations).map((name) => [name, () => ({ id: 1, name: 'one' })]));
}
