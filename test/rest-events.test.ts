/** Event streams over HTTP, seen from both ends. */
import { expect, test, vi } from 'vitest';
import { conformanceContract, createConformanceService } from '../src/conformance/index.js';
import { fetchHandler } from '../src/http/fetch.js';
import { listen } from '../src/http/listen.js';
import type { ApiError } from '../src/index.js';
import { rest } from '../src/rest/client.js';
import { restHandler } from '../src/rest/server.js';

const { note } = conformanceContract.events;

test('HEAD of a channel has the head of its stream, and subscribes nobody', async () => {
  const { service, probe } = createConformanceService();
  const handler = restHandler(service);
  const server = await listen(handler);
  const request = () => new Request(`${server.url}/${note.channel}`, { method: 'HEAD' });
  for (const answer of [fetch, fetchHandler(handler)]) {
    const response = await answer(request());
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  }
  expect(probe.subscribed).toEqual([]);
  await server.close(0);
  await service.close();
});

test('a transport that closes ends its subscriptions, and says so', async () => {
  const { service, probe } = createConformanceService();
  const server = await listen(restHandler(service));
  const transport = rest({ url: server.url })(conformanceContract);
  const subscribe = (signal: AbortSignal, end: (error?: ApiError) => void) =>
    transport.subscribe({ event: note, params: {}, signal, headers: {} }, { next: () => {}, gap: () => {}, end });
  const ended = new Promise<ApiError | undefined>((resolve) => void subscribe(new AbortController().signal, resolve));
  const left = new AbortController();
  await subscribe(left.signal, () => expect.unreachable('who left is told nothing'));
  left.abort();
  await vi.waitFor(() => expect(probe.subscribed).toHaveLength(2));
  await transport.close();
  expect(await ended).toMatchObject({ code: 'CANCELLED', reason: 'the transport was closed' });
  await vi.waitFor(() => expect(probe.subscriptions).toBe(0));
  await server.close(0);
  await service.close();
});
