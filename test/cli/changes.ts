import * as z from 'zod';
import type { RuleName } from '../../src/cli/check/rules.ts';
import type { Contract, Schema } from '../../src/core/contract.ts';
import { defineContract, mutation, query, stream } from '../../src/core/define.ts';

/** One side of a change: a contract with an operation `go`, what its handler answers, and what its client sends. */
export interface Side {
  readonly contract: Contract;
  readonly answer: unknown;
  readonly send: Readonly<Record<string, unknown>> | undefined;
  /** What its client knows, if that is another program's. */
  readonly known?: Contract;
}

export interface Spec {
  readonly input?: Schema;
  readonly output?: Schema;
  readonly answer?: unknown;
  readonly send?: Readonly<Record<string, unknown>>;
  readonly http?: string;
  readonly kind?: 'query' | 'mutation' | 'stream';
  readonly service?: string;
  readonly contract?: Partial<{ name: string; version: string; namespace: string }>;
  /** The input as a client knows it that fills in no defaults. */
  readonly known?: Schema;
  /** The operation's name. */
  readonly name?: string;
}

export const Text = z.object({ text: z.string() });

export function side({
  input,
  output = Text,
  answer = { text: 'yes' },
  send,
  http,
  kind = 'mutation',
  service,
  contract,
  name = 'go',
  known,
}: Spec): Side {
  const common = { ...(input && { input }), ...(http !== undefined && { http }), ...(service !== undefined && { service }) };
  const make = { query, mutation, stream: (of: typeof common) => stream({ ...of, item: output }) }[kind] as typeof mutation;
  const operation = make({ ...common, ...(kind !== 'stream' && { output }) });
  return {
    contract: defineContract({ name: 'shop', ...contract, operations: { stay: query({ output: Text }), [name]: operation } }),
    answer,
    send,
    ...(known && { known: side({ input: known }).contract }),
  };
}

const input = (shape: Readonly<Record<string, z.ZodType>>) => z.object(shape);
export const result = (shape: Readonly<Record<string, z.ZodType>>) => z.object({ text: z.string(), ...shape });

/** A change for each rule of operations, as both sides have it. */
export const CHANGES: readonly (readonly [rule: RuleName, before: Spec, after: Spec])[] = [
  ['operation removed', {}, { name: 'went' }],
  ['operation added', { name: 'before' }, {}],
  ['route changed', { http: 'POST /go' }, { http: 'POST /goes' }],
  ['kind changed', { kind: 'query', http: 'GET /go' }, { kind: 'mutation', http: 'GET /go' }],
  ['service changed', { service: 'One' }, { service: 'Two' }],
  ['name changed', { service: 'Shop' }, { service: 'Shop', contract: { name: 'store' } }],
  ['major changed', {}, { contract: { version: '2.0.0' } }],
  ['namespace changed', {}, { contract: { namespace: 'http://shop.example/' } }],
  ['stream changed', {}, { kind: 'stream' }],
  ['input required', { input: input({ a: z.string() }), send: { a: 'x' } }, { input: input({ a: z.string(), b: z.enum(['p']) }), send: { a: 'x', b: 'p' } }], // prettier-ignore
  ['input added', { input: input({ a: z.string() }), send: { a: 'x' } }, { input: input({ a: z.string(), b: z.string().optional() }), send: { a: 'x', b: 'p' } }], // prettier-ignore
  ['input removed', { input: input({ a: z.string(), b: z.string() }), send: { a: 'x', b: 'y' } }, { input: input({ a: z.string() }), send: { a: 'x' } }], // prettier-ignore
  ['input optional', { input: input({ a: z.string(), b: z.enum(['p']) }), send: { a: 'x', b: 'p' } }, { input: input({ a: z.string(), b: z.enum(['p']).optional() }), send: { a: 'x' } }], // prettier-ignore
  [
    'input narrowed',
    { input: input({ a: z.string() }), send: { a: 'long' } },
    { input: input({ a: z.string().max(2) }), send: { a: 'x' } },
  ],
  ['input widened', { input: input({ a: z.string().max(2) }), send: { a: 'x' } }, { input: input({ a: z.string() }), send: { a: 'long' } }],
  [
    'input narrowed',
    { input: input({ a: z.enum(['p', 'q']) }), send: { a: 'q' } },
    { input: input({ a: z.enum(['p']) }), send: { a: 'p' } },
  ],
  [
    'input widened',
    { input: input({ a: z.enum(['p']) }), send: { a: 'p' } },
    { input: input({ a: z.enum(['p', 'q']) }), send: { a: 'q' } },
  ],
  ['input type changed', { input: input({ a: z.string() }), send: { a: 'x' } }, { input: input({ a: z.int32() }), send: { a: 1 } }],
  [
    'default changed',
    { input: input({ a: z.string().default('x') }), known: input({ a: z.string().optional() }), send: {} },
    { input: input({ a: z.string().default('y') }), send: {} },
  ],
  ['output removed', { output: result({ a: z.string() }), answer: { text: 't', a: 'x' } }, { output: result({}), answer: { text: 't' } }],
  ['output added', { output: result({}), answer: { text: 't' } }, { output: result({ a: z.string().optional() }), answer: { text: 't', a: 'x' } }], // prettier-ignore
  ['output optional', { output: result({ a: z.enum(['p']) }), answer: { text: 't', a: 'p' } }, { output: result({ a: z.enum(['p']).optional() }), answer: { text: 't' } }], // prettier-ignore
  ['output required', { output: result({ a: z.enum(['p']).optional() }), answer: { text: 't' } }, { output: result({ a: z.enum(['p']) }), answer: { text: 't', a: 'p' } }], // prettier-ignore
  ['output narrowed', { output: result({ a: z.enum(['p', 'q']) }), answer: { text: 't', a: 'q' } }, { output: result({ a: z.enum(['p']) }), answer: { text: 't', a: 'p' } }], // prettier-ignore
  ['output widened', { output: result({ a: z.enum(['p']) }), answer: { text: 't', a: 'p' } }, { output: result({ a: z.enum(['p', 'q']) }), answer: { text: 't', a: 'q' } }], // prettier-ignore
  ['output type changed', { output: result({ a: z.string() }), answer: { text: 't', a: 'p' } }, { output: result({ a: z.int32() }), answer: { text: 't', a: 1 } }], // prettier-ignore
];
