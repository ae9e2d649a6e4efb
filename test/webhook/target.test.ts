import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, test } from 'vitest';
import { tierOf } from '../../src/webhook/delivery/address.ts';
import { Carrier } from '../../src/webhook/delivery/carrier.ts';
import { TargetGuard, type TargetOptions } from '../../src/webhook/delivery/target.ts';

describe('addresses', () => {
  it.each([
    ['8.8.8.8', 'public'],
    ['1.1.1.1', 'public'],
    ['172.15.255.255', 'public'],
    ['172.32.0.0', 'public'],
    ['100.63.255.255', 'public'],
    ['2606:4700:4700::1111', 'public'],
    ['::ffff:8.8.8.8', 'public'],
    ['64:ff9b::808:808', 'public'],
    ['127.0.0.1', 'private'],
    ['127.255.255.254', 'private'],
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'private'],
    ['198.18.0.1', 'private'],
    ['::1', 'private'],
    ['fd12:3456::1', 'private'],
    ['fc00::', 'private'],
    ['::ffff:127.0.0.1', 'private'],
    ['::ffff:7f00:1', 'private'],
    ['::ffff:0:10.0.0.1', 'private'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['0.0.0.0', 'forbidden'],
    ['169.254.169.254', 'forbidden'],
    ['100.100.100.200', 'forbidden'],
    ['192.0.2.1', 'forbidden'],
    ['224.0.0.1', 'forbidden'],
    ['255.255.255.255', 'forbidden'],
    ['::', 'forbidden'],
    ['::ffff:169.254.169.254', 'forbidden'],
    ['64:ff9b::169.254.169.254', 'forbidden'],
    ['::127.0.0.1', 'forbidden'],
    ['64:ff9b:1::1', 'forbidden'],
    ['fe80::1', 'forbidden'],
    ['fe80::1%eth0', 'forbidden'],
    ['fec0::1', 'forbidden'],
    ['ff02::1', 'forbidden'],
    ['2002:7f00:1::', 'forbidden'],
    ['2001::1', 'forbidden'],
    ['2001:db8::1', 'forbidden'],
    ['fd00:ec2::254', 'forbidden'],
    // Edges of each range, and IPv4 addresses within IPv6 ones.
    ['0.255.255.255', 'forbidden'],
    ['1.0.0.0', 'public'],
    ['100.127.255.255', 'private'],
    ['100.128.0.0', 'public'],
    ['192.0.0.8', 'forbidden'],
    ['192.0.0.192', 'forbidden'],
    ['192.0.1.1', 'public'],
    ['192.88.99.1', 'forbidden'],
    ['198.17.255.255', 'public'],
    ['198.19.255.255', 'private'],
    ['198.20.0.0', 'public'],
    ['198.51.100.7', 'forbidden'],
    ['203.0.113.7', 'forbidden'],
    ['223.255.255.255', 'public'],
    ['239.255.255.255', 'forbidden'],
    ['240.0.0.1', 'forbidden'],
    ['168.63.129.16', 'forbidden'],
    ['::ffff:a9fe:a9fe', 'forbidden'],
    ['::ffff:100.64.0.1', 'private'],
    ['0:0:0:0:0:ffff:7f00:0001', 'private'],
    ['64:ff9b::7f00:1', 'private'],
    ['64:ff9b::a9fe:a9fe', 'forbidden'],
    ['64:ff9b:1:ffff:ffff:ffff:ffff:ffff', 'forbidden'],
    ['2002:a9fe:a9fe::1', 'forbidden'],
    ['2002:808:808::1', 'forbidden'],
    ['2001:0:4136:e378:8000:63bf:3fff:fdd2', 'forbidden'],
    ['2001:20::1', 'forbidden'],
    ['2001:200::1', 'public'],
    ['3fff:fff::1', 'forbidden'],
    ['100::1', 'forbidden'],
    ['5f00::1', 'forbidden'],
    ['fdff:ffff::1', 'private'],
    ['febf::1', 'forbidden'],
    ['ff0e::1', 'forbidden'],
    ['::7f00:1', 'forbidden'],
    ['0177.0.0.1', 'forbidden'],
    ['nonsense', 'forbidden'],
  ])('%s is %s', (address, tier) => expect(tierOf(address)).toBe(tier));
});

const dns =
  (...addresses: string[]): NonNullable<TargetOptions['resolve']> =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

const allowed = (url: string, options: TargetOptions = {}) =>
  new TargetGuard({ resolve: dns('8.8.8.8'), ...options }).check(url).then(
    ({ address }) => address,
    (error: { text: string }) => error.text,
  );

