// Events through the way: each reader says what it heard, and what it was told that it missed.
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'multi-api-sdk';
import { listen } from 'multi-api-sdk/http';
import { webhook } from 'multi-api-sdk/webhook';
import { onError } from './adapters.mjs';

const READERS = 3;

/** Subscribes the readers; `make` gives each its adapter. */
export async function subscribeReaders({ make, contract }) {
  const readers = [];
  for (let at = 0; at < READERS; at++) {
    const reconnect = { baseDelayMs: 50, maxDelayMs: 500 };
    const client = createClient({ contract, transport: make(at), reconnect, onError, timeoutMs: 20_000 });
    const reader = { client, heard: [], ends: [] };
    const listeners = { onGap: () => reader.heard.push('gap'), onError: (error) => reader.ends.push(String(error)) };
    for (let tries = 0; ; tries++) {
      try {
        await client.onTick((event) => void reader.heard.push(event), listeners);
        break;
      } catch (error) {
        if (tries === 20) throw error;
      }
    }
    readers.push(reader);
  }
  return readers;
}

/** Waits until every reader has the last event or has ended, or until nobody has heard anything for so long. */
export async function settle(readers, count, quietMs) {
  let before = -1;
  let since = performance.now();
  while (performance.now() - since < quietMs) {
    if (readers.every(({ heard, ends }) => ends.length > 0 || heard.some(({ n }) => n === count - 1))) return delay(1000);
    const heard = readers.reduce((sum, reader) => sum + reader.heard.length, 0);
    if (heard !== before) since = performance.now();
    before = heard;
    await delay(200);
  }
}

/** A receiver of webhooks for each reader, to which deliveries come through the way, while subscriptions are made without it. */
export async function webhookReaders(url) {
  const hooks = [];
  const server = await listen((request) => hooks[Number(/^\/cb(\d)/.exec(request.path)?.[1])]?.handler(request));
  const make = (port) => (at) => {
    const subscribe = { url: `${url}/webhooks/subscriptions`, callbackUrl: `http://127.0.0.1:${port}/cb${at}` };
    return (hooks[at] = webhook({ subscribe, onError }));
  };
  return { port: Number(new URL(server.url).port), make, close: () => server.close() };
}

/**
 * A reader's losses. One is told where a gap is heard between its neighbours; all behind the end of a subscription are. An event whose number
 * is out of order is not lost, but its value was spoiled.
 */
export function judge({ heard: all, ends }, count, pad) {
  const numbers = [];
  let highest = -1;
  let isTold = false;
  let spoiled = 0;
  const silent = [];
  const events = all.filter((each) => each !== 'gap');
  let at = -1;
  const heard = all.map((each) => {
    if (each === 'gap') return each;
    at++;
    const before = events[at - 1]?.n ?? -1;
    const next = events[at + 1]?.n ?? -1;
    const isInOrder = (each.n === before && next !== before + 2) || (before < each.n && each.n < next);
    return next > before + 1 && !isInOrder ? { n: before + 1, pad: '' } : each;
  });
  const once = new Set(heard.filter((each) => each !== 'gap').map(({ n }) => n));
  for (const each of heard) {
    if (each === 'gap') {
      isTold = true;
      continue;
    }
    numbers.push(each.n);
    if (each.pad !== pad || each.n >= count) spoiled++;
    if (each.n <= highest || each.n >= count) continue;
    for (let missed = highest + 1; missed < each.n; missed++) if (!once.has(missed) && !isTold) silent.push(missed);
    highest = each.n;
    isTold = false;
  }
  if (ends.length === 0 && !isTold) for (let missed = highest + 1; missed < count; missed++) silent.push(missed);
  const known = [...once].filter((n) => n < count).length;
  return {
    heard: known,
    twice: numbers.length - once.size,
    lost: count - known,
    lostWithoutGap: silent.length,
    ...(silent.length > 0 && { first: silent.slice(0, 5) }),
    spoiled,
    gaps: heard.length - numbers.length,
    ends,
  };
}
