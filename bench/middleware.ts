import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { AlwaysOffSampler, AlwaysOnSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { createClient, createService, defineContract, mutation } from 'multi-api-sdk/core';
import { auth, bearer, logging, retry, use } from 'multi-api-sdk/compose';
import { telemetry } from 'multi-api-sdk/telemetry';
import * as z from 'zod';
import { median, printTable, type Row } from './table.ts';

// Short turns, because the machine's speed drifts.
const CALLS = 2_000;
const ROUNDS = 80;

const contract = defineContract({
  name: 'echo',
  operations: { echo: mutation({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) }) },
});
const service = createService(contract, { echo: ({ text }) => ({ text }) });
/** What a logger costs is the logger's. */
const logger = { info: () => {}, warn: () => {}, error: () => {} };
const all = (tracerProvider?: BasicTracerProvider) => {
  const observed = use(telemetry(service, { tracerProvider }), logging({ logger }));
  return createClient({ contract, transport: retry(auth(observed, bearer('secret')), { attempts: 3 }) });
};
const bare = createClient({ contract, transport: service });

type Echo = (input: { readonly text: string }) => Promise<unknown>;

/** Microseconds of CPU a call. */
async function perCall(echo: Echo): Promise<number> {
  const before = process.cpuUsage();
  for (let at = 0; at < CALLS; at++) await echo({ text: 'hello' });
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

/** In turns, so that both see the same machine. */
async function compare(what: string, { echo }: { readonly echo: Echo }, goal = '<= +3 µs'): Promise<Row> {
  const more: number[] = [];
  const none: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [a, b] = [await perCall(bare.echo), await perCall(echo)];
    // The first rounds compile.
    if (round < ROUNDS / 4) continue;
    none.push(a);
    more.push(b);
  }
  const [raw, ours] = [median(none), median(more)];
  return {
    what,
    ours: `${ours.toFixed(2)} µs`,
    raw: `${raw.toFixed(2)} µs`,
    ratio: ours / raw,
    goal: `${goal}, +${(ours - raw).toFixed(2)}`,
  };
}

const withoutSdk = await compare('telemetry without an SDK', all());
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler: new AlwaysOffSampler() }));
const unsampled = await compare('telemetry with an SDK that does not sample', all());
const parts = [
  await compare('retry', createClient({ contract, transport: retry(service, { attempts: 3 }) }), 'a part'),
  await compare('auth', createClient({ contract, transport: auth(service, bearer('secret')) }), 'a part'),
  await compare('logging', createClient({ contract, transport: use(service, logging({ logger })) }), 'a part'),
];
/** What the SDK takes for itself. */
const tracer = trace.getTracer('bench');
const getter = { keys: Object.keys, get: (headers: Record<string, string>, name: string) => headers[name] };
const byHand = {
  async echo(input: { readonly text: string }) {
    const from = propagation.extract(ROOT_CONTEXT, {}, getter);
    const span = tracer.startSpan('echo', { kind: SpanKind.SERVER, attributes: { operation: 'echo', protocol: 'service' } }, from);
    const output = await context.with(trace.setSpan(from, span), () => bare.echo(input));
    span.end();
    return output;
  },
};
parts.push(await compare('one span by hand, with an SDK that does not sample', byHand, "the SDK's own cost"));
const recorded = all(new BasicTracerProvider({ sampler: new AlwaysOnSampler() }));
const sampled = await compare('telemetry with an SDK that records each span, and exports none', recorded, "the SDK's own cost too");
printTable('A call in process with retry, auth, logging and telemetry, CPU, against none of them', [
  withoutSdk,
  unsampled,
  sampled,
  ...parts,
]);