describe('endpoints', () => {
  it.each<[string, TargetOptions | undefined, string | RegExp]>([
    ['https://example.com/hook?a=1', undefined, '8.8.8.8'],
    ['http://example.com:8080', undefined, '8.8.8.8'],
    ['https://8.8.8.8/', undefined, '8.8.8.8'],
    ['https://[2606:4700:4700::1111]/', undefined, '2606:4700:4700::1111'],
    // Every way to write 127.0.0.1.
    ...['127.0.0.1', '127.1', '2130706433', '0x7f.1', '0177.0.0.1', '[::1]', '[::ffff:7f00:1]', '１２７.0.0.1'].map(
      (host): [string, undefined, RegExp] => [`http://${host}:8080/`, undefined, /public/],
    ),
    ['http://localhost:8080', { resolve: dns('127.0.0.1') }, /public/],
    ['http://two-faced.example', { resolve: dns('8.8.8.8', '10.0.0.1') }, /public/],
    ['http://nowhere.example', { resolve: dns() }, /no address/],
    ['http://nowhere.example', { resolve: () => Promise.reject(new Error('ENOTFOUND')) }, /not known/],
    ['https://user:pass@example.com', undefined, /credentials/],
    ['https://example.com/#x', undefined, /fragment/],
    ['https://example.com:22', undefined, /port 22/],
    ['https://example.com:25', undefined, /port 25/],
    ['https://example.com:6667', undefined, /port 6667/],
    ['file:///etc/passwd', undefined, /https:\/\/ or http:\/\//],
    ['http://example.com', { schemes: ['https'] }, /https:\/\//],
    ['https://example.com:444', { ports: [443] }, /port 444/],
    ['not a url', undefined, /not a URL/],
    [`https://example.com/${'x'.repeat(3000)}`, undefined, /not a URL/],
    ['http://127.0.0.1:1', { allowPrivate: true }, '127.0.0.1'],
    ['http://169.254.169.254/', { allowPrivate: true }, /public/],
    ['http://10.1.2.3/', { allow: ['10.1.0.0/16'] }, '10.1.2.3'],
    ['http://10.2.2.3/', { allow: ['10.1.0.0/16'] }, /public/],
    ['http://hooks.internal/', { allow: ['hooks.internal'], resolve: dns('10.0.0.1') }, '10.0.0.1'],
    ['http://[fd00::7]/', { allow: ['fd00::7'] }, 'fd00::7'],
  ])('%s with %j', async (url, options, expected) => {
    const result = await allowed(url, options);
    if (typeof expected === 'string') expect(result).toBe(expected);
    else expect(result).toMatch(expected);
  });

  it('refuses ranges that are none', () => {
    for (const range of ['10.0.0.0/33', '1.2.3.4/x', '::/129'])
      expect(() => new TargetGuard({ allow: [range] })).toThrow(/neither an IP address nor a range/);
  });
});

describe('endpoints', () => {
  test('a connection goes to the address that was checked, whatever the name resolves to a moment later', async () => {
    const hosts: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      hosts.push(request.headers.host);
      response.end('ok');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    let asked = 0;
    // First an address that is allowed, then others.
    const resolve = async () => [{ address: ++asked === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }];
    const guard = new TargetGuard({ allow: ['127.0.0.1'], resolve });
    const carrier = new Carrier(guard, { timeoutMs: 5000, maxResponseBytes: 100 });
    const post = () => carrier.post(`http://rebind.example:${port}/`, {}, 'x', new Set());
    expect(await post()).toEqual({ status: 200, response: 'ok' });
    expect([asked, hosts]).toEqual([1, [`rebind.example:${port}`]]);
    // Checked at every attempt, also where a connection is still open.
    expect(await post()).toEqual({ error: 'url: webhooks cannot go there: its host is not at a public address' });
    expect([asked, hosts.length]).toEqual([2, 1]);
    await carrier.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test('a resolver that never answers is given up with the attempt', async () => {
    const guard = new TargetGuard({ resolve: () => new Promise(() => {}) });
    const carrier = new Carrier(guard, { timeoutMs: 20, maxResponseBytes: 100 });
    expect(await carrier.post('http://slow.example/', {}, 'x', new Set())).toEqual({ error: 'no answer within 20 ms' });
    await carrier.close();
  });

  test('of a large answer no more is held than is shown', async () => {
    const server = createServer((_, response) => response.writeHead(500).end('x'.repeat(60_000)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const carrier = new Carrier(new TargetGuard({ allowPrivate: true }), { timeoutMs: 5000, maxResponseBytes: 65_536 });
    const post = () => carrier.post(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {}, 'x', new Set());
    await post();
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const held = () => (collectGarbage(), process.memoryUsage().heapUsed / 2 ** 20);
    const before = held();
    const outcomes: unknown[] = [];
    for (let n = 0; n < 300; n++) outcomes.push(await post());
    const growth = held() - before;
    expect(outcomes.length).toBe(300);
    // All of them would be 17 MiB.
    expect(growth).toBeLessThan(8);
    await carrier.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
