import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineContract, event, stream } from '../../src/core/define.ts';
import type { EventSink, SubscribeRequest, Transport } from '../../src/core/transport.ts';
import { openSink, passing, type OpenSink } from '../../src/events/open-sink.ts';
import { guard } from '../../src/guard/guard.ts';
import { createClient } from '../../src/index.ts';
import { ApiError } from '../../src/core/errors.ts';
import { until } from '../support/until.ts';

/** Text on the wire, a number for the program; on the wire, it breaks the contract if it is no number. */
const asNumber = z.codec(z.string(), z.int(), {
  decode: async (text, context) => {
    const number = Number(text);
    if (Number.isNaN(number)) context.issues.push({ code: 'custom', input: text, message: 'no number' });
    return Promise.resolve(number);
  },
  encode: String,
});
const contract = defineContract({
  name: 'ends',
  operations: { plainItems: stream({ item: z.int() }), codecItems: stream({ item: asNumber }) },
  events: {
    plain: event({ channel: 'plain', payload: z.object({ n: z.int() }) }),
    codec: event({ channel: 'codec', payload: z.object({ n: asNumber }) }),
  },
});

/** A transport that heeds neither the end nor the signal. */
function heedless(values: readonly unknown[]): Transport {
  return {
    contract,
    name: 'heedless',
    call: () => Promise.reject(new ApiError('UNIMPLEMENTED', 'no calls')),
    subscribe: async ({ operation }: SubscribeRequest, sink: EventSink) => {
      for (const [at, value] of values.entries())
        void sink.next({ id: `${at + 1}`, time: '2024-01-15T09:30:00Z', data: operation ? value : { n: value } });
      await Promise.resolve();
      for (const value of values) void sink.next({ id: 'late', time: '2024-01-15T09:30:00Z', data: operation ? value : { n: value } });
      sink.end();
    },
    close: () => Promise.resolve(),
  };
}

const PLAIN = [1, 'x', 2];
const CODEC = ['1', 'x', '2'];

describe('a subscription that an event ended', () => {
  it.each(['plain', 'codec'] as const)('gets nothing after it: %s', async (name) => {
    const client = createClient({ contract, transport: heedless(name === 'plain' ? PLAIN : CODEC) });
    const heard: (number | string)[] = [];
    const onError = (error: unknown) => void heard.push((error as ApiError).code);
    await client.events[name].listen(({ n }: { n: number }) => void heard.push(n), { onError, onGap: () => void heard.push('gap') });
    await until(
      () => heard.length >= 2,
      () => heard.join(),
    );
    await client.close();
    expect(heard).toEqual([1, 'DATA_LOSS']);
  });

  it.each(['plainItems', 'codecItems'] as const)('gets nothing after it: %s', async (name) => {
    const client = createClient({ contract, transport: heedless(name === 'plainItems' ? PLAIN : CODEC) });
    const heard: (number | string)[] = [];
    try {
      for await (const item of client[name]()) heard.push(item);
    } catch (error) {
      heard.push((error as ApiError).code);
    }
    await client.close();
    expect(heard).toEqual([1, 'DATA_LOSS']);
  });

  it('and a program without a client hears of one end', async () => {
    const heard: string[] = [];
    const sink: EventSink = {
      next: ({ id }) => void heard.push(id),
      gap: () => void heard.push('gap'),
      end: (error) => void heard.push(`end ${error?.code}`),
    };
    const request = { event: contract.events.plain, params: {}, headers: {}, signal: new AbortController().signal };
    await guard(heedless(PLAIN), 'DATA_LOSS').subscribe(request, sink);
    expect(heard).toEqual(['1', 'end DATA_LOSS']);
  });
});

describe('a sink that passes on', () => {
  /** Every member, with what it is called with. */
  const calls = (sink: Required<EventSink>): void => {
    void sink.next({ id: '1', time: '', data: 1 });
    sink.gap();
    sink.place('2');
    sink.misfits(() => {});
  };
  const recording = (heard: string[]) =>
    Object.fromEntries(
      ['next', 'gap', 'place', 'misfits', 'end'].map((member) => [member, () => void heard.push(member)]),
    ) as unknown as Required<EventSink>;

  it('forgets no member', () => {
    const heard: string[] = [];
    calls(passing(recording(heard)));
    const open = openSink(recording(heard), new AbortController().signal);
    calls(open);
    open.end();
    expect(heard).toEqual(['next', 'gap', 'place', 'misfits', 'next', 'gap', 'place', 'misfits', 'end']);
  });

  it.each([
    ['ended', (open: OpenSink) => open.end()],
    ['was left', (open: OpenSink) => open.leave()],
    ['was aborted', (_: OpenSink, controller: AbortController) => controller.abort()],
  ])('passes nothing once it %s', (_, over) => {
    const heard: string[] = [];
    const controller = new AbortController();
    const all = new Set<OpenSink>();
    const open = openSink(recording(heard), controller.signal, all);
    expect([...all]).toEqual([open]);
    over(open, controller);
    expect(all.size).toBe(0);
    heard.length = 0;
    void open.next({ id: '1', time: '', data: 1 });
    open.gap();
    open.place('2');
    open.end();
    expect(heard).toEqual([]);
  });

  it('passes nothing for a signal that was aborted before', () => {
    const heard: string[] = [];
    const all = new Set<OpenSink>();
    openSink(recording(heard), AbortSignal.abort(), all).end();
    expect([heard, all.size]).toEqual([[], 0]);
  });
});
