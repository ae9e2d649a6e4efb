import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createBlogService } from '../../src/blog/service.ts';
import { serve, type Served, type ServeOptions } from '../../src/serve/index.ts';

let served: Served | undefined;
afterEach(async () => {
  await served?.close();
  served = undefined;
});

/** The status of a request that names another host than it is sent to, as a page after DNS rebinding does. */
function statusFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(`${url}/users/123`, { headers: { host } }, (answer) => resolve((answer.resume(), answer.statusCode)))
      .on('error', reject)
      .end();
  });
}

const socketStatus = (url: string, host: string) =>
  new Promise((resolve) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: { host } });
    socket.on('open', () => (socket.terminate(), resolve('open')));
    socket.on('unexpected-response', (_, answer) => resolve(answer.statusCode));
    socket.on('error', () => {});
  });

describe('a server on loopback', () => {
  it.each([
    ['127.0.0.1:4000', 200],
    ['localhost', 200],
    ['attacker.example', 421],
    ['tasks.test', 200],
    ['api.example.com', 200],
  ])('answers to its own names only: %s', async (host, status) => {
    const errors: unknown[] = [];
    const options: ServeOptions = {
      hosts: ['tasks.test'],
      publicUrl: 'https://api.example.com/v1',
      onError: (error) => errors.push(String(error)),
    };
    served = await serve(createBlogService(), { port: 0, protocols: ['rest', 'websocket'], ...options });
    expect(await statusFor(served.http, host)).toBe(status);
    expect(await socketStatus(served.http, host)).toBe(status === 200 ? 'open' : 421);
    if (status === 421) expect(errors).toEqual([expect.stringContaining("list it in the option 'hosts'")]);
  });
});

describe('options of serve', () => {
  it('that are unknown or wrong are refused by name', async () => {
    const service = createBlogService();
    await expect(serve(service, { prot: 1 } as never)).rejects.toThrow("serve: unknown option 'prot', do you mean 'port'?");
    await expect(serve(service, { port: 70_000 })).rejects.toThrow(/serve: port must be/);
    await expect(serve(service, { graceMs: NaN })).rejects.toThrow(/serve: graceMs must be/);
  });
});
