// One of two processes of a traced service whose hub is on Redis: says its url once it serves, and the spans of its calls when it is asked.
import { SpanKind } from '@opentelemetry/api';
import { Redis } from 'ioredis';
import { listen } from '../../src/http/index.ts';
import { createService, defineContract, event, mutation } from '../../src/index.ts';
import { redisStores } from '../../src/redis/index.ts';
import { restHandler } from '../../src/rest/server.ts';
import { telemetry } from '../../src/telemetry/index.ts';
import { traceThisProcess } from '../support/tracing.ts';
import { z } from 'zod';

const exporter = traceThisProcess();

const Order = z.object({ item: z.string() });
const contract = defineContract({
  name: 'shop',
  operations: { order: mutation({ input: Order, output: Order, http: 'POST /orders/{item}' }) },
  events: { ordered: event({ channel: 'orders', payload: Order, writtenBy: 'order' }) },
});
const [one, other] = [new Redis(process.argv[2] ?? ''), new Redis(process.argv[2] ?? '')];
const { hub } = redisStores({
  send: ([name = '', ...rest]) => one.call(name, ...rest),
  blockingSend: ([name = '', ...rest]) => other.call(name, ...rest),
});
const { url } = await listen(restHandler(telemetry(createService(contract, { order: (order) => order }, { hub }))));
process.on('message', () => {
  const calls = exporter.getFinishedSpans().filter(({ kind, name }) => kind === SpanKind.SERVER && name.startsWith('POST'));
  process.send?.(calls.map((span) => ({ ...span.spanContext(), parent: span.parentSpanContext?.spanId })));
});
process.once('disconnect', () => process.exit());
process.send?.(url);
