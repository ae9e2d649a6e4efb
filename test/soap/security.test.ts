import { generateKeyPairSync } from 'node:crypto';
import { BearerSecurity, WSSecurity, WSSecurityCert } from 'soap';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBlogService } from '../../src/blog/index.ts';
import { createClient } from '../../src/index.ts';
import { listen, type HttpServer } from '../../src/http/node/listen.ts';
import type { FetchLike } from '../../src/http/client/fetch-like.ts';
import type { WireRecord } from '../../src/peer/on-wire.ts';
import { soap } from '../../src/soap/client.ts';
import { soapHandler, type SoapHandlerOptions } from '../../src/soap/server.ts';
import { memoryNonceStore } from '../../src/stores/nonces.ts';
import { envelope, errorOf, post, serveBlogOverSoap, weather } from '../support/soap.ts';

const server = serveBlogOverSoap();

describe('WS-Security', () => {
  const users: SoapHandlerOptions['security'] = {
    user: (name) =>
      name === 'ada'
        ? { password: 'pass & <word>', headers: { 'X-User': 'ada' } }
        : name === 'bob'
          ? { verify: async (password) => password === 'bob' }
          : undefined,
    timestamp: true,
  };
  let secured: HttpServer;
  const seen: (string | undefined)[] = [];
  const asked = createBlogService({ context: ({ headers }) => void seen.push(headers['x-user']) });
  beforeAll(async () => {
    secured = await listen(soapHandler(asked, { security: users }));
  });
  afterAll(async () => {
    await secured.close();
    await asked.close();
  });
  const call = (security: WSSecurity, version: '1.1' | '1.2' = '1.1', onWire?: (record: WireRecord) => void) => {
    const client = createClient({ transport: soap({ url: `${secured.url}/soap`, version, security, ...(onWire && { onWire }) }) });
    return client.getWeather({ location: 'London' }, { headers: { 'x-user': 'forged' } }).finally(() => client.close());
  };

  test("soap's own classes are understood, text and digest, both versions", async () => {
    for (const version of ['1.1', '1.2'] as const) {
      for (const passwordType of ['PasswordText', 'PasswordDigest']) {
        expect(await call(new WSSecurity('ada', 'pass & <word>', { passwordType, mustUnderstand: true }), version)).toMatchObject({
          location: 'London',
        });
      }
    }
    expect(seen).toEqual(['ada', 'ada', 'ada', 'ada']);
    expect(await call(new WSSecurity('bob', 'bob', {}))).toMatchObject({ location: 'London' });
  });

  test('anything else is UNAUTHENTICATED', async () => {
    const refused: [WSSecurity, RegExp][] = [
      [new WSSecurity('ada', 'wrong', { passwordType: 'PasswordText' }), /wrong/],
      [new WSSecurity('ada', 'wrong', { passwordType: 'PasswordDigest' }), /wrong/],
      [new WSSecurity('eve', 'x', {}), /wrong/],
      [new WSSecurity('bob', 'bob', { passwordType: 'PasswordDigest' }), /wrong/],
      [new WSSecurity('ada', 'pass & <word>', { hasTimeStamp: false }), /Timestamp/],
      [new WSSecurity('ada', 'pass & <word>', { passwordType: 'PasswordDigest', hasTokenCreated: false }), /Created/],
    ];
    for (const [security, message] of refused) {
      const error = await errorOf(call(security));
      expect(error).toMatchObject({ code: 'UNAUTHENTICATED', remote: true });
      expect(error.message).toMatch(message);
    }
    expect((await post(secured.url, weather('London'))).text).toContain('UNAUTHENTICATED');
    for (const body of [envelope('<x/>'), weather('<b/>'), envelope('<<bad'), '<x/>']) {
      const { text } = await post(secured.url, body);
      expect(text).toContain('UNAUTHENTICATED');
      expect(text).not.toMatch(/<Message>[^<]*(Location|well-formed|Envelope)/);
    }
  });

  test('a nonce counts once, an old message not at all', async () => {
    const header = new WSSecurity('ada', 'pass & <word>', { passwordType: 'PasswordDigest' }).toXML();
    expect((await post(secured.url, weather('London', header))).status).toBe(200);
    expect((await post(secured.url, weather('London', header))).text).toContain('used before');
    // The same bytes in another base64: spaces, and bits behind the end.
    const spaced = header.replace(/(<wsse:Nonce[^>]*>)(.)/, '$1$2 ');
    expect(spaced).not.toBe(header);
    expect((await post(secured.url, weather('London', spaced))).text).toContain('used before');
    const old = new WSSecurity('ada', 'pass & <word>', {}).toXML().replaceAll(/\d{4}-\d\d-\d\dT/g, '2020-01-01T');
    expect((await post(secured.url, weather('London', old))).text).toMatch(/expired|too old/);
    const twice = new WSSecurity('ada', 'pass & <word>', {}).toXML();
    expect((await post(secured.url, weather('London', twice + twice))).text).toContain('two Security blocks');
  });

  test('a user who sends too many tokens is refused, and nobody else is', async () => {
    const own = await listen(
      soapHandler(asked, { security: { user: (name) => ({ password: name }), nonceStore: memoryNonceStore({ maxBytes: 5_600 }) } }),
    );
    const token = (name: string, passwordType: string) => new WSSecurity(name, name, { passwordType, hasNonce: true }).toXML();
    const send = async (name: string, passwordType = 'PasswordDigest') =>
      (await post(own.url, weather('London', token(name, passwordType)))).text;
    const flood = async (name: string) => {
      for (let taken = 0; ; taken++) if ((await send(name)).includes('RESOURCE_EXHAUSTED')) return taken;
    };
    expect(await flood('ada')).toBe(10);
    // Another spelling of the name is not another share.
    expect(await send(' ADA'.trim())).toContain('RESOURCE_EXHAUSTED');
    expect(await send('bob')).toContain('22°C');
    expect(await send('eve', 'PasswordText')).toContain('22°C');
    expect(await send('ada', 'PasswordText')).toContain('RESOURCE_EXHAUSTED');
    await own.close();
  });

  test('a nonce store that fails or does not answer is UNAVAILABLE, and reported', async () => {
    const reports: unknown[] = [];
    const broken = new Error('the disk is full');
    for (const use of [() => Promise.reject(broken), () => new Promise<never>(() => {})]) {
      const own = await listen(
        soapHandler(asked, {
          security: { user: (name) => ({ password: name }), nonceStore: { use }, storeTimeoutMs: 50 },
          onError: (error) => reports.push(error),
        }),
      );
      const { status, text } = await post(
        own.url,
        weather('London', new WSSecurity('ada', 'ada', { passwordType: 'PasswordDigest' }).toXML()),
      );
      expect([status, text]).toEqual([500, expect.stringContaining('UNAVAILABLE')]);
      expect(text).not.toContain('disk');
      await own.close();
    }
    expect(reports).toContain(broken);
  });

  test('passwords do not reach onWire', async () => {
    const wire: WireRecord[] = [];
    await call(new WSSecurity('ada', 'pass & <word>', { passwordType: 'PasswordText' }), '1.1', (record) => wire.push(record));
    expect(wire[0]?.body).toContain('[redacted]');
    expect(wire[0]?.body).not.toContain('&lt;word&gt;');
    const security = { toXML: () => '<x:Password><![CDATA[SEC<RET]]></x:Password>' };
    const transport = soap({ url: `${secured.url}/soap`, security, onWire: (record) => wire.push(record) });
    await errorOf(createClient({ transport }).getWeather({ location: 'London' }));
    expect(JSON.stringify(wire)).not.toMatch(/SEC|RET/);
  });

  test('without the option, a Security block that must be understood is refused', async () => {
    const header = new WSSecurity('ada', 'x', { mustUnderstand: true }).toXML().replace('soap:mustUnderstand', 's:mustUnderstand');
    expect((await post(server.url, weather('London', header))).text).toContain('MustUnderstand');
  });

  test('credentials in HTTP headers do not reach onWire, whatever the case of their names', async () => {
    const wire: WireRecord[] = [];
    const transport = soap({
      url: `${server.url}/soap`,
      security: new BearerSecurity('secret-token'),
      onWire: (record) => wire.push(record),
    });
    const client = createClient({ transport });
    await client.getWeather({ location: 'London' }, { headers: { authorization: 'Bearer of-the-call' } });
    expect(wire[0]?.headers).toMatchObject({ authorization: '[redacted]' });
    expect(JSON.stringify(wire)).not.toMatch(/secret-token|of-the-call/);
    await client.close();
  });

  test("soap's X.509 class signs the envelope", async () => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const bodies: string[] = [];
    const replay: FetchLike = async (_, init) => {
      bodies.push(await new Response(init?.body ?? null).text());
      return new Response(envelope(`<DeletePostResponse xmlns="http://example.com/postservice"/>`), {
        headers: { 'content-type': 'text/xml' },
      });
    };
    const security = new WSSecurityCert(privateKey, '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----', '');
    const client = createClient({ transport: soap({ url: 'http://example.com/soap', fetch: replay, security }) });
    await client.deletePost({ id: 1 });
    expect(bodies[0]).toMatch(/<soap:Header><wsse:Security .*<SignatureValue>.*<\/wsse:Security><\/soap:Header><soap:Body/);
    expect(bodies[0]).not.toContain('<!--');
  });
});
