import { z } from 'zod';
import {
  defineContract,
  event,
  isApiError,
  mutation,
  query,
  type CallRequest,
  type ClientOptions,
  type EventSink,
  type EventRequest,
  type Transport,
} from '../../src/index.ts';

export const contract = defineContract({
  name: 'shop',
  operations: {
    getPrice: query({ input: z.object({ id: z.int32() }), output: z.object({ cents: z.int32() }), http: 'GET /prices/{id}' }),
    reset: mutation({}),
  },
  events: { priceChanged: event({ channel: 'prices', payload: z.object({ cents: z.int32() }) }) },
});

export const TIME = '2026-01-01T00:00:00.000Z';
export const FAST: ClientOptions['reconnect'] = { baseDelayMs: 1, maxDelayMs: 2 };

/** A transport made of what a test says, which remembers what it was asked. */
export function fake(verbs: {
  call?: (request: CallRequest) => Promise<unknown>;
  subscribe?: (request: EventRequest, sink: EventSink) => Promise<void>;
}) {
  const calls: CallRequest[] = [];
  const subscriptions: { request: EventRequest; sink: EventSink }[] = [];
  let closed = 0;
  const transport: Transport = {
    contract,
    name: 'fake',
    call: async (request) => (calls.push(request), verbs.call?.(request)),
    subscribe: async (asked, sink) => {
      const request = asked as EventRequest;
      subscriptions.push({ request, sink });
      await verbs.subscribe?.(request, sink);
    },
    close: async () => void closed++,
  };
  return { transport, calls, subscriptions, closed: () => closed };
}

export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => 'resolved',
    (reason: unknown) => reason,
  );
  return isApiError(error) ? error.code : String(error);
}

export const open = (sink: EventSink, ...cents: number[]) => {
  for (const each of cents) void sink.next({ id: `a-${each}`, time: TIME, data: { cents: each } });
};
