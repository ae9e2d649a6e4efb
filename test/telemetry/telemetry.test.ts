/** One exporter in memory: what traces and metrics say of calls and events on each protocol. */
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import type { ConformanceTarget } from '../../src/conformance/index.ts';
import type { Adapter } from '../../src/core/transport.ts';
import { watch } from '../../src/compose/watch.ts';
import { compose } from '../../src/compose/wrap.ts';
import { cache, dedupe } from '../../src/compose/index.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { fetchHandler } from '../../src/http/fetch/index.ts';
import { listen } from '../../src/http/index.ts';
import { ApiError, createClient, createService, defineContract, event, memoryHub, mutation, query, stream } from '../../src/index.ts';
import { rest as restAdapter } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { telemetry } from '../../src/telemetry/index.ts';
import { target as connect } from '../protocols/connect.ts';
import { target as graphqlSse } from '../protocols/graphql-sse.ts';
import { target as graphql } from '../protocols/graphql.ts';
import { target as grpc } from '../protocols/grpc.ts';
import { target as mqtt } from '../protocols/mqtt-mosquitto.ts';
import { target as rest } from '../protocols/rest.ts';
import { target as soap } from '../protocols/soap.ts';
import { target as webhook } from '../protocols/webhook.ts';
import { target as websocket } from '../protocols/websocket.ts';
import { noMosquitto } from '../support/mqtt.ts';
import { until } from '../support/until.ts';
import { traceThisProcess } from '../support/tracing.ts';

const exporter = traceThisProcess();
afterAll(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});
beforeEach(() => exporter.reset());

const contract = defineContract({
  name: 'shop',
  operations: {
    order: mutation({ input: z.object({ item: z.string() }), output: z.object({ item: z.string() }), http: 'POST /orders/{item}' }),
    fail: query({ output: z.string(), errors: ['NOT_FOUND'] }),
    crash: query({ output: z.string(), http: 'GET /crash' }),
    count: stream({ input: z.object({ to: z.int32() }), item: z.int32() }),
  },
  events: { ordered: event({ channel: 'orders', payload: z.object({ item: z.string() }), writtenBy: 'order' }) },
});

function makeService(history = 1000) {
  const service = createService(
    contract,
    {
      order: ({ item }) => {
        trace.getTracer('handler').startSpan('handler').end();
        return { item };
      },
      fail: () => {
        throw new ApiError('NOT_FOUND', 'nothing\nfor token=sk_live_12345678901234567890');
      },
      crash: () => {
        throw new Error('secret');
      },
      async *count({ to }) {
        for (let n = 1; n <= to; n++) yield n;
      },
    },
    { onError: () => {}, hub: memoryHub({ history }) },
  );
  onTestFinished(() => service.close(0));
  return service;
}

/** Notes what each event says of its publisher as it comes from the wire. */
function told<V extends string>(adapter: Adapter<V>, traceparents: (string | undefined)[]): Adapter<V> {
  return compose(adapter, (inner) => ({
    call: (request) => inner.call(request),
    subscribe: (request, sink) =>
      watch(request, sink, { onNext: ({ traceparent }) => void traceparents.push(traceparent), onOver: () => {} }, (watched) =>
        inner.subscribe(request, watched),
      ),
  }));
}

async function open(target: ConformanceTarget, options: Parameters<typeof telemetry>[1] = {}, history?: number) {
  const service = makeService(history);
  const traceparents: (string | undefined)[] = [];
  const opened = await target.open(telemetry(service, options), { onError: () => {} });
  onTestFinished(() => opened.close());
  const wire = told(opened.transport as Adapter<'call' | 'subscribe' | 'stream'>, traceparents);
  const client = createClient({ contract, transport: telemetry(wire, options) });
  onTestFinished(() => client.close());
  return { client, service, traceparents };
}

const spans = (): readonly ReadableSpan[] => exporter.getFinishedSpans();
const one = (kind: SpanKind, name: RegExp): ReadableSpan => {
  const found = spans().filter((span) => span.kind === kind && name.test(span.name));
  if (found.length !== 1)
    throw new Error(
      `${found.length} spans ${String(name)} among ${spans()
        .map(({ name: each }) => each)
        .join(', ')}`,
    );
  return found[0] as ReadableSpan;
};
/** Runs within a span, which is the parent of all. */
async function traced<T>(work: () => Promise<T>): Promise<string> {
  const root = trace.getTracer('test').startSpan('root');
  await context.with(trace.setSpan(context.active(), root), work);
  root.end();
  return root.spanContext().spanId;
}

