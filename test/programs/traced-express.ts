/** An Express app with a REST API, whose requests the instrumentation of HTTP sees. Prints its spans. */
import { createRequire } from 'node:module';
import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { createClient, createService, defineContract, mutation } from 'multi-api-sdk';
import { nodeListener } from 'multi-api-sdk/http';
import { rest } from 'multi-api-sdk/rest';
import { restHandler } from 'multi-api-sdk/rest/server';
import { telemetry } from 'multi-api-sdk/telemetry';
import { z } from 'zod';

const exporter = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
trace.setGlobalTracerProvider(tracerProvider);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
const instrumentation = new HttpInstrumentation();
instrumentation.setTracerProvider(tracerProvider);
instrumentation.enable();
// Loaded after the instrumentation, which replaces what is required.
const require = createRequire(import.meta.url);
require('node:http');
const express = require('express') as typeof import('express');

const contract = defineContract({
  name: 'shop',
  operations: {
    order: mutation({ input: z.object({ item: z.string() }), output: z.object({ item: z.string() }), http: 'POST /orders/{item}' }),
  },
});
const service = createService(contract, { order: ({ item }) => ({ item }) });
const app = express();
app.use('/api', nodeListener(restHandler(telemetry(service))));
const server = app.listen(0);
await new Promise((resolve) => server.once('listening', resolve));
const { port } = server.address() as { port: number };
const client = createClient({ contract, transport: telemetry(rest({ url: `http://127.0.0.1:${port}/api` })) });
const answered = await client.order({ item: 'tea' });
await client.close();
await new Promise((resolve) => server.close(resolve));
await service.close();
const spans = exporter.getFinishedSpans();
const named = (id: string | undefined) => {
  const found = spans.find((span) => span.spanContext().spanId === id);
  return found ? `${SpanKind[found.kind]} ${found.name}` : 'none';
};
console.log(
  JSON.stringify({
    answered,
    spans: spans
      .map((span) => ({
        kind: SpanKind[span.kind],
        name: span.name,
        parent: named(span.parentSpanContext?.spanId),
        route: span.attributes['http.route'],
      }))
      .sort((a, b) => (a.kind < b.kind ? 1 : -1)),
    traces: new Set(spans.map((span) => span.spanContext().traceId)).size,
  }),
);
