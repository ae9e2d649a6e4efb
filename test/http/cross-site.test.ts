import { afterEach, describe, expect, it } from 'vitest';
import type { HttpHandler } from '../../src/http/message/message.ts';
import { checkingHosts, hostCheck } from '../../src/http/serve/hosts.ts';
import type { HttpOptions } from '../../src/http/serve/cors.ts';
import { dial, serve } from '../support/dial.ts';

const handler: HttpHandler = () => ({ status: 200, headers: {}, body: 'done' });

let reported: Error[] = [];
afterEach(() => void (reported = []));
const onError = (error: unknown) => void reported.push(error as Error);

/** The status of a request written by hand: `fetch` would not send these headers. */
async function statusOf(options: HttpOptions, headers: Record<string, string>, method = 'POST', served = handler): Promise<number> {
  const server = await serve(served, { ...options, onError });
  const lines = Object.entries({ host: `127.0.0.1:${server.port}`, ...headers, connection: 'close' });
  const wire = dial(server, `${method} / HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
  return Number(/^HTTP\/1\.1 (\d+)/.exec(await wire.closed)?.[1]);
}

describe('a POST that a page sends without being allowed to', () => {
  it.each([
    ['without Sec-Fetch-Site', { origin: 'http://evil.example' }],
    ['of a sandboxed page', { origin: 'null' }],
    ['of a sibling domain', { origin: 'http://evil.bank.example', 'sec-fetch-site': 'same-site' }],
    ['as a form', { origin: 'http://evil.example', 'content-type': 'application/x-www-form-urlencoded', 'content-length': '0' }],
    ['as text', { origin: 'http://evil.example', 'content-type': 'Text/Plain; a=application/json', 'content-length': '0' }],
  ])('is refused %s', async (_, headers) => {
    expect(await statusOf({}, headers)).toBe(403);
    expect(await statusOf({ allowCrossSite: true }, headers)).toBe(200);
    expect(await statusOf({ cors: { origins: () => true } }, headers)).toBe(200);
  });

  it('is not one without Origin, of the same origin, that says so, or that needs a preflight', async () => {
    expect(await statusOf({}, {})).toBe(200);
    const server = await serve(handler);
    const wire = dial(server, `POST / HTTP/1.1\r\nhost: Shop.Example:81\r\norigin: http://shop.example:81\r\nconnection: close\r\n\r\n`);
    expect(await wire.closed).toContain('200 OK');
    expect(await statusOf({}, { origin: 'http://shop.example', 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await statusOf({}, { origin: 'http://shop.example', 'content-type': 'application/json', 'content-length': '0' })).toBe(200);
    expect(await statusOf({}, { origin: 'http://shop.example' }, 'DELETE')).toBe(200);
  });

  it('is not one of the address that the server has for its callers', async () => {
    expect(await statusOf({ publicUrl: 'https://shop.example/api' }, { origin: 'https://shop.example' })).toBe(200);
    expect(await statusOf({ publicUrl: 'https://shop.example/api' }, { origin: 'https://shop.example:8443' })).toBe(403);
  });

  it('is logged once for each origin, in one line, with the option that lets it in', async () => {
    const server = await serve(handler, { onError });
    for (const origin of ['http://a.example', 'http://a.example', 'http://b.example\u0009\u001b[31m'])
      await dial(server, `POST / HTTP/1.1\r\nhost: x\r\norigin: ${origin}\r\nconnection: close\r\n\r\n`).closed;
    expect(reported.map(({ message }) => message)).toEqual([
      expect.stringContaining(`"http://a.example" was refused: list that origin in the option 'cors'`),
      ...(reported.length > 1 ? [expect.stringContaining('b.example')] : []),
    ]);
    for (const { stack = '' } of reported) expect([...stack].every((char) => char >= ' ')).toBe(true);
  });
});

describe('the check of Host', () => {
  const served = (hosts: Parameters<typeof hostCheck>[0]) => checkingHosts(hostCheck(hosts, onError), handler);
  const ask = (host: string, hosts: Parameters<typeof hostCheck>[0] = {}) => statusOf({}, { host }, 'GET', served(hosts));

  it('answers to the names of this machine, on any port', async () => {
    for (const host of ['localhost', 'LocalHost:4000', '127.0.0.1:80', '[::1]:9']) expect(await ask(host)).toBe(200);
  });

  it('refuses other names with 421, and logs each once with the option that lets it in', async () => {
    const check = served({});
    for (const host of ['evil.example', 'evil.example', 'localhost.evil.example', '127.0.0.1.nip.io:4000', '192.168.0.1'])
      expect(await statusOf({}, { host }, 'GET', check)).toBe(421);
    expect(reported).toHaveLength(4);
    expect(reported[0]?.message).toBe(
      `a request to the host "evil.example" was refused: if it is meant for this server, list it in the option 'hosts'`,
    );
  });

  it('takes those of the options, and that of publicUrl', async () => {
    const hosts = { hosts: ['tasks.test', 'a.test:81'], publicUrl: 'https://shop.example/api' };
    for (const host of ['tasks.test:5', 'a.test:81', 'shop.example']) expect(await ask(host, hosts)).toBe(200);
    for (const host of ['a.test:82', 'b.test']) expect(await ask(host, hosts)).toBe(421);
    expect(await ask('any.test', { hosts: '*' })).toBe(200);
  });

  it('looks at the target of a request in absolute form, which wins', async () => {
    const server = await serve(served({}));
    const wire = dial(server, 'GET http://evil.example/ HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
    expect(await wire.closed).toContain('421');
  });

  it('refuses options that are not hosts', () => {
    for (const hosts of [['http://a.test'], ['a.test/b'], ['a b'], 'a.test'])
      expect(() => hostCheck({ hosts: hosts as never }, onError)).toThrow('host');
    expect(() => hostCheck({ publicUrl: '/api' }, onError)).toThrow('publicUrl');
  });
});
