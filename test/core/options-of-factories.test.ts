import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { retry } from '../../src/compose/index.ts';
import { createClient, createService, defineContract, event, memoryHub, memoryIdempotencyStore, query } from '../../src/index.ts';

const contract = defineContract({
  name: 'shop',
  operations: { total: query({ output: z.int32() }) },
  events: { sold: event({ channel: 'sold', payload: z.object({ cents: z.int32() }) }) },
});
const service = createService(contract, { total: () => 0 });

interface Factory {
  readonly name: string;
  /** Makes the thing, and gives how to end it. */
  readonly make: (options: object) => unknown;
  /** The numeric options: `{ zero: true }` if 0 means something, `{ infinity: false }` if Infinity does not. */
  readonly numbers: Readonly<Record<string, { readonly zero?: true; readonly infinity?: false }>>;
}

/** Every factory of the package that takes a number. A new one has its row here. */
const FACTORIES: readonly Factory[] = [
  { name: 'createClient', make: (options) => createClient({ contract, transport: service, ...options }), numbers: { timeoutMs: {} } },
  {
    name: 'createClient: reconnect',
    make: (reconnect) => createClient({ contract, transport: service, reconnect }),
    numbers: { baseDelayMs: { zero: true, infinity: false }, maxDelayMs: { zero: true } },
  },
  {
    name: 'createService',
    make: (options) => createService(contract, { total: () => 0 }, options),
    numbers: { graceMs: { zero: true }, storeTimeoutMs: {}, idempotencyTtlMs: {}, idempotencyLeaseMs: { infinity: false } },
  },
  { name: 'memoryHub', make: (options) => memoryHub(options), numbers: { history: { zero: true }, maxHistoryBytes: { zero: true } } },
  { name: 'memoryIdempotencyStore', make: (options) => memoryIdempotencyStore(options), numbers: { maxBytes: {} } },
  {
    name: 'retry',
    make: (options) => retry(service, options),
    numbers: { attempts: {}, baseDelayMs: { zero: true, infinity: false }, maxDelayMs: { zero: true } },
  },
];

const WRONG = [NaN, -1, 1.5, '5', null, -Infinity];

describe.each(FACTORIES)('$name', ({ name, make, numbers }) => {
  describe.each(Object.entries(numbers))('%s', (option, { zero, infinity }) => {
    const wrong = [...WRONG, ...(zero ? [] : [0]), ...(infinity === false ? [Infinity] : [])];

    it.each(wrong)('refuses %o by its name', (value) => {
      const attempt = (): unknown => make({ [option]: value });
      expect(attempt).toThrow(TypeError);
      expect(attempt).toThrow(`${name}: ${option} must be a whole number`);
    });

    it.each([1, ...(zero ? [0] : []), ...(infinity === false ? [] : [Infinity])])('takes %o', (value) => {
      make({ [option]: value });
    });

    it('names itself as the nearest of a misspelt one', () => {
      const misspelt = `${option.slice(0, -1)}z`;
      expect(() => make({ [misspelt]: 1 })).toThrow(new TypeError(`${name}: unknown option '${misspelt}', do you mean '${option}'?`));
    });
  });
});
