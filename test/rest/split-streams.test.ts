/** Streamed operations of APIs whose answers are in a form of their own: a mapping takes the bytes apart. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ApiError, createClient, defineContract, mutation } from '../../src/index.ts';
import { rest, type RestOperation } from '../../src/rest/client.ts';
import { failure } from '../support/failure.ts';
import { until } from '../support/until.ts';

/** `application/vnd.amazon.eventstream` as `@smithy/core` writes it: two chunks of a model's answer, and an exception. */
const FRAMES = [
  'AAAAewAAAEsKLpavDTptZXNzYWdlLXR5cGUHAAVldmVudAs6ZXZlbnQtdHlwZQcABWNodW5rDTpjb250ZW50LXR5cGUHABBhcHBsaWNhdGlvbi9qc29ueyJieXRlcyI6ImV5SjBaWGgwSWpvaVNHVnNJbjA9In3dt+jj',
  'AAAAewAAAEsKLpavDTptZXNzYWdlLXR5cGUHAAVldmVudAs6ZXZlbnQtdHlwZQcABWNodW5rDTpjb250ZW50LXR5cGUHABBhcHBsaWNhdGlvbi9qc29ueyJieXRlcyI6ImV5SjBaWGgwSWpvaWJHOGlmUT09In17qDCF',
  'AAAAjgAAAGFRQYBUDTptZXNzYWdlLXR5cGUHAAlleGNlcHRpb24POmV4Y2VwdGlvbi10eXBlBwATdGhyb3R0bGluZ0V4Y2VwdGlvbg06Y29udGVudC10eXBlBwAQYXBwbGljYXRpb24vanNvbnsibWVzc2FnZSI6IlRvbyBtYW55IHRva2VucyJ9CxS/5g==',
].map((text) => Buffer.from(text, 'base64'));

interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Stands in for a library of the format. */
async function* messagesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Message> {
  let held = Buffer.alloc(0);
  for await (const piece of bytes) {
    held = Buffer.concat([held, piece]);
    while (held.length >= 4 && held.length >= held.readUInt32BE(0)) {
      const frame = held.subarray(0, held.readUInt32BE(0));
      held = held.subarray(frame.length);
      const end = 12 + frame.readUInt32BE(4);
      const headers: Record<string, string> = {};
      for (let at = 12; at < end;) {
        const name = frame.toString('utf8', at + 1, (at += 1 + (frame[at] ?? 0)));
        const from = at + 3;
        headers[name] = frame.toString('utf8', from, (at = from + frame.readUInt16BE(at + 1)));
      }
      yield { headers, body: frame.subarray(end, -4) };
    }
  }
  if (held.length > 0) throw new Error('the answer ends within a message');
}

const model = defineContract({
  name: 'model',
  operations: { invoke: mutation({ input: z.object({ prompt: z.string() }), item: z.string() }) },
});
const mapping: RestOperation = {
  http: 'POST /model/m/invoke-with-response-stream',
  headers: { accept: 'application/vnd.amazon.eventstream' },
  split: messagesOf,
  isError: ({ body }) => (body as Message).headers[':message-type'] === 'exception',
  error: ({ body }) => {
    const { headers, body: bytes } = body as Message;
    const { message } = JSON.parse(bytes.toString()) as { message: string };
    return { code: headers[':exception-type'] === 'throttlingException' ? 'RESOURCE_EXHAUSTED' : 'UNKNOWN', message };
  },
  read: (message) => {
    const { bytes } = JSON.parse((message as Message).body.toString()) as { bytes: string };
    return (JSON.parse(Buffer.from(bytes, 'base64').toString()) as { text: string }).text;
  },
};

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function client(answer: (response: ServerResponse) => void, more: RestOperation = {}) {
  const accepted: unknown[] = [];
  const server = createServer(({ headers }, response) => {
    accepted.push(headers.accept);
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endings.push(() => (server.closeAllConnections(), server.close()));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const made = createClient({ contract: model, transport: rest({ url, operations: { invoke: { ...mapping, ...more } } }) });
  endings.push(() => made.close());
  return { made, accepted };
}

const head = { 'content-type': 'application/vnd.amazon.eventstream' };
async function itemsOf(stream: AsyncIterable<string>): Promise<unknown[]> {
  const log: unknown[] = [];
  try {
    for await (const item of stream) log.push(item);
  } catch (error) {
    log.push((error as ApiError).code);
  }
  return log;
}

describe('an answer that a mapping takes apart', () => {
  it('is items, however its bytes come', async () => {
    const { made, accepted } = await client((response) => {
      response.writeHead(200, head);
      for (const byte of Buffer.concat(FRAMES.slice(0, 2))) response.write(Buffer.from([byte]));
      response.end();
    });
    expect(await itemsOf(made.invoke({ prompt: 'hi' }))).toEqual(['Hel', 'lo']);
    expect(accepted).toEqual(['application/vnd.amazon.eventstream']);
  });

  it('may have an error of the API among its pieces', async () => {
    const { made } = await client((response) => response.writeHead(200, head).end(Buffer.concat(FRAMES)));
    expect(await itemsOf(made.invoke({ prompt: 'hi' }))).toEqual(['Hel', 'lo', 'RESOURCE_EXHAUSTED']);
  });

  it('fails if it is cut, or if it cannot be taken apart', async () => {
    const cut = await client((response) => {
      response.writeHead(200, head).write(FRAMES[0]);
      setImmediate(() => response.destroy());
    });
    expect((await itemsOf(cut.made.invoke({ prompt: 'hi' }))).at(-1)).toBe('UNAVAILABLE');
    const short = await client((response) => response.writeHead(200, head).end(Buffer.concat(FRAMES).subarray(0, 200)));
    expect(await itemsOf(short.made.invoke({ prompt: 'hi' }))).toEqual(['Hel', 'DATA_LOSS']);
  });

  it('is not read if the status says that it is an error', async () => {
    const { made } = await client((response) => response.writeHead(403, { 'content-type': 'application/json' }).end('{"message":"no"}'), { isError: () => false, error: () => undefined }); // prettier-ignore
    expect(await failure(itemsOf(made.invoke({ prompt: 'hi' })).then(([code]) => Promise.reject(new ApiError(code as 'ABORTED', ''))))).toMatchObject({ code: 'PERMISSION_DENIED' }); // prettier-ignore
  });

  it('ends with its reader, and its request with it', async () => {
    let closed = false;
    const { made } = await client((response) => {
      response.on('close', () => (closed = true));
      response.writeHead(200, head).write(FRAMES[0]);
    });
    for await (const item of made.invoke({ prompt: 'hi' })) {
      expect(item).toBe('Hel');
      break;
    }
    await until(() => closed);
  });
});
