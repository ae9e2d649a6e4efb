// A way to a port on which connections suffer, each in one way of those that are asked for, drawn by a seed.
import { Buffer } from 'node:buffer';
import { connect, createServer } from 'node:net';
import { setTimeout } from 'node:timers';
import { setTimeout as delay } from 'node:timers/promises';

const LOUD = ['delay', 'stall', 'cut', 'rst', 'halfUp', 'halfDown'];
/** What connections suffer, by the name of a run. */
export const KINDS = { faults: [...LOUD, 'silent'], loud: LOUD, flips: ['flip', 'flip', 'cut'], brief: ['delay', 'cut', 'rst', 'flip'] };

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** How many bytes go by until the next fault. */
function bytesUntil(next, meanBytes) {
  return Math.floor(-Math.log(1 - next()) * meanBytes) + 1;
}

/** Opens the way. A connection suffers after some bytes, `meanBytes` on average. */
export async function faultyWay({ target, seed, kinds, meanBytes }) {
  const next = random(seed);
  const sockets = new Set();
  const hit = {};
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const onward = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    const kind = kinds[Math.floor(next() * kinds.length)];
    const way = { client, onward, kind, next, hit, meanBytes, at: bytesUntil(next, meanBytes), seen: 0, isBlocked: false };
    for (const socket of [client, onward]) {
      sockets.add(socket);
      socket.on('error', () => end(way, true));
      socket.on('close', () => (sockets.delete(socket), end(way, false)));
    }
    handOn(way, client, onward, true);
    handOn(way, onward, client, false);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    port: server.address().port,
    hit,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function end({ client, onward }, isReset) {
  for (const socket of [client, onward]) if (isReset) socket.resetAndDestroy();
    else socket.destroy(); // prettier-ignore
}

/** Hands bytes on in order, each after what happens to it. */
function handOn(way, from, to, isUp) {
  let last = Promise.resolve();
  from.on('data', (chunk) => {
    from.pause();
    last = last.then(async () => {
      const before = way.seen;
      way.seen += chunk.length;
      const isHit = before < way.at && way.seen >= way.at;
      if (!way.isBlocked) await suffer(way, { chunk, to, isUp, at: isHit ? way.at - before : undefined });
      from.resume();
    });
  });
  // A connection that is silent keeps both ends: they have to notice.
  from.on('end', () => void last.then(() => (way.isBlocked && way.kind === 'silent' ? end(way, false) : to.end())));
}

async function suffer(way, { chunk, to, isUp, at }) {
  const { kind, next } = way;
  if (kind === 'delay') await delay(next() * 60);
  if (at === undefined) return write(to, chunk);
  // And again, for as long as the connection lives.
  way.at = way.seen + bytesUntil(next, way.meanBytes);
  const isOther = (kind === 'halfUp' && !isUp) || (kind === 'halfDown' && isUp);
  if (isOther) return write(to, chunk);
  way.hit[kind] = (way.hit[kind] ?? 0) + 1;
  if (kind === 'flip') {
    const spoiled = Buffer.from(chunk);
    spoiled[Math.min(spoiled.length - 1, at)] ^= 1 << Math.floor(next() * 8);
    return write(to, spoiled);
  }
  to.write(chunk.subarray(0, at));
  if (kind === 'delay' || kind === 'cut' || kind === 'rst') return delay(5).then(() => end(way, kind === 'rst'));
  if (kind === 'stall') {
    await delay(200 + next() * 5000);
    return next() < 0.5 ? end(way, false) : write(to, chunk.subarray(at));
  }
  way.isBlocked = true;
  if (kind === 'silent') return;
  to.end();
  setTimeout(() => end(way, false), 8000).unref();
}

async function write(to, bytes) {
  if (to.writable && !to.write(bytes)) await new Promise((resolve) => to.once('drain', resolve).once('close', resolve));
}
