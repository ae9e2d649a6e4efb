/** Handlers behind the servers of node:http2, in cleartext. */
import { once } from 'node:events';
import { connect, createServer, type ClientHttp2Session, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { composeHandlers, nodeListener } from '../../src/http/index.ts';
import { createService, defineContract, event, mutation, query } from '../../src/index.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { restHandler } from '../../src/rest/server.ts';
import { until } from '../support/until.ts';

const contract = defineContract({
  name: 'notes',
  operations: {
    headers: query({ output: z.record(z.string(), z.string()), http: 'GET /headers' }),
    add: mutation({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }), http: 'POST /notes' }),
    wait: query({ http: 'GET /wait' }),
  },
  events: { added: event({ channel: 'notes', payload: z.object({ text: z.string() }), writtenBy: 'add' }) },
});

describe('HTTP/2', () => {
  let waiting = 0;
  let left = 0;
  const warnings: string[] = [];
  const service = createService(contract, {
    headers: (_, { headers }) => ({ ...headers }),
    add: (note) => note,
    wait: async (_, { signal }) => {
      waiting++;
      await once(signal, 'abort');
      left++;
    },
  });
  const server = createServer(nodeListener(composeHandlers(graphqlHandler(service), restHandler(service, { maxBodyBytes: 1000 }))));
  let session: ClientHttp2Session;
  const warn = ({ message }: Error) => void warnings.push(message);

  beforeAll(async () => {
    process.on('warning', warn);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  afterAll(async () => {
    session.close();
    server.close();
    await service.close();
    process.off('warning', warn);
    expect(warnings).toEqual([]);
  });

  function ask(method: string, path: string, headers: Record<string, string> = {}, body?: string) {
    const stream = session.request({ ':method': method, ':path': path, ...headers }, { endStream: body === undefined });
    const got: { head: IncomingHttpHeaders & IncomingHttpStatusHeader; text: string } = { head: {}, text: '' };
    stream.setEncoding('utf8').on('data', (chunk: string) => (got.text += chunk));
    stream.on('response', (head) => (got.head = head)).on('error', () => {});
    if (body !== undefined) stream.end(body);
    return { stream, got, whole: once(stream, 'close').then(() => got) };
  }
  const json = { 'content-type': 'application/json' };

  it('calls, with heads and refusals as over HTTP/1.1', async () => {
    const added = await ask('POST', '/notes', json, '{"text":"a"}').whole;
    expect([added.head[':status'], added.text]).toEqual([201, '{"text":"a"}']);
    const head = await ask('HEAD', '/headers').whole;
    expect([head.head[':status'], head.text]).toEqual([200, '']);
    expect((await ask('GET', '/nowhere').whole).head[':status']).toBe(404);
    expect((await ask('POST', '/notes', json, `{"text":"${'x'.repeat(100_000)}"}`).whole).head[':status']).toBe(413);
    const answer = await ask('POST', '/graphql', json, '{"query":"mutation { add(input: { text: \\"g\\" }) { text } }"}').whole;
    expect(answer.text).toContain('"g"');
  });

  it('hands no pseudo headers to the service, and takes pages of its own origin for its own', async () => {
    const { text } = await ask('GET', '/headers', { 'x-mine': '1' }).whole;
    expect(Object.keys(JSON.parse(text) as object).sort()).toEqual(['x-mine', 'x-request-id']);
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const status = async (from: string) => (await ask('POST', '/notes', { origin: from }, '{"text":"a"}').whole).head[':status'];
    // Without a media type a page needs no preflight.
    expect([await status(origin), await status('http://evil.test')]).toEqual([415, 403]);
  });

  it('carries events, until their stream is reset on a connection that goes on', async () => {
    const { stream, got } = ask('GET', '/notes', { accept: 'text/event-stream' });
    onTestFinished(() => stream.close());
    await until(() => got.head[':status'] === 200);
    await ask('POST', '/notes', json, '{"text":"b"}').whole;
    await until(() => got.text.includes('"b"'));
  });

  it('cancels a call whose stream is reset', async () => {
    const { stream } = ask('GET', '/wait');
    await until(() => waiting === 1);
    stream.close(8);
    await until(() => left === 1);
    expect((await ask('GET', '/headers').whole).head[':status']).toBe(200);
  });
});
