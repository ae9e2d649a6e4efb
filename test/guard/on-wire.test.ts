import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createBlogService } from '../../src/blog/index.ts';
import { createClient } from '../../src/index.ts';
import { grpc } from '../../src/grpc/client.ts';
import { graphql } from '../../src/graphql/client.ts';
import { listen } from '../../src/http/node/listen.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { rest } from '../../src/rest/client.ts';
import { serve, type Served } from '../../src/serve/index.ts';
import { soap } from '../../src/soap/client.ts';
import { webhook } from '../../src/webhook/client.ts';
import { webSocket } from '../../src/websocket/client.ts';
import type { OnWire } from '../../src/peer/on-wire.ts';

const service = createBlogService();
let server: Served;
beforeAll(async () => {
  server = await serve(service, { port: 0, grpcPort: 0, mqttPort: 0, allowPrivateWebhooks: true });
});
afterAll(() => server.close());

const reported: unknown[] = [];
beforeEach(() => {
  reported.length = 0;
  const spy = vi.spyOn(console, 'error').mockImplementation((error) => void reported.push(error));
  return () => spy.mockRestore();
});

const throwing: OnWire = () => {
  throw new Error('the log is full');
};
const rejecting = (async () => {
  throw new Error('the log is full');
}) as OnWire;

describe.each(Object.entries({ throws: throwing, rejects: rejecting }))('an onWire that %s is reported and fails nothing', (_, onWire) => {
  const onError = (error: unknown) => void reported.push(error);

  it('over graphql, websocket, mqtt, rest and grpc', async () => {
    for (const transport of [
      graphql({ url: server.http, onWire }),
      graphql({ url: server.http, subscriptions: 'sse', onWire }),
      webSocket({ url: server.http, onWire }),
      mqtt({ url: server.mqtt, onWire, onError }),
      rest({ url: server.http, onWire }),
      grpc({ url: server.grpc, onWire }),
    ]) {
      reported.length = 0;
      await using blog = createClient({ transport });
      const { promise, resolve } = newPromise();
      await blog.onMessage(resolve);
      await blog.sendMessage({ sender: 'ann', message: 'hi' });
      expect(await promise).toEqual({ sender: 'ann', message: 'hi' });
      expect(reported).toContainEqual(new Error('the log is full'));
    }
  });

  it('over plain channels', async () => {
    await using blog = createClient({ transport: webSocket({ url: server.http, protocol: 'channel', onWire }) });
    expect(await blog.sendMessage({ sender: 'ann', message: 'hi' })).toEqual({ sender: 'ann', message: 'hi' });
    expect(reported).toContainEqual(new Error('the log is full'));
  });

  it('over soap', async () => {
    await using blog = createClient({ transport: soap({ url: server.http, onWire }) });
    expect(await blog.getUser({ id: 123 })).toMatchObject({ username: 'john_doe' });
    expect(reported).toContainEqual(new Error('the log is full'));
  });

  it('over webhooks', async () => {
    const { promise, resolve } = newPromise();
    const receiver = await listen((request) => hooks.handler(request));
    const hooks = webhook({ subscribe: { url: `${server.http}/webhooks/subscriptions`, callbackUrl: receiver.url }, onWire, onError });
    await using blog = createClient({ transport: hooks });
    await blog.onMessage(resolve);
    await service.publish('message', { sender: 'ann', message: 'hi' });
    expect(await promise).toEqual({ sender: 'ann', message: 'hi' });
    expect(reported).toContainEqual(new Error('the log is full'));
    await blog.close();
    await receiver.close();
  });
});

function newPromise(): { readonly promise: Promise<unknown>; readonly resolve: (value: unknown) => void } {
  let resolve: (value: unknown) => void = () => {};
  const promise = new Promise<unknown>((settle) => (resolve = settle));
  return { promise, resolve };
}
