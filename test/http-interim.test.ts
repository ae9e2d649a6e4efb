import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { createClient } from 'multi-api-sdk';
import { rest } from 'multi-api-sdk/rest';
import { createLightFetch } from '../src/http/light-fetch.js';
import { startRawServer } from './support/raw-server.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const WEATHER = '{"location":"Oslo","temperature":"7°C","conditions":"Rain"}';
const OK = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(WEATHER)}\r\n\r\n`;
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/** A server that writes these pieces, each when the one before has left. */
async function answering(...pieces: readonly string[]) {
  const server = await startRawServer((socket) => {
    void (async () => {
      for (const piece of pieces) {
        if (!socket.write(piece)) await once(socket, 'drain');
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
  });
  cleanups.push(() => server.close());
  return server;
}

test.each([
  ['100 in front', [CONTINUE + OK + WEATHER]],
  ['100 by itself', [CONTINUE, OK, WEATHER]],
  ['100 with fields', ['HTTP/1.1 100 Continue\r\nx-a: b\r\n\r\n', OK + WEATHER]],
  [
    'several of them',
    [`${CONTINUE}HTTP/1.1 102 Processing\r\n\r\n${CONTINUE}`, 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n', CONTINUE, OK + WEATHER],
  ],
])('interim responses that nobody asked for are passed over: %s', async (_name, pieces) => {
  const { url, heads, open } = await answering(...pieces);
  const blog = createClient({ transport: rest({ url }) });
  cleanups.push(() => blog.close());
  expect(open).toBe(0);
  // A connection that lasts, with and without a body.
  expect(await blog.getWeather({ location: 'Oslo' })).toMatchObject({ temperature: '7°C' });
  await expect(blog.sendMessage({ sender: 'a', message: 'b' })).rejects.toMatchObject({ code: 'DATA_LOSS' });
  expect(await blog.getWeather({ location: 'Oslo' })).toMatchObject({ conditions: 'Rain' });
  expect(heads).toHaveLength(3);
});

test('a body that looks like an interim response arrives as it was sent', async () => {
  const body = `${CONTINUE}${CONTINUE}`;
  const { url } = await answering(`${CONTINUE}HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`, CONTINUE, CONTINUE);
  const { fetch, close } = createLightFetch();
  cleanups.push(close);
  for (let i = 0; i < 3; i++) expect(await (await fetch(url)).text()).toBe(body);
});

test('an upgrade that nobody asked for is a broken connection', async () => {
  const { url } = await answering('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n');
  const { fetch, close } = createLightFetch();
  cleanups.push(close);
  await expect(fetch(url)).rejects.toThrow('the connection broke');
});
