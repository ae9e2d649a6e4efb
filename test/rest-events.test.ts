/** Event streams over HTTP, seen from both ends. */
import { expect, test } from 'vitest';
import { conformanceContract, createConformanceService } from '../src/conformance/index.js';
import { fetchHandler } from '../src/http/fetch.js';
import { listen } from '../src/http/listen.js';
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
