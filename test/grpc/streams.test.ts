import { connect as connectHttp2 } from 'node:http2';
import { service as healthService } from 'grpc-health-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { defineContract, event } from '../../src/core/define.ts';
import type { Transport } from '../../src/core/transport.ts';
import { grpc } from '../../src/grpc/client.ts';
import { serveGrpc } from '../../src/grpc/server.ts';
import { createClient } from '../../src/index.ts';
import { createService } from '../../src/service/service.ts';
import { rawClient, rawStream, serve, statusOf } from '../support/grpc.ts';
import { until } from '../support/until.ts';

describe('streams', () => {
  const contract = defineContract({
    name: 'flood',
    events: { drop: event({ channel: 'drops', payload: z.object({ text: z.string() }) }) },
  });

  function flood() {
    const service = createService(contract, {});
    onTestFinished(() => service.close());
    return service;
  }

  it('a reader that falls behind is ended with RESOURCE_EXHAUSTED after what it was sent', async () => {
    const service = flood();
    const server = await serve(service, { maxBufferedBytes: 200_000 });
    const call = rawStream(rawClient(server.address), '/flood.v1.FloodService/OnDrop');
    await new Promise((resolve) => call.on('metadata', resolve));
    const status = statusOf(call);
    // Nobody reads: grpc-js fills its windows, then the server's buffer fills.
    for (let index = 0; index < 100; index++) await service.publish('drop', { text: 'x'.repeat(50_000) });
    let got = 0;
    call.on('data', () => got++);
    expect((await status).code).toBe(8);
    expect(got).toBeGreaterThan(0);
    expect(got).toBeLessThan(100);
  });

  it('our client comes back and misses nothing', async () => {
    const service = flood();
    const server = await serve(service, { maxBufferedBytes: 1000 });
    const client = createClient({ contract, transport: grpc({ url: server.address }), reconnect: { baseDelayMs: 1, maxDelayMs: 1 } });
    onTestFinished(() => client.close());
    const seen: string[] = [];
    await client.onDrop(({ text }) => void seen.push(text.slice(0, 5).trim()));
    for (let index = 0; index < 200; index++) await service.publish('drop', { text: String(index).padEnd(20_000) });
    await until(() => seen.length === 200);
    expect(seen).toEqual(Array.from({ length: 200 }, (_, index) => String(index)));
  });

  it('a client that vanishes is forgotten', async () => {
    let live: AbortSignal | undefined;
    const service = flood();
    const spy: Transport = { ...service, contract, call: (request) => service.call(request), close: async () => {}, subscribe: (request, sink) => { live = request.signal; return service.subscribe(request, sink); } }; // prettier-ignore
    const server = await serve(spy);
    const session = connectHttp2(`http://${server.address}`);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/flood.v1.FloodService/OnDrop',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => {});
    stream.end(Buffer.alloc(5));
    await until(() => live !== undefined);
    session.destroy();
    await until(() => live?.aborted === true);
  });

  it('a server that stops says so, and whoever listens goes on at the next one without a gap', async () => {
    const service = flood();
    const server = await serveGrpc(service);
    const client = createClient({
      contract,
      transport: grpc({ url: server.address }),
      reconnect: { baseDelayMs: 10, maxDelayMs: 50 },
    });
    onTestFinished(() => client.close());
    const seen: string[] = [];
    let gaps = 0;
    await client.onDrop(({ text }) => void seen.push(text), { onGap: () => gaps++ } as never);
    await service.publish('drop', { text: 'before' });
    await until(() => seen.length === 1);
    await server.close();
    await service.publish('drop', { text: 'between' });
    await serve(service, { port: server.port });
    await until(() => seen.length === 2);
    expect([seen, gaps]).toEqual([['before', 'between'], 0]);
  });

  it('watching health does not hold up a stop', async () => {
    const server = await serveGrpc(flood());
    const { path, requestSerialize, responseDeserialize } = healthService['Watch'] as never as { path: string; requestSerialize: (v: unknown) => Buffer; responseDeserialize: (b: Buffer) => { status: string } }; // prettier-ignore
    const call = rawClient(server.address).makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service: '' });
    const statuses: string[] = [];
    call.on('data', ({ status }: { status: string }) => statuses.push(status));
    const ended = new Promise((resolve) => call.on('end', resolve).on('error', resolve));
    await until(() => statuses.length === 1);
    await server.close();
    await ended;
    expect(statuses).toEqual(['SERVING', 'NOT_SERVING']);
  });
});