const both = [rest, graphql, graphqlSse, websocket, grpc, connect];
if (noMosquitto === undefined) both.push(mqtt);

describe.each(both.map((target) => ({ name: target.name, target })))('over $name', ({ target }) => {
  it('a call and the event that it writes are one trace, from the client to the handler and to the subscriber', async () => {
    const { client, traceparents } = await open(target);
    const heard: string[] = [];
    const root = await traced(async () => {
      const stop = await client.onOrdered(({ item }) => {
        heard.push(item);
        trace.getTracer('listener').startSpan('listener').end();
      });
      await client.order({ item: 'tea' });
      await until(() => heard.length === 1);
      await stop();
    });
    await until(() => spans().some(({ name }) => name === 'listener'));
    expect(new Set(spans().map((span) => span.spanContext().traceId)).size).toBe(1);
    const call = one(SpanKind.CLIENT, /order$|orders\/\{item\}$/);
    const served = one(SpanKind.SERVER, /order$|orders\/\{item\}$/);
    const subscribed = one(SpanKind.CLIENT, /^subscribe orders$/);
    const process = one(SpanKind.CONSUMER, /^process orders$/);
    expect(call.parentSpanContext?.spanId).toBe(root);
    expect(served.parentSpanContext?.spanId).toBe(call.spanContext().spanId);
    expect(one(SpanKind.INTERNAL, /^handler$/).parentSpanContext?.spanId).toBe(served.spanContext().spanId);
    expect(one(SpanKind.SERVER, /^subscribe orders$/).parentSpanContext?.spanId).toBe(subscribed.spanContext().spanId);
    expect(process.parentSpanContext?.spanId).toBe(subscribed.spanContext().spanId);
    expect(process.links.map((link) => link.context.spanId)).toEqual([served.spanContext().spanId]);
    const { traceId, spanId } = served.spanContext();
    expect(traceparents).toEqual([`00-${traceId}-${spanId}-01`]);
    expect(one(SpanKind.INTERNAL, /^listener$/).parentSpanContext?.spanId).toBe(process.spanContext().spanId);
  });
});

describe('over soap', () => {
  it('a call is one trace', async () => {
    const { client } = await open(soap);
    await client.order({ item: 'tea' });
    expect(one(SpanKind.SERVER, /^order$/).parentSpanContext?.spanId).toBe(one(SpanKind.CLIENT, /^order$/).spanContext().spanId);
  });
});

describe('over webhook', () => {
  it('an event is linked to the span that published it', async () => {
    const { client, service, traceparents } = await open(webhook);
    const heard: unknown[] = [];
    await client.onOrdered((order) => void heard.push(order));
    const publisher = await traced(() => service.publish('ordered', { item: 'tea' }));
    await until(() => heard.length === 1 && spans().some(({ kind }) => kind === SpanKind.CONSUMER));
    expect(one(SpanKind.CONSUMER, /^process orders$/).links.map((link) => link.context.spanId)).toEqual([publisher]);
    expect(traceparents).toEqual([expect.stringContaining(publisher)]);
  });
});

