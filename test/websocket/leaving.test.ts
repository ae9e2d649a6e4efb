/** Subscriptions that are left while something else happens to them. */
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { defineContract, event } from '../../src/core/define.ts';
import { createClient } from '../../src/index.ts';
import { webSocket, type WebSocketOptions } from '../../src/websocket/client.ts';
import { until } from '../support/until.ts';
import { onEnd, serveForeign } from './support.ts';

interface Request {
  readonly id?: number;
  readonly method: string;
  readonly params?: unknown;
}

describe('a subscription that is left in the middle', () => {
  const Tick = z.object({ number: z.string() });
  const contract = defineContract({ name: 'ticks', events: { tick: event({ channel: 'ticks', payload: Tick }) } });

  /** Listens from a place that the peer does not know, and leaves as soon as the gap is told. */
  async function leaveAtGap(options: Partial<WebSocketOptions>, result: unknown) {
    const methods: string[] = [];
    let closed = 0;
    const url = await serveForeign((peer) => {
      peer.on('close', () => closed++);
      peer.on('message', (data: Buffer) => {
        const { id, method } = JSON.parse(data.toString()) as Request;
        methods.push(method);
        if (id !== undefined) peer.send(JSON.stringify({ jsonrpc: '2.0', id, result }));
      });
    });
    const client = onEnd(createClient({ contract, transport: webSocket({ url, ...options }) }), (each) => each.close());
    const controller = new AbortController();
    const listening = client.onTick(() => {}, {
      lastEventId: 'x-1',
      signal: controller.signal,
      onGap: () => controller.abort(),
      onError: () => {},
    });
    await listening.catch(() => {});
    return { methods, closed: () => closed };
  }

  it('is taken back when its listener leaves at a gap', async () => {
    const { methods } = await leaveAtGap({}, { subscription: 's', after: 'y-1' });
    await until(() => methods.at(-1) === 'unsubscribe');
  });

  it('is taken back at a foreign peer too', async () => {
    const tick = { notification: 'tick', subscribe: 'begin', unsubscribe: 'end' };
    const { methods } = await leaveAtGap({ events: { tick } }, 's');
    await until(() => methods.join() === 'begin,end');
  });

  it('frees the connection of a plain channel', async () => {
    const { closed } = await leaveAtGap({ protocol: 'channel' } as never, {});
    await until(() => closed() === 1);
  });

  it.each([
    ['throws', () => 0],
    ['throws only then', () => 1],
  ])('ends no process where the hook for its end %s', async (_, allowed) => {
    const failures: unknown[] = [];
    const reports: unknown[] = [];
    const onFailure = (failure: unknown) => failures.push(failure);
    process.on('uncaughtException', onFailure);
    onEnd(onFailure, (each) => void process.off('uncaughtException', each));
    let called = 0;
    const unsubscribeInput = () => {
      if (++called > allowed()) throw new Error('a broken hook');
      return [];
    };
    const url = await serveForeign((peer) => {
      peer.on('message', (data: Buffer) => {
        const { id } = JSON.parse(data.toString()) as Request;
        peer.send(JSON.stringify({ jsonrpc: '2.0', id, result: 's' }));
      });
    });
    const events = { tick: { notification: 'tick', subscribe: 'begin', unsubscribe: 'end', unsubscribeInput } };
    const transport = webSocket({ url, events, onError: (error) => reports.push(error) });
    const client = onEnd(createClient({ contract, transport }), (each) => each.close());
    const leave = await client.onTick(() => {});
    void leave();
    await until(() => reports.length === called - allowed() && called === 2);
    await new Promise((resolve) => setImmediate(resolve));
    expect([failures, reports.map(String)]).toEqual([[], Array.from({ length: called - allowed() }, () => 'Error: a broken hook')]);
  });
});
