import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import { createClient } from '../../src/index.ts';
import { connect } from '../../src/grpc/connect/client.ts';
import { connectHandler } from '../../src/grpc/connect/server.ts';
import { listen } from '../../src/http/index.ts';
import { quietWay } from '../support/quiet-way.ts';
import { until } from '../support/until.ts';

const reading = (celsius: number) => ({ sensorId: 'roof', celsius, measuredAt: '2026-01-31T12:00:00Z' });

async function open(form: Pick<Parameters<typeof connect>[0], 'protocol' | 'format'>) {
  const service = createBlogService();
  const server = await listen(connectHandler(service));
  const way = await quietWay(Number(new URL(server.url).port));
  const heads: Headers[] = [];
  const sent: Record<string, string>[] = [];
  const record: typeof fetch = async (url, init) => {
    sent.push(init?.headers as Record<string, string>);
    const response = await fetch(url, init);
    heads.push(response.headers);
    return response;
  };
  const adapter = (pingIntervalMs?: number) => connect({ ...form, url: `http://${way.url}`, fetch: record, ...(pingIntervalMs !== undefined && { pingIntervalMs }) }); // prettier-ignore
  const client = (pingIntervalMs?: number) => createClient({ transport: adapter(pingIntervalMs), reconnect: { maxDelayMs: 20 } });
  const blog = client(200);
  onTestFinished(async () => {
    await blog.close();
    await server.close(0);
    await service.close();
  });
  const told: (number | 'gap')[] = [];
  const onTold = { onGap: () => told.push('gap') };
  const hear = (by = blog) => by.onTemperature(({ celsius }) => void told.push(celsius), onTold);
  const publish = (celsius: number) => service.publish('temperature', reading(celsius));
  return { way, told, hear, publish, client, heads, sent };
}

describe.each([
  { protocol: 'connect', format: 'json' },
  { protocol: 'connect', format: 'binary' },
  { protocol: 'grpc-web', format: 'binary' },
] as const)('an event stream of $protocol in $format that falls silent without an end', (form) => {
  it('is left alone while it gives signs of life, and resumes without loss when they stop', async () => {
    const { way, told, hear, publish } = await open(form);
    await hear();
    await publish(1);
    await until(() => told.length === 1, 'the first came');
    const [first] = way.sockets;
    const startedAt = performance.now();
    await until(() => performance.now() - startedAt > 1000, 'it was idle for five intervals');
    expect([...way.sockets]).toEqual([first as Socket]);
    way.fallSilent();
    for (const celsius of [2, 3]) await publish(celsius);
    await until(() => told.length === 3, () => JSON.stringify(told)); // prettier-ignore
    expect(told).toEqual([1, 2, 3]);
  });
});

describe('signs of life of Connect', () => {
  it('are asked for and promised by a header, but not from a page to another origin', async () => {
    const { hear, client, heads, sent } = await open({ protocol: 'connect', format: 'json' });
    await hear();
    expect([sent.at(-1)?.['x-ping-interval-ms'], heads.at(-1)?.get('x-ping-interval-ms')]).toEqual(['200', '200']);
    vi.stubGlobal('location', { origin: 'https://example.com', href: 'https://example.com/' });
    onTestFinished(() => void vi.unstubAllGlobals());
    const page = client();
    onTestFinished(() => page.close());
    await hear(page);
    expect([sent.at(-1)?.['x-ping-interval-ms'], heads.at(-1)?.get('x-ping-interval-ms')]).toEqual([undefined, null]);
  });
});
