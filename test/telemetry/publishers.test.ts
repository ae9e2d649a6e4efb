/** The span that published an event: of the services that are traced, across processes, and on the way from devices. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { context, propagation, trace, type SpanContext } from '@opentelemetry/api';
import mqttjs from 'mqtt';
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { fallback, logging, route, use } from '../../src/compose/index.ts';
import type { Transport } from '../../src/core/transport.ts';
import { createClient, createService, defineContract, event, memoryHub, mutation } from '../../src/index.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { rest } from '../../src/rest/client.ts';
import { telemetry } from '../../src/telemetry/index.ts';
import { bundled } from '../support/bundle.ts';
import { noMosquitto, startMosquitto } from '../support/mqtt.ts';
import { RedisServer } from '../support/redis-server.ts';
import { missing } from '../support/system-peer.ts';
import { until } from '../support/until.ts';
import { traceThisProcess } from '../support/tracing.ts';

const exporter = traceThisProcess();
afterAll(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});
beforeEach(() => exporter.reset());

const Order = z.object({ item: z.string() });
const contract = defineContract({
  name: 'shop',
  operations: { order: mutation({ input: Order, output: Order, http: 'POST /orders/{item}' }) },
  events: { ordered: event({ channel: 'orders', payload: Order, writtenBy: 'order' }) },
});

/** A service, and what its hub was told of the publisher of each event. */
function open() {
  const told: (string | undefined)[] = [];
  const hub = memoryHub();
  const service = createService(
    contract,
    { order: (order) => order },
    {
      hub: {
        publish: (...[of, published]: Parameters<typeof hub.publish>) => (told.push(published.traceparent), hub.publish(of, published)),
        subscribe: (request, sink) => hub.subscribe(request, sink),
        close: () => hub.close(),
      },
    },
  );
  onTestFinished(async () => {
    await service.close(0);
    await hub.close();
  });
  return { service, told };
}

const order = (transport: Transport) => createClient({ contract, transport }).order({ item: 'tea' });
const written = ({ traceId, spanId }: SpanContext) => `00-${traceId}-${spanId}-01`;
/** Runs within a span. */
async function traced<T>(work: () => Promise<T>): Promise<SpanContext> {
  const root = trace.getTracer('test').startSpan('root');
  await context.with(trace.setSpan(context.active(), root), work);
  root.end();
  return root.spanContext();
}

describe('the span that published an event', () => {
  it('is told of the services that are traced, and of no other in the process', async () => {
    const [one, other] = [open(), open()];
    const observed = telemetry(one.service);
    await order(observed);
    await traced(() => order(other.service));
    const span = await traced(() => one.service.publish('ordered', { item: 'milk' }));
    expect(one.told).toEqual([expect.stringMatching(/^00-/), written(span)]);
    expect(other.told).toEqual([undefined]);
  });

  it('is told of a service within compositions', async () => {
    const logger = { info: () => {}, warn: () => {}, error: () => {} };
    const around: readonly ((service: Transport) => Transport)[] = [
      (service) => use(service, logging({ logger })),
      (service) => route({ default: service })(contract),
      (service) => fallback([use(service, logging({ logger }))])(contract),
    ];
    for (const compose of around) {
      const { service, told } = open();
      await order(telemetry(compose(service)));
      expect(told).toEqual([expect.stringMatching(/^00-/)]);
    }
  });

  it.skipIf(noMosquitto !== undefined)('comes with an event of a foreign device that has it', async () => {
    const broker = await startMosquitto();
    const client = createClient({
      contract,
      transport: telemetry(mqtt({ url: broker.url, events: { ordered: { topic: 'till/orders' } } })),
    });
    const device = await mqttjs.connectAsync(broker.url, { protocolVersion: 5 });
    onTestFinished(async () => {
      await device.endAsync(true);
      await client.close();
      await broker.close();
    });
    let heard = 0;
    await client.onOrdered(() => void heard++);
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    await device.publishAsync('till/orders', '{"item":"tea"}', { qos: 1, properties: { userProperties: { traceparent } } });
    await until(() => heard === 1, 'it came');
    const links = exporter.getFinishedSpans().flatMap((span) => span.links.map((link) => written(link.context)));
    expect(links).toEqual([traceparent]);
  });
});

const skipped = missing('redis-server', 'redis-server', '--version');
describe.skipIf(skipped)(`two traced processes on one Redis${skipped ? ` (${skipped})` : ''}`, () => {
  it('are one trace: a call at one, and its event at a subscriber of the other', async () => {
    const server = await RedisServer.start();
    const program = await bundled(new URL('../programs/traced-process.ts', import.meta.url));
    const start = () => {
      const child = fork(program.path, [server.url], { execArgv: [] });
      const message = async <T>() => ((await once(child, 'message')) as [T])[0];
      return { child, url: message<string>(), ask: () => (child.send('spans'), message<(SpanContext & { readonly parent: string })[]>()) };
    };
    const [one, other] = [start(), start()];
    onTestFinished(async () => {
      const ends = [one, other].map(({ child }) => once(child, 'exit'));
      for (const { child } of [one, other]) child.disconnect();
      await Promise.all(ends);
      await program.remove();
      await server.close();
    });
    const clientOf = async (url: Promise<string>) => {
      const client = createClient({ contract, transport: telemetry(rest({ url: await url })) });
      onTestFinished(() => client.close());
      return client;
    };
    const [caller, subscriber] = [await clientOf(one.url), await clientOf(other.url)];
    let heard = 0;
    await subscriber.onOrdered(() => void heard++);
    const root = await traced(() => caller.order({ item: 'tea' }));
    await until(() => heard === 1, 'the event came');
    const [served] = await one.ask();
    expect(await other.ask()).toEqual([]);
    const spans = exporter.getFinishedSpans();
    const process = spans.find(({ name }) => name === 'process orders');
    const called = spans.find((span) => span.spanContext().spanId === served?.parent);
    expect(called?.parentSpanContext?.spanId).toBe(root.spanId);
    expect(process?.links.map((link) => link.context.spanId)).toEqual([served?.spanId]);
    expect([served?.traceId, process?.links[0]?.context.traceId]).toEqual([root.traceId, root.traceId]);
  });
});
