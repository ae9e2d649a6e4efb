// One trace of a call and of the event that it writes: client, service and subscriber, with spans of OpenTelemetry kept in memory.
// Run it: npx tsx examples/telemetry.ts
import { createClient, createService, defineContract, event, mutation } from 'multi-api-sdk/core';
import { listen } from 'multi-api-sdk/http';
import { rest } from 'multi-api-sdk/rest';
import { restHandler } from 'multi-api-sdk/rest/server';
import { telemetry } from 'multi-api-sdk/telemetry';
import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import * as z from 'zod';

// What an SDK does: `new NodeSDK({ … }).start()`. Here spans are kept in memory.
const exporter = new InMemorySpanExporter();
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());

const Order = z.object({ item: z.string() });
const contract = defineContract({
  name: 'shop',
  operations: { order: mutation({ input: Order, output: Order, http: 'POST /orders/{item}' }) },
  events: { ordered: event({ channel: 'orders', payload: Order, writtenBy: 'order' }) },
});
const service = createService(contract, { order: ({ item }) => ({ item }) });

// Around the service, and around the client's adapter.
const server = await listen(restHandler(telemetry(service)));
const client = createClient({ contract, transport: telemetry(rest({ url: server.url })) });

let hear = (): void => {};
const heard = new Promise<void>((resolve) => (hear = resolve));
const stop = await client.onOrdered(() => hear());
await client.order({ item: 'tea' });
await heard;
await stop();
await client.close();
await server.close();
await service.close();

const spans = exporter.getFinishedSpans();
const nameOf = (id: string | undefined) => {
  const span = spans.find((each) => each.spanContext().spanId === id);
  return span && `${SpanKind[span.kind]} ${span.name}`;
};
for (const span of [...spans].sort((a, b) => (a.name + a.kind < b.name + b.kind ? -1 : 1)))
  console.log(SpanKind[span.kind], span.name, {
    parent: nameOf(span.parentSpanContext?.spanId),
    link: nameOf(span.links[0]?.context.spanId),
  });
