import type { Socket } from 'node:net';
import { afterEach, expect, test, describe } from 'vitest';
import type { ApiError } from '../../src/core/errors.ts';
import { createLightFetch } from '../../src/http/client/light-fetch.ts';
import { readSse, streamOf } from '../../src/http/events/sse-reader.ts';
import { startRawServer } from '../support/raw-server.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** Reads the stream of a server that writes it as `write` says. */
async function reading(write: (socket: Socket) => void, takesMore: (data: string) => boolean = () => true) {
  const server = await startRawServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n');
    write(socket);
  });
  const light = createLightFetch();
  cleanups.push(
    () => server.close(),
    () => light.close(),
  );
  const controller = new AbortController();
  const seen: string[] = [];
  const ends: ApiError[] = [];
  const done = readSse(streamOf(await light.fetch(server.url, { signal: controller.signal })), {
    name: 'the stream',
    signal: controller.signal,
    onChunk: () => {},
    onEvent: ({ data }) => {
      seen.push(data);
      if (data === 'abort') controller.abort();
      return takesMore(data);
    },
    onEnd: (error) => void ends.push(error),
  });
  await done;
  return { server, seen, ends };
}

describe('the reader of server-sent events', () => {
  test('a stream that the server closes is UNAVAILABLE, behind its events', async () => {
    const { seen, ends } = await reading((socket) => socket.end('data: 1\n\ndata: 2\n\ndata: cut'));
    expect(seen).toEqual(['1', '2']);
    expect(ends).toMatchObject([{ code: 'UNAVAILABLE', text: 'the server closed the stream', remote: true }]);
  });

  test('an event over the limit is DATA_LOSS, because resuming would lead to it again', async () => {
    const { server, seen, ends } = await reading((socket) => socket.write(`data: 1\n\ndata: ${'x'.repeat(1_100_000)}`));
    expect(seen).toEqual(['1']);
    expect(ends).toMatchObject([{ code: 'DATA_LOSS', remote: true }]);
    await server.allClosed();
  });

  test('who has had enough, or aborts, hears nothing more and of no end, and the connection is freed', async () => {
    for (const last of ['enough', 'abort']) {
      const { server, seen, ends } = await reading(
        (socket) => socket.write(`data: ${last}\n\ndata: behind it\n\n`),
        (data) => data !== 'enough',
      );
      expect([seen, ends]).toEqual([[last], []]);
      await server.allClosed();
    }
  });
});
