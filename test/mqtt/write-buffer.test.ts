import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, expect, test, describe } from 'vitest';
import { bufferWrites } from '../../src/mqtt/connection/write-buffer.ts';

const cleanups: (() => void)[] = [];
afterEach(() => cleanups.splice(0).forEach((cleanup) => cleanup()));

/** Both ends of a connection; `received` is what came until its end. */
async function open() {
  let accept: (socket: Socket) => void = () => {};
  const accepted = new Promise<Socket>((resolve) => (accept = resolve));
  const server = createServer((socket) => accept(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const peer = await accepted;
  cleanups.push(
    () => client.destroy(),
    () => peer.destroy(),
    () => server.close(),
  );
  const chunks: Buffer[] = [];
  const received = once(peer, 'end').then(() => Buffer.concat(chunks));
  peer.on('data', (chunk: Buffer) => chunks.push(chunk));
  bufferWrites(client);
  return { client, received };
}

describe('the write buffer', () => {
  test('what is written arrives whole and in order: bytes, texts, short, long, with an encoding, and at the end', async () => {
    const { client, received } = await open();
    const pieces = Array.from({ length: 400 }, (_, index): string | Buffer => {
      const length = [0, 1, 2, 15, 16, 17, 300, 5460, 5461, 5462, 16_383, 16_384, 16_385, 40_000][index % 14] ?? 0;
      return index % 3 === 0 ? '€'.repeat(length) : index % 3 === 1 ? 'ab'.repeat(length) : Buffer.alloc(length, index);
    });
    for (const [index, piece] of pieces.entries()) {
      client.write(piece);
      if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    client.write('ff00', 'hex');
    await new Promise<void>((resolve) => client.write('told', () => resolve()));
    client.write('last');
    client.end();
    const sent = Buffer.concat([...pieces.map((piece) => Buffer.from(piece as string)), Buffer.from([0xff, 0]), Buffer.from('toldlast')]);
    expect((await received).equals(sent)).toBe(true);
  });

  test('it says to wait where the connection does not take more, and tells when it does', async () => {
    const { client, received } = await open();
    let sent = 0;
    while (client.write('x'.repeat(100))) sent += 100;
    sent += 100;
    await once(client, 'drain');
    expect(client.write('y')).toBe(true);
    client.end();
    expect((await received).length).toBe(sent + 1);
  });

  test('the pieces of one turn are one write, and a buffer that is not written yet is not written over', async () => {
    const written: Buffer[] = [];
    const held: (() => void)[] = [];
    const stream = new Duplex({
      read() {},
      write: (chunk: Buffer, _, done) => void (written.push(chunk), held.push(done)),
    });
    bufferWrites(stream);
    for (let turn = 0; turn < 5; turn++) {
      for (let piece = 0; piece < 100; piece++) stream.write(String(turn).repeat(60));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(written).toHaveLength(1);
    while (held.length > 0) held.shift()?.();
    expect(Buffer.concat(written).toString()).toBe([0, 1, 2, 3, 4].map((turn) => String(turn).repeat(6000)).join(''));
  });
});