describe('telemetry', () => {
  it('names calls over REST by the conventions of HTTP', async () => {
    const { client } = await open(rest);
    await client.order({ item: 'tea' });
    expect(one(SpanKind.SERVER, /^POST \/orders\/\{item\}$/).attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/orders/{item}',
    });
    expect(one(SpanKind.CLIENT, /^POST \/orders\/\{item\}$/).attributes).toMatchObject({
      'url.template': '/orders/{item}',
      'http.response.status_code': 201,
    });
  });

  it('names them by the conventions of RPC and messaging if asked', async () => {
    const { client } = await open(websocket, { conventions: ['rpc', 'messaging'] });
    await client.order({ item: 'tea' });
    expect(one(SpanKind.SERVER, /^Shop\/order$/).attributes).toMatchObject({
      'rpc.system': 'websocket',
      'rpc.service': 'Shop',
      'rpc.method': 'order',
    });
    await (
      await client.onOrdered(() => {})
    )();
    expect(one(SpanKind.CLIENT, /^subscribe orders$/).attributes).toMatchObject({ 'messaging.destination.name': 'orders' });
  });

  it('says what failed: any error at a client, the service’s own faults at a service', async () => {
    const { client } = await open(rest);
    await client.fail().catch(() => {});
    await client.crash().catch(() => {});
    const status = (kind: SpanKind, name: RegExp) => [one(kind, name).status.code, one(kind, name).attributes['error.type']];
    expect(status(SpanKind.CLIENT, /fail/)).toEqual([SpanStatusCode.ERROR, 'NOT_FOUND']);
    expect(status(SpanKind.SERVER, /fail/)).toEqual([SpanStatusCode.UNSET, 'NOT_FOUND']);
    expect(status(SpanKind.SERVER, /crash/)).toEqual([SpanStatusCode.ERROR, 'INTERNAL']);
    const said = JSON.stringify(spans().map(({ status: each, attributes }) => [each, attributes]));
    expect(said).not.toContain('secret');
    expect(said).not.toContain('sk_live');
    expect(one(SpanKind.CLIENT, /fail/).status.message).toBe('nothing\\u000afor token=[redacted]');
  });

  it('gives a stream one span, with the number of its items', async () => {
    const { client } = await open(grpc);
    for await (const _ of client.count({ to: 3 }));
    await until(() => spans().length === 2);
    expect(spans().map(({ attributes }) => attributes['api.items'])).toEqual([3, 3]);
  });

  it('knows the status of a stream over REST', async () => {
    const { client } = await open(rest);
    for await (const _ of client.count({ to: 1 }));
    await until(() => spans().length === 2);
    expect(one(SpanKind.CLIENT, /count/).attributes['http.response.status_code']).toBe(200);
  });

  it('leaves spans of events out if asked', async () => {
    const { client } = await open(rest, { eventSpans: false });
    const heard: unknown[] = [];
    await client.onOrdered((order) => void heard.push(order));
    await client.order({ item: 'tea' });
    await until(() => heard.length === 1);
    expect(spans().some(({ kind }) => kind === SpanKind.CONSUMER)).toBe(false);
  });

  it('measures calls, subscriptions and events', async () => {
    const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 1_000_000 });
    const meterProvider = new MeterProvider({ readers: [reader] });
    onTestFinished(() => meterProvider.shutdown());
    const { client } = await open(rest, { meterProvider });
    const heard: unknown[] = [];
    const stop = await client.onOrdered((order) => void heard.push(order));
    await client.order({ item: 'tea' });
    await client.fail().catch(() => {});
    await until(() => heard.length === 1);
    await stop();
    await reader.forceFlush();
    const points = Object.fromEntries(
      metrics
        .getMetrics()
        .flatMap(({ scopeMetrics }) =>
          scopeMetrics.flatMap(({ metrics: each }) => each.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints])),
        ),
    );
    expect(points['api.server.call.duration']?.map(({ attributes }) => attributes)).toEqual([
      { 'api.operation': 'order', 'api.protocol': 'rest' },
      { 'api.operation': 'fail', 'api.protocol': 'rest', 'error.type': 'NOT_FOUND' },
    ]);
    expect(points['api.client.events']?.map(({ value }) => value)).toEqual([1]);
    expect(points['api.client.subscriptions']?.map(({ value }) => value)).toEqual([0]);
  });
  it('knows the status of an answer, and of none that did not come', async () => {
    const { client } = await open(rest);
    await client.fail().catch(() => {});
    const status = (kind: SpanKind) => one(kind, /fail/).attributes['http.response.status_code'];
    expect([status(SpanKind.CLIENT), status(SpanKind.SERVER)]).toEqual([404, 404]);
    exporter.reset();
    const nobody = createClient({ contract, transport: telemetry(restAdapter({ url: 'http://127.0.0.1:1' })) });
    await expect(nobody.fail()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await nobody.close();
    expect(one(SpanKind.CLIENT, /fail/).attributes).not.toHaveProperty('http.response.status_code');
  });

  it('fails the span of an event whose listener fails', async () => {
    const { client, service } = await open(rest);
    const failures: unknown[] = [];
    const onError = (error: unknown) => void failures.push(error);
    await client.onOrdered(() => Promise.reject(new Error('later\ntoken=sk_live_12345678901234567890')), { onError });
    await client.onOrdered(
      () => {
        throw new ApiError('NOT_FOUND', 'at once');
      },
      { onError },
    );
    await service.publish('ordered', { item: 'tea' });
    const processed = () => spans().filter(({ kind }) => kind === SpanKind.CONSUMER);
    await until(() => failures.length === 2 && processed().length === 2);
    expect(
      new Set(processed().map(({ status, attributes }) => `${status.code} ${String(attributes['error.type'])} ${status.message}`)),
    ).toEqual(new Set([`${SpanStatusCode.ERROR} UNKNOWN later\\u000atoken=[redacted]`, `${SpanStatusCode.ERROR} NOT_FOUND at once`]));
  });

  it.each(['ordered', 'count'] as const)('ends the span of %s if the caller has left before', async (name) => {
    const service = makeService();
    const observed = telemetry(service);
    const request = { headers: {}, signal: AbortSignal.abort() };
    const sink = { next: () => {}, gap: () => {}, end: () => {} };
    await observed
      .subscribe(
        name === 'ordered'
          ? { ...request, event: contract.events.ordered, params: {} }
          : { ...request, operation: contract.operations.count, input: { to: 1 } },
        sink,
      )
      .catch((error: unknown) => {
        if (error instanceof ReferenceError) throw error;
      });
    await until(() => spans().length === 1);
  });

  it('links an event that a subscriber catches up on to no subscription', async () => {
    const { client, service } = await open(rest);
    const ids: string[] = [];
    const hear = (_: unknown, { id }: { readonly id: string }) => void ids.push(id);
    const stop = await client.onOrdered(hear);
    await service.publish('ordered', { item: 'seen' });
    await until(() => ids.length === 1);
    await stop();
    await service.publish('ordered', { item: 'missed' });
    exporter.reset();
    await client.onOrdered(hear, { lastEventId: ids[0] ?? '' });
    await until(() => ids.length === 2 && spans().some(({ kind }) => kind === SpanKind.CONSUMER));
    expect(one(SpanKind.CONSUMER, /^process orders$/).links).toEqual([]);
  });

  it('records what `onGap` does', async () => {
    const { client, service } = await open(rest, {}, 1);
    const ids: string[] = [];
    const hear = (_: unknown, { id }: { readonly id: string }) => void ids.push(id);
    const stop = await client.onOrdered(hear);
    await service.publish('ordered', { item: 'seen' });
    await until(() => ids.length === 1);
    await stop();
    for (const item of ['a', 'b', 'c']) await service.publish('ordered', { item });
    let gaps = 0;
    const onGap = () => {
      gaps++;
      trace.getTracer('listener').startSpan('gap').end();
    };
    await client.onOrdered(hear, { lastEventId: ids[0] ?? '', onGap });
    await until(() => gaps === 1);
    expect(one(SpanKind.INTERNAL, /^gap$/).parentSpanContext).toBeDefined();
  });

  it('describes the span of a request once; a second call in it has a child', async () => {
    const handle = fetchHandler(graphqlHandler(telemetry(makeService())));
    const request = trace.getTracer('instrumentation').startSpan('POST', { kind: SpanKind.SERVER });
    const asked = { query: 'mutation { one: order(input: { item: "tea" }) { item } two: order(input: { item: "milk" }) { item } }' };
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
      body: JSON.stringify(asked),
    };
    const answer = await context.with(trace.setSpan(context.active(), request), () =>
      handle(new Request('http://shop.example/graphql', init)),
    );
    request.end();
    expect(await answer.json()).toEqual({ data: { one: { item: 'tea' }, two: { item: 'milk' } } });
    const second = one(SpanKind.INTERNAL, /^order$/);
    expect(second.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
    expect(one(SpanKind.SERVER, /^order$/).spanContext().spanId).toBe(request.spanContext().spanId);
  });

  it('around `cache` and `dedupe` leaves equal queries equal', async () => {
    let runs = 0;
    const service = createService(contract, { order: (order) => order, fail: () => `${++runs}`, crash: () => '', async *count() {} });
    onTestFinished(() => service.close(0));
    const server = await listen(restHandler(service));
    onTestFinished(() => server.close());
    const statuses: string[] = [];
    const adapter = restAdapter({
      url: server.url,
      onWire: ({ direction, start }) => void (direction === 'in' && statuses.push(start.slice(0, 3))),
    });
    const client = createClient({ contract, transport: telemetry(dedupe(cache(adapter))) });
    onTestFinished(() => client.close());
    expect(new Set(await Promise.all([client.fail(), client.fail(), client.fail()]))).toEqual(new Set(['1']));
    await client.crash();
    await client.crash();
    expect(statuses).toEqual(['200', '200', '304']);
  });
});
