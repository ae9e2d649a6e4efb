/** How calls and streams end that nobody ended: cut on their way, or larger than one end takes. */
import { once } from 'node:events';
import { connect, createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Client, credentials, Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { defineContract, event, mutation, query } from '../../src/core/define.ts';
import type { ApiError } from '../../src/core/errors.ts';
import { createService } from '../../src/service/service.ts';
import { clientOf, identity, rawClient, serve } from '../support/grpc.ts';
import { until } from '../support/until.ts';

const contract = defineContract({
  name: 'notes',
  operations: {
    echo: query({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) }),
    add: mutation({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) }),
  },
  events: { note: event({ channel: 'notes', payload: z.object({ text: z.string() }) }) },
});

function notes() {
  const service = createService(contract, { echo: (input) => input, add: (input) => input });
  onTestFinished(() => service.close());
  return service;
}

/** A proxy that hands streams on to a server, until it is told to cut them. */
async function startProxy(address: string) {
  const sessions = new Set<ServerHttp2Session>();
  const streams = new Set<ServerHttp2Stream>();
  const upstream = connect(`http://${address}`);
  const proxy = createServer();
  proxy.on('session', (session) => sessions.add(session));
  proxy.on('stream', (stream, headers) => {
    streams.add(stream);
    const onward = upstream.request(headers);
    stream.pipe(onward);
    onward.on('response', (head) => stream.respond(head));
    onward.on('data', (chunk: Buffer) => stream.write(chunk));
    for (const each of [stream, onward]) each.on('error', () => {});
    stream.on('close', () => onward.close());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    upstream.destroy();
    proxy.close();
  });
  return { url: `127.0.0.1:${(proxy.address() as AddressInfo).port}`, sessions, streams };
}

describe('a stream that is cut on its way', () => {
  const cuts: Readonly<Record<string, (stream: ServerHttp2Stream) => void>> = {
    'reset with NO_ERROR': (stream) => stream.close(0),
    'reset with PROTOCOL_ERROR': (stream) => stream.close(1),
    'reset with INTERNAL_ERROR': (stream) => stream.close(2),
    'reset with REFUSED_STREAM': (stream) => stream.close(7),
    'reset with CANCEL': (stream) => stream.close(8),
    'reset with ENHANCE_YOUR_CALM': (stream) => stream.close(11),
    'ended without a status': (stream) => stream.end(),
    'lost with its connection': (stream) => stream.session?.destroy(),
  };

  it.each(Object.entries(cuts))('is resumed without a gap: %s', async (_, cut) => {
    const service = notes();
    const { address } = await serve(service);
    const proxy = await startProxy(address);
    const client = clientOf(contract, { url: proxy.url });
    const heard: string[] = [];
    const odd: unknown[] = [];
    await client.onNote(({ text }) => void heard.push(text), { onError: (error) => odd.push(error), onGap: () => odd.push('gap') });
    await service.publish('note', { text: 'before' });
    await until(() => heard.length === 1);
    for (const stream of proxy.streams) cut(stream);
    await service.publish('note', { text: 'between' });
    await until(() => heard.length === 2);
    await service.publish('note', { text: 'after' });
    await until(() => heard.length === 3);
    expect([heard, odd]).toEqual([['before', 'between', 'after'], []]);
  });

  it.each(Object.entries(cuts))('is UNAVAILABLE for a call: %s', async (_, cut) => {
    const proxy = createServer();
    proxy.on('stream', (stream) => {
      stream.on('error', () => {});
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      cut(stream);
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    onTestFinished(() => void proxy.close());
    const client = clientOf(contract, { url: `127.0.0.1:${(proxy.address() as AddressInfo).port}` });
    await expect(client.add({ text: 'x' })).rejects.toMatchObject({ code: 'UNAVAILABLE', remote: false, sent: true });
  });

  it('a status of the peer stays what it is', async () => {
    const server = new Server();
    const codec = { requestSerialize: identity, requestDeserialize: identity, responseSerialize: identity, responseDeserialize: identity };
    const method = { path: '/notes.v1.NotesService/Echo', requestStream: false, responseStream: false, ...codec };
    server.addService(
      { echo: method },
      {
        echo: (_: unknown, done: (error: object) => void) => done({ code: 13, details: 'out of order', metadata: new Metadata() }),
      },
    );
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    onTestFinished(() => server.forceShutdown());
    const client = clientOf(contract, { url: `127.0.0.1:${port}` });
    await expect(client.echo({ text: 'x' })).rejects.toMatchObject({ code: 'INTERNAL', message: '[INTERNAL] out of order', remote: true });
  });
});

describe('a message over the limit', () => {
  const large = 'x'.repeat(20_000);

  it.each(['a channel of its own', "somebody's client"])('of this client ends its call or subscription alone: %s', async (how) => {
    const service = notes();
    const { address } = await serve(service);
    const given = new Client(address, credentials.createInsecure(), { 'grpc.max_receive_message_length': 10_000 });
    onTestFinished(() => given.close());
    const client = clientOf(contract, { url: address, maxResponseBytes: 10_000, ...(how.startsWith('s') && { client: given }) });
    const ends: ApiError[] = [];
    const heard: string[] = [];
    await client.onNote(() => {}, { onError: (error) => ends.push(error as ApiError) });
    const neighbour = client.echo({ text: 'small' });
    await expect(client.echo({ text: large })).rejects.toMatchObject({ code: 'DATA_LOSS', remote: false });
    expect(await neighbour).toEqual({ text: 'small' });
    await service.publish('note', { text: large });
    await until(() => ends.length === 1);
    expect(ends[0]).toMatchObject({ code: 'DATA_LOSS', remote: false });
    await client.onNote(({ text }) => void heard.push(text));
    await service.publish('note', { text: 'small' });
    await until(() => heard.length === 1);
    expect(ends).toHaveLength(1);
  });

  it('of the server is INVALID_ARGUMENT, with its details, and leaves the neighbours alone', async () => {
    const { address } = await serve(notes(), { maxMessageBytes: 10_000 });
    const client = clientOf(contract, { url: address });
    const neighbour = client.echo({ text: 'small' });
    await expect(client.echo({ text: large })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: '[INVALID_ARGUMENT] the request is larger than 10000 bytes',
      remote: true,
    });
    expect(await neighbour).toEqual({ text: 'small' });
    const status = await new Promise((resolve) =>
      rawClient(address).makeUnaryRequest('/notes.v1.NotesService/Echo', identity, identity, Buffer.alloc(20_000), resolve),
    );
    expect(status).toMatchObject({ code: 3 });
  });

  it.each([
    [8, 'Received message larger than max (20007 vs 10000)'],
    [8, 'SERVER: Received message larger than max (20007 vs. 10000)'],
    [8, 'grpc: received message larger than max (20007 vs. 10000)'],
    [8, 'gRPC message exceeds maximum size 10000: 20007'],
    [8, 'Received message exceeds the maximum configured message size.'],
    [11, 'Error, decoded message length too large: found 20007 bytes, the limit is: 10000 bytes'],
  ])('of a foreign server is INVALID_ARGUMENT: %i %s', async (code, details) => {
    const peer = createServer();
    peer.on('stream', (stream) => {
      stream.on('error', () => {});
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': code, 'grpc-message': encodeURI(details) },
        { endStream: true },
      );
    });
    peer.listen(0, '127.0.0.1');
    await once(peer, 'listening');
    onTestFinished(() => void peer.close());
    const client = clientOf(contract, { url: `127.0.0.1:${(peer.address() as AddressInfo).port}` });
    await expect(client.echo({ text: large })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', remote: true });
  });
});
