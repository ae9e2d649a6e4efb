import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { AlwaysOffSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { createClient, createService, defineContract, mutation } from 'multi-api-sdk/core';
import { auth, bearer, logging, retry, use } from 'multi-api-sdk/compose';
import { telemetry } from 'multi-api-sdk/telemetry';
import * as z from 'zod';
import { median, printTable, type Row } from './table.ts';

const CALLS = 20_000;
const ROUNDS = 15;

const contract = defineContract({
  name: 'echo',
  operations: { echo: mutation({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) }) },
});
const service = createService(contract, { echo: ({ text }) => ({ text }) });
/** What a logger costs is the logger's. */
const logger = { info: () => {}, warn: () => {}, error: () => {} };
const all = () =>
  createClient({ contract, transport: retry(auth(use(telemetry(service), logging({ logger })), bearer('secret')), { attempts: 3 }) });
const bare = createClient({ contract, transport: service });

/** Microseconds of CPU a call. */
async function perCall(client: typeof bare): Promise<number> {
  const before = process.cpuUsage();
  for (let at = 0; at < CALLS; at++) await client.echo({ text: 'hello' });
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

/** In turns, so that both see the same machine. */
async function compare(what: string, client: typeof bare): Promise<Row> {
  const more: number[] = [];
  const none: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [a, b] = [await perCall(bare), await perCall(client)];
    // The first rounds compile.
    if (round < 3) continue;
    none.push(a);
    more.push(b);
  }
  const [raw, ours] = [median(none), median(more)];
  return {
    what,
    ours: `${ours.toFixed(2)} µs`,
    raw: `${raw.toFixed(2)} µs`,
    ratio: ours / raw,
    goal: `<= +3 µs, +${(ours - raw).toFixed(2)}`,
  };
}

const withoutSdk = await compare('telemetry without an SDK', all());
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler: new AlwaysOffSampler() }));
const unsampled = await compare('telemetry with an SDK that does not sample', all());
printTable('A call in process with retry, auth, logging and telemetry, CPU, against none of them', [withoutSdk, unsampled]);
