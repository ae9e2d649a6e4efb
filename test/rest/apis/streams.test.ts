/** Streamed operations of APIs that somebody else designed. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { createClient, defineContract, mutation, stream } from '../../../src/index.ts';
import { rest, type RestOptions } from '../../../src/rest/client.ts';
import { until } from '../../support/until.ts';

const contract = defineContract({
  name: 'model',
  operations: {
    complete: mutation({ input: z.object({ prompt: z.string() }), item: z.string() }),
    rows: stream({ item: z.object({ n: z.int32() }) }),
  },
});

async function open(operations: RestOptions['operations'], answer: (response: ServerResponse, body: string) => void) {
  let isLeft = false;
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    response.on('close', () => (isLeft = true));
    request.on('end', () => answer(response, `${request.method} ${request.url} ${request.headers.accept} ${body}`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createClient({ contract, transport: rest({ url, operations: { ...operations } }) });
  onTestFinished(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  return { client, isLeft: () => isLeft };
}

async function all<T>(items: AsyncIterable<T>): Promise<unknown[]> {
  const found: unknown[] = [];
  try {
    for await (const item of items) found.push(item);
  } catch (error) {
    found.push((error as { readonly code: unknown }).code);
  }
  return found;
}

const complete = {
  http: 'POST /v1/chat/completions',
  input: ({ prompt }: Readonly<Record<string, unknown>>) => ({ model: 'm', stream: true, messages: [{ role: 'user', content: prompt }] }),
  output: ['choices', '0', 'delta', 'content'],
};

describe('a model like OpenAI', () => {
  it('streams by a POST, and ends with [DONE]', async () => {
    let asked = '';
    const { client } = await open({ complete }, (response, body) => {
      asked = body;
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      response.write('data: {"choices":[{"delta":{"role":"assistant"}}]}\n\n');
      for (const word of ['You', ' said']) response.write(`data: {"choices":[{"delta":{"content":"${word}"}}]}\n\n`);
      response.write('data: [DONE]\n\n');
    });
    expect(await all(client.complete({ prompt: 'hi' }))).toEqual(['You', ' said']);
    expect(asked).toBe(
      'POST /v1/chat/completions text/event-stream, application/x-ndjson;q=0.9, application/json;q=0.5 ' +
        '{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}',
    );
  });

  it('is left by a loop that breaks, and says why it refuses', async () => {
    const { client, isLeft } = await open({ complete }, (response, body) => {
      if (body.includes('too much')) {
        response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '2' });
        return response.end('{"error":{"message":"slow down","type":"rate_limit"}}');
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[{"delta":{"content":"a"}}]}\n\n');
    });
    for await (const _ of client.complete({ prompt: 'hi' })) break;
    await until(isLeft);
    await expect(all(client.complete({ prompt: 'too much' }))).resolves.toEqual(['RESOURCE_EXHAUSTED']);
  });

  it('whose connection breaks has not ended', async () => {
    const { client } = await open({ complete }, (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[{"delta":{"content":"a"}}]}\n\n', () => response.destroy());
    });
    expect(await all(client.complete({ prompt: 'hi' }))).toEqual(['a', 'UNAVAILABLE']);
  });
});

describe('a model like Anthropic', () => {
  it('has types of events, of which read takes the items', async () => {
    const read = (data: unknown, { type }: { readonly type: string }) =>
      type === 'content_block_delta' ? (data as { readonly delta: { readonly text: string } }).delta.text : undefined;
    const { client } = await open({ complete: { http: 'POST /v1/messages', read } }, (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: message_start\ndata: {"type":"message_start"}\n\nevent: ping\ndata: {}\n\n');
      response.write('event: content_block_delta\ndata: {"delta":{"text":"Hello"}}\n\n');
      response.end('event: message_stop\ndata: {}\n\n');
    });
    expect(await all(client.complete({ prompt: 'hi' }))).toEqual(['Hello']);
  });
});

describe('lines of JSON', () => {
  it('are items, wherever they are cut, and the last needs no line end', async () => {
    const { client } = await open({ rows: { http: 'GET /export' } }, (response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      const text = '{"n":1}\r\n\n{"n":2}\n{"n":3}';
      const pieces = [text.slice(0, 4), text.slice(4, 11), text.slice(11)];
      const next = () => {
        const piece = pieces.shift();
        if (piece === undefined) response.end();
        else response.write(piece, () => setImmediate(next));
      };
      next();
    });
    expect(await all(client.rows())).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it('may be called plain JSON, as Kubernetes and Docker do', async () => {
    const { client } = await open({ rows: { http: 'GET /watch' } }, (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"n":1}\n{"n":2}\n');
    });
    expect(await all(client.rows())).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('that do not fit the contract end the stream', async () => {
    const { client } = await open({ rows: { http: 'GET /export' } }, (response) => {
      response.writeHead(200, { 'content-type': 'application/jsonl' });
      response.end('{"n":1}\nnot json\n');
    });
    expect(await all(client.rows())).toEqual([{ n: 1 }, 'DATA_LOSS']);
  });
});
