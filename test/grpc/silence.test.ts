import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import { createClient, type ApiError } from '../../src/index.ts';
import { grpc } from '../../src/grpc/client.ts';
import { serveGrpc } from '../../src/grpc/server.ts';
import { quietWay } from '../support/quiet-way.ts';
import { until } from '../support/until.ts';

const reading = (celsius: number) => ({ sensorId: 'roof', celsius, measuredAt: '2026-01-31T12:00:00Z' });

async function open(options: { readonly timeoutMs?: number } = {}) {
  const service = createBlogService();
  const server = await serveGrpc(service);
  const way = await quietWay(server.port);
  const blog = createClient({ transport: grpc({ url: way.url, pingIntervalMs: 200 }), reconnect: { maxDelayMs: 20 }, ...options });
  onTestFinished(async () => {
    await blog.close();
    await server.close(0);
    await service.close();
  });
  const told: (number | 'gap')[] = [];
  const listen = () => blog.onTemperature(({ celsius }) => void told.push(celsius), { onGap: () => told.push('gap') });
  const publish = (celsius: number) => service.publish('temperature', reading(celsius));
  return { service, way, blog, told, listen, publish };
}

describe('a connection that falls silent without an end', () => {
  it('is noticed by its event stream, which resumes on a new one without loss', async () => {
    const { way, told, listen, publish } = await open();
    await listen();
    await publish(1);
    await until(() => told.length === 1, 'the first came');
    way.fallSilent();
    for (const celsius of [2, 3]) await publish(celsius);
    await until(() => told.length === 3, () => JSON.stringify(told)); // prettier-ignore
    expect(told).toEqual([1, 2, 3]);
  });

  it('is noticed by an event stream to which nothing happens, and left alone if it gives signs of life', async () => {
    const { way, told, listen, publish } = await open();
    await listen();
    await publish(1);
    await until(() => told.length === 1, 'the first came');
    const [first] = way.sockets;
    const startedAt = performance.now();
    await until(() => performance.now() - startedAt > 1000, 'it was idle for five intervals');
    expect([...way.sockets]).toEqual([first]);
    way.fallSilent();
    await until(() => way.sockets.size === 1 && !way.sockets.has(first as Socket), 'another connection was made');
    await publish(2);
    await until(() => told.length === 2, () => JSON.stringify(told)); // prettier-ignore
    expect(told).toEqual([1, 2]);
  });

  it('is noticed right behind the head of the answer', async () => {
    const { way, told, listen, publish } = await open();
    await listen();
    way.fallSilent();
    await publish(1);
    // Without an event before it there is no place to resume from.
    await until(() => told.length === 1, () => JSON.stringify(told)); // prettier-ignore
    await publish(2);
    await until(() => told.length === 2, () => JSON.stringify(told)); // prettier-ignore
    expect(told).toEqual(['gap', 2]);
  });

  it('is noticed before a subscription has begun', async () => {
    const { way, blog, told, listen, publish } = await open({ timeoutMs: 5000 });
    await blog.getUser({ id: 123 });
    way.fallSilent();
    await listen();
    await publish(1);
    await until(() => told.length === 1, 'an event came');
  });

  it('is left once calls have passed their deadlines on it', async () => {
    const { way, blog } = await open();
    await blog.getUser({ id: 123 });
    way.fallSilent();
    let late = 0;
    for (let call = 0; call < 10; call++) {
      const { code } = await blog.getUser({ id: 123 }, { timeoutMs: 150 }).then(() => ({ code: 'OK' }), (error: ApiError) => error); // prettier-ignore
      if (code === 'OK') break;
      late++;
    }
    expect(late).toBeGreaterThan(1);
    expect(late).toBeLessThan(6);
  });

  it('is left within a moment if the client closes', async () => {
    const { way, blog, listen } = await open();
    await listen();
    way.fallSilent();
    const startedAt = performance.now();
    await blog.close();
    await until(() => way.sockets.size === 0, 'the connection is closed');
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

describe('an event stream whose framing was spoiled', () => {
  it('resumes without loss, though its connection goes on', async () => {
    const { way, told, listen, publish } = await open();
    await listen();
    await publish(1);
    await until(() => told.length === 1, 'the first came');
    way.spoil((chunk) => {
      // The length of a message becomes 1 MiB more: the reader waits for what never comes.
      const at = chunk.indexOf('roof');
      if (at < 0) return;
      const frame = chunk.lastIndexOf(Buffer.from([0, 0, 0, 0]), at);
      chunk[frame + 2] = 16;
      way.spoil(undefined);
    });
    await publish(2);
    await publish(3);
    await until(() => told.length === 3, () => JSON.stringify(told)); // prettier-ignore
    expect(told).toEqual([1, 2, 3]);
  });
});
