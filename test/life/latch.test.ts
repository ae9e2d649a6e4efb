import { EventEmitter } from 'node:events';
import type { Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { ItemStream } from '../../src/grpc/streams/item-stream.ts';
import { InFlight } from '../../src/life/drain.ts';
import { Latch } from '../../src/life/latch.ts';
import { ServedStream } from '../../src/mqtt/calls/served-stream.ts';
import { STREAM_CREDITS } from '../../src/mqtt/calls/pieces.ts';

const item = { id: '1', time: '', data: 1, type: 'x' };

describe('a latch', () => {
  it('lets everyone go who waits, and none who comes later', async () => {
    const latch = new Latch();
    const both = Promise.all([latch.wait(), latch.wait()]);
    latch.release();
    await both;
    expect(latch.isAwaited).toBe(false);
    let isOver = false;
    const later = latch.wait().then(() => (isOver = true));
    await Promise.resolve();
    expect(isOver).toBe(false);
    latch.release();
    await later;
  });

  it('tells each of two who wait for the end of what is in flight', async () => {
    const inFlight = new InFlight();
    inFlight.enter();
    const both = Promise.all([inFlight.idle(Infinity), inFlight.idle(Infinity)]);
    inFlight.leave();
    expect(await both).toEqual([true, true]);
  });
});

describe('a source that does not wait for room', () => {
  it('has each of its promises kept by a gRPC stream', async () => {
    const call = Object.assign(new EventEmitter(), { write: () => false, end: () => {}, sendMetadata: () => {} });
    const stream = new ItemStream(call, {
      head: () => ({}) as Metadata,
      encode: () => Buffer.alloc(1),
      fail: () => ({}) as never,
    });
    const both = Promise.all([stream.next(item), stream.next(item)]);
    call.emit('drain');
    await both;
  });

  it('has each of its promises kept by a stream over MQTT', async () => {
    const stream = new ServedStream({
      send: () => ({ bytes: 1, done: new Promise(() => {}) }),
      heartbeatMs: Infinity,
      onEnd: () => {},
      present: () => undefined,
    });
    const all = Promise.all(Array.from({ length: STREAM_CREDITS + 2 }, async () => stream.next(item)));
    stream.leave();
    await all;
  });
});
