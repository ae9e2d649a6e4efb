import { generateKeyPairSync } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { BearerSecurity, WSSecurity, WSSecurityCert } from 'soap';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test, vi } from 'vitest';
import * as z from 'zod';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import { createClient } from '../../src/index.ts';
import { defineContract, mutation, query } from '../../src/core/define.ts';
import { ApiError, isApiError } from '../../src/core/errors.ts';
import { listen, type HttpServer } from '../../src/http/node/listen.ts';
import type { FetchLike } from '../../src/http/client/fetch-like.ts';
import type { WireRecord } from '../../src/peer/on-wire.ts';
import { createService } from '../../src/service/service.ts';
import type { CallRequest, Transport } from '../../src/core/transport.ts';
import { soap, type SoapWsdlOptions } from '../../src/soap/client.ts';
import { soapHandler, wsdl, type SoapHandlerOptions } from '../../src/soap/server.ts';
import { startRawServer } from '../support/raw-server.ts';

const N11 = 'http://schemas.xmlsoap.org/soap/envelope/';
const WEATHER = 'http://example.com/weatherservice';

function envelope(body: string, header = ''): string {
  return `<s:Envelope xmlns:s="${N11}">${header && `<s:Header>${header}</s:Header>`}<s:Body>${body}</s:Body></s:Envelope>`;
}

function weather(location: string, header?: string): string {
  return envelope(`<GetWeatherRequest xmlns="${WEATHER}"><Location>${location}</Location></GetWeatherRequest>`, header);
}

async function errorOf(work: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isApiError(error)) throw new Error(`no ApiError: ${String(error)}`);
  return error;
}

const service = createBlogService();
let server: HttpServer;
beforeAll(async () => {
  server = await listen(soapHandler(service));
});
afterAll(async () => {
  await server.close();
  await service.close();
});

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

async function post(body: string | Uint8Array, headers: Record<string, string> = {}, url = server.url): Promise<Answer> {
  const response = await fetch(`${url}/soap`, {
    method: 'POST',
    headers: { 'content-type': 'text/xml', ...headers },
    body: body as string,
  });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

describe('what a server must withstand', () => {
  const heap = () => {
    globalThis.gc?.();
    return process.memoryUsage().rss;
  };

  test.each<[string, string, RegExp]>([
    [
      'a billion laughs',
      `<!DOCTYPE lolz [<!ENTITY a "lol">${Array.from({ length: 9 }, (_, n) => `<!ENTITY ${'abcdefghij'[n + 1]} "${`&${'abcdefghij'[n]};`.repeat(10)}">`).join('')}]>${weather('&j;')}`,
      /document type declaration/,
    ],
    ['an external entity', `<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>${weather('&x;')}`, /document type declaration/],
    ['an external DTD', `<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">${weather('London')}`, /document type declaration/],
    [
      '10,000 levels that nobody knows',
      envelope(`<GetWeatherRequest xmlns="${WEATHER}">${'<x>'.repeat(10_000)}${'</x>'.repeat(10_000)}</GetWeatherRequest>`),
      /64 levels/,
    ],
    ['10,000 levels in an unknown operation', envelope('<x>'.repeat(10_000) + '</x>'.repeat(10_000)), /64 levels/],
    ['10,000 levels in the header', weather('London', '<x>'.repeat(10_000) + '</x>'.repeat(10_000)), /64 levels/],
    ['10,000 levels that do not end', envelope('').replace('</s:Body></s:Envelope>', '<x>'.repeat(10_000)), /64 levels/],
    ['an undeclared prefix', envelope('<q:GetWeatherRequest/>'), /unbound namespace prefix/],
    ['a doubled attribute', envelope('<x a="1" a="2"/>'), /duplicate attribute/],
    ['XML 1.1', `<?xml version="1.1"?>${weather('London')}`, /XML 1\.1/],
    ['Latin-1', `<?xml version="1.0" encoding="ISO-8859-1"?>${weather('London')}`, /send UTF-8/],
    ['a control character', weather('Lon\u0001don'), /disallowed character/],
    ['a reference to a control character', weather('Lon&#1;don'), /./],
    ['text in the Envelope', weather('London').replace('<s:Body>', 'text<s:Body>'), /text/],
    ['text among elements', envelope(`<GetWeatherRequest xmlns="${WEATHER}">London</GetWeatherRequest>`), /stands where elements/],
    ['an element in text', weather('<b>London</b>'), /stands where text/],
    ['something behind the Body', weather('London').replace('</s:Body>', '</s:Body><x/>'), /follows the Body/],
    ['a Header behind the Body', weather('London').replace('</s:Body>', '</s:Body><s:Header/>'), /follows the Body/],
    ['no Body', `<s:Envelope xmlns:s="${N11}"/>`, /no Body/],
    ['nothing', '', /root element/],
    ['JSON', '{"location":"London"}', /not well-formed/],
  ])('%s is a clear fault, and the next call works', async (_, body, message) => {
    const { status, text, type } = await post(body);
    expect([status, type]).toEqual([500, 'text/xml; charset=utf-8']);
    expect(text).toContain('<faultcode>soap:Client</faultcode>');
    expect(text).toMatch(message);
    expect(text).not.toMatch(/root:|at .*\.(js|ts)/);
    expect((await post(weather('London'))).status).toBe(200);
  });

  test('2 MB of text are 413, and memory stays flat', async () => {
    const before = heap();
    for (let round = 0; round < 20; round++) expect((await post(weather('x'.repeat(2_000_000)))).status).toBe(413);
    expect(heap() - before).toBeLessThan(200_000_000);
  });

  test('a megabyte of entities or of attributes is read in a moment', async () => {
    expect((await post(weather('&amp;'.repeat(200_000)))).text).toContain('INVALID_ARGUMENT');
    const many = Array.from({ length: 60_000 }, (_, n) => `a${n}="${n}"`).join(' ');
    expect((await post(envelope(`<x ${many}/>`))).text).toContain('UNIMPLEMENTED');
    expect((await post(weather('London', '<h/>'.repeat(100_000)))).status).toBe(200);
  });

  test('what is not XML by its type is 415, other methods are 405', async () => {
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
      expect((await post(weather('London'), { 'content-type': type })).status).toBe(415);
    }
    expect((await post(weather('London'), { 'content-type': 'text/xml; charset=latin1' })).status).toBe(415);
    expect((await fetch(`${server.url}/soap`)).status).toBe(405);
    const put = await fetch(`${server.url}/soap`, { method: 'PUT', body: 'x' });
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS, POST']);
    expect(await put.json()).toMatchObject({ detail: '/soap answers POST with a SOAP envelope, not PUT' });
    expect((await fetch(`${server.url}/soap`, { method: 'OPTIONS' })).headers.get('allow')).toContain('POST');
    expect((await fetch(`${server.url}/other`)).status).toBe(404);
  });
});

describe('bodies', () => {
  const utf16 = (text: string) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);

  test('gzip is taken, within the limit', async () => {
    expect((await post(gzipSync(weather('London')), { 'content-encoding': 'gzip' })).text).toContain('22°C');
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, 0x20), { level: 9 });
    const before = process.memoryUsage().rss;
    expect((await post(bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
    expect((await post(weather('London'), { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await post(gzipSync(weather('London')).subarray(0, 60), { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await post(gzipSync(weather('London')), { 'content-encoding': 'br' })).status).toBe(415);
  });

  test('UTF-16 and a byte order mark are taken', async () => {
    expect(
      (await post(utf16(`<?xml version="1.0" encoding="utf-16"?>${weather('London')}`), { 'content-type': 'text/xml; charset=utf-16' }))
        .status,
    ).toBe(200);
    expect((await post(`\ufeff${weather('London')}`)).status).toBe(200);
    expect((await post(Buffer.from([0xff, 0xfe, 0xfd]))).status).toBe(400);
  });
});

describe('the WSDL', () => {
  test('says the address that was asked, or the one of the option', async () => {
    const asked = await fetch(`${server.url}/soap?wsdl`);
    expect(asked.headers.get('content-type')).toBe('text/xml; charset=utf-8');
    expect(await asked.text()).toContain(`<soap:address location="${server.url}/soap"/>`);
    const other = await listen(soapHandler(service, { path: '/ws/blog', address: 'https://example.com/?a=1&b="' }));
    expect(await (await fetch(`${other.url}/ws/blog?WSDL`)).text()).toContain(
      '<soap12:address location="https://example.com/?a=1&amp;b=&quot;"/>',
    );
    await other.close();
  });

  test('takes the address for text, whatever is in it', () => {
    for (const pattern of ["$'", '$`', '$&', '$$'])
      expect(wsdl(service.contract, `http://${pattern}/soap`)).toContain(`location="http://${pattern.replace('&', '&amp;')}/soap"`);
  });

  test('names that become one are refused', () => {
    const fields = defineContract({
      name: 'twice',
      operations: { put: mutation({ input: z.object({ user_id: z.string(), userId: z.string() }) }) },
    });
    expect(() => wsdl(fields, '/')).toThrow("'UserId' twice");
    const services = defineContract({ name: 'twice', operations: { one: query({ service: 'user' }), two: query({ service: 'User' }) } });
    expect(() => wsdl(services, '/')).toThrow("would both be 'UserService'");
    const odd = defineContract({ name: 'odd', operations: { put: mutation({ input: z.object({ '1st': z.string() }) }) } });
    expect(() => wsdl(odd, '/')).toThrow("'1st'");
  });

  test('.meta({ soap: { name } }) renames an element', async () => {
    const contract = defineContract({
      name: 'renamed',
      operations: { put: mutation({ input: z.object({ '1st': z.string().meta({ soap: { name: 'First' } }) }), output: z.string() }) },
    });
    const renamed = createService(contract, { put: ({ '1st': first }) => first });
    const own = await listen(soapHandler(renamed));
    const wire: WireRecord[] = [];
    const client = createClient({ contract, transport: soap({ url: `${own.url}/soap`, onWire: (record) => wire.push(record) }) });
    expect(await client.put({ '1st': 'x' })).toBe('x');
    expect(wire[0]?.body).toContain('<PutRequest xmlns="http://example.com/renamedservice"><First>x</First></PutRequest>');
    expect(wire[1]?.body).toContain('<PutResult>x</PutResult>');
    await client.close();
    await own.close();
  });
});

describe('unions without a discriminator, and any JSON', () => {
  const contract = defineContract({
    name: 'mixed',
    operations: {
      echo: mutation({
        input: z.object({
          key: z.union([z.string(), z.int(), z.boolean()]).nullable(),
          any: z.unknown(),
          list: z.array(z.union([z.string(), z.object({ a: z.string() })])),
        }),
        output: z.object({
          key: z.union([z.string(), z.int(), z.boolean()]).nullable(),
          any: z.unknown(),
          list: z.array(z.union([z.string(), z.object({ a: z.string() })])),
        }),
      }),
    },
  });

  test('come back as they were', async () => {
    const mixed = createService(contract, { echo: (input) => input as never });
    const own = await listen(soapHandler(mixed));
    const client = createClient({ contract, transport: soap({ url: `${own.url}/soap` }) });
    for (const key of ['7', 7, true, '', null]) {
      for (const any of [null, 'null', 7, { a: ['<&>', null, '\ufffe\u0000'] }, []]) {
        const value = { key, any, list: ['x', { a: '1' }, ''] };
        expect(await client.echo(value)).toEqual(value);
      }
    }
    await client.close();
    await own.close();
  });
});

describe('text that XML cannot carry', () => {
  test('is refused by name before it is sent', async () => {
    const client = createClient({ transport: soap({ url: `${server.url}/soap` }) });
    for (const [text, name] of [
      ['a\u0000b', 'U+0000'],
      ['\u001f', 'U+001F'],
      ['\uffff', 'U+FFFF'],
      ['\ud83d', 'U+D83D'],
    ] as const) {
      const error = await errorOf(client.sendMessage({ sender: 'x', message: text }));
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', sent: false, details: { issues: [{ path: ['message'] }] } });
      expect(error.message).toContain(name);
    }
    for (const text of [']]>', '<&>', '😀', '\u007f\u0085\u2028', 'a\r\nb\rc\td']) {
      expect((await client.sendMessage({ sender: 'x', message: text })).message).toBe(text);
    }
    await client.close();
  });

  test('in an output is INTERNAL, named, and reported; in a message it is replaced', async () => {
    const contract = defineContract({
      name: 'odd',
      operations: { give: query({ output: z.object({ list: z.array(z.string()) }) }), fail: query({}) },
    });
    const errors: unknown[] = [];
    const odd = createService(
      contract,
      {
        give: () => ({ list: ['fine', 'a\u0000'] }),
        fail: () => {
          throw new Error('not this');
        },
      },
      { onError: () => {} },
    );
    const own = await listen(soapHandler(odd, { onError: (error) => errors.push(error) }));
    const client = createClient({ contract, transport: soap({ url: `${own.url}/soap` }) });
    const error = await errorOf(client.give());
    expect(error).toMatchObject({ code: 'INTERNAL', remote: true });
    expect(error.message).toContain('list.1: the character U+0000');
    expect(errors).toHaveLength(1);
    expect((await errorOf(client.fail())).text).not.toContain('not this');
    await client.close();
    await own.close();
  });
});

test('a reporter that throws changes no answer', async () => {
  const broken: Transport = {
    ...{ contract: blogContract, name: 'broken', subscribe: async () => {}, close: async () => {} },
    call: () => Promise.reject(new Error('no ApiError')),
  };
  const own = await listen(
    soapHandler(broken, {
      onError: () => {
        throw new Error('the reporter is broken too');
      },
    }),
  );
  const unheard = vi.spyOn(console, 'error').mockImplementation(() => {});
  const answer = await post(weather('London'), {}, own.url);
  expect(answer).toMatchObject({ status: 500, type: 'text/xml; charset=utf-8' });
  expect(answer.text).toContain('INTERNAL');
  unheard.mockRestore();
  await own.close();
});

describe('replies of others', () => {
  const client = (status: number, body: string, type = 'text/xml', headers: Record<string, string> = {}) => {
    const replay: FetchLike = async () =>
      new Response(status === 204 ? null : body, { status, headers: { 'content-type': type, ...headers } });
    return createClient({ transport: soap({ url: 'http://example.com/soap', fetch: replay }) });
  };
  const fault11 = (code: string, more = '') =>
    envelope(`<s:Fault><faultcode>${code}</faultcode><faultstring> broken </faultstring>${more}</s:Fault>`);
  const fault12 = (code: string, sub = '') =>
    `<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><e:Fault><e:Code><e:Value>e:${code}</e:Value>${sub}</e:Code><e:Reason><e:Text xml:lang="de">kaputt</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>`;

  test.each<[string, number, string, string, string]>([
    ['a client fault', 500, fault11('s:Client'), 'INVALID_ARGUMENT', 'broken'],
    ['a server fault', 500, fault11('s:Server.Database'), 'UNKNOWN', 'broken'],
    ['a fault with status 200', 200, fault11('s:Server'), 'UNKNOWN', 'broken'],
    ['a fault of WS-Security', 500, fault11('wsse:FailedAuthentication'), 'UNAUTHENTICATED', 'broken'],
    ['a fault without a code', 500, fault11(''), 'UNKNOWN', 'broken'],
    [
      'a foreign detail',
      500,
      fault11('s:Client', '<detail><x xmlns="urn:x"><Code>NOT_FOUND</Code></x></detail>'),
      'INVALID_ARGUMENT',
      'broken',
    ],
    ['a SOAP 1.2 fault', 400, fault12('Sender'), 'INVALID_ARGUMENT', 'kaputt'],
    [
      'a SOAP 1.2 subcode',
      400,
      fault12('Sender', '<e:Subcode><e:Value>w:FailedAuthentication</e:Value></e:Subcode>'),
      'UNAUTHENTICATED',
      'kaputt',
    ],
    ['an HTML page', 503, '<html><body>Maintenance</body>', 'UNAVAILABLE', 'the server answered 503'],
    ['plain text', 404, 'no', 'NOT_FOUND', 'the server answered 404'],
    ['an HTML page with 200', 200, '<html></html>', 'DATA_LOSS', 'not a SOAP Envelope'],
    ['nothing with 200', 200, '', 'DATA_LOSS', 'no SOAP envelope'],
    ['another answer', 200, envelope('<Other xmlns="urn:x"/>'), 'DATA_LOSS', "<Other> of 'urn:x'"],
    ['another namespace', 200, envelope('<GetWeatherResponse xmlns="urn:x"/>'), 'DATA_LOSS', "of 'urn:x'"],
    ['a DTD', 200, `<!DOCTYPE x []>${envelope('<x/>')}`, 'DATA_LOSS', 'document type'],
    ['levels without end', 200, envelope('<x>'.repeat(5000)), 'DATA_LOSS', 'levels deep'],
  ])('%s', async (_, status, body, code, message) => {
    const error = await errorOf(client(status, body).getWeather({ location: 'x' }));
    expect(error).toMatchObject({ code, remote: true });
    expect(error.text).toContain(message);
  });

  test('attachments are named for what they are', async () => {
    const type = 'multipart/related; type="application/xop+xml"; boundary=x';
    const error = await errorOf(client(200, '--x\r\n\r\n', type).getWeather({ location: 'x' }));
    expect(error).toMatchObject({ code: 'DATA_LOSS' });
    expect(error.text).toContain('MTOM');
  });

  test('Retry-After and redirects are told', async () => {
    expect(await errorOf(client(503, '', 'text/plain', { 'retry-after': '2' }).getWeather({ location: 'x' }))).toMatchObject({
      code: 'UNAVAILABLE',
      retryAfterMs: 2000,
    });
    expect((await errorOf(client(302, '', 'text/plain', { location: '/new' }).getWeather({ location: 'x' }))).text).toContain('/new');
  });

  test('202 without a body is enough where there is no output', async () => {
    expect(await client(202, '').deletePost({ id: 1 })).toBeUndefined();
  });
});

describe('the client', () => {
  test('has no events, and says who has', async () => {
    const adapter = soap({ url: `${server.url}/soap` });
    const client = createClient({ transport: adapter });
    expectTypeOf(client).not.toHaveProperty('onMessage');
    const onMessage = (client as unknown as { onMessage: (listener: () => void) => Promise<unknown> }).onMessage;
    const error = await errorOf(onMessage(() => {}));
    expect(error.code).toBe('UNIMPLEMENTED');
    expect(error.message).toMatch(/REST, GraphQL, WebSocket, gRPC or MQTT/);
    await client.close();
  });

  test('finds the endpoint of a url without a path', async () => {
    for (const url of [server.url, `${server.url}/`]) {
      const client = createClient({ transport: soap({ url }) });
      expect(await client.getWeather({ location: 'Oslo' })).toMatchObject({ conditions: 'Rain' });
      await client.close();
    }
  });

  test('says so where the WSDL is cut off, is none, or is not there', async () => {
    const raw = await startRawServer((socket, head) => {
      if (head.startsWith('GET /cut')) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n<wsdl:definitions');
      else socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\n<x/>');
    });
    for (const wsdl of [`${raw.url}/cut`, `${raw.url}/none`, 'http://127.0.0.1:1/', '/no/such/file']) {
      const client = createClient({ transport: soap({ wsdl, operations: { getWeather: { operation: 'GetWeather' } } }) });
      expect(await errorOf(client.getWeather({ location: 'x' }))).toMatchObject({ code: 'UNAVAILABLE' });
      await client.close();
    }
    await raw.close();
  });

  describe('reads a foreign WSDL', () => {
    const own = wsdl(blogContract, 'http://127.0.0.1:1/soap');
    const answer = (body: string, head = '200 OK') => `HTTP/1.1 ${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    const open = (options: Omit<SoapWsdlOptions<'getWeather'>, 'operations'>) =>
      createClient({ transport: soap({ ...options, operations: { getWeather: { operation: 'GetWeather', output: 'Weather' } } }) });
    const weather = answer(
      envelope(
        '<GetWeatherResponse xmlns="http://example.com/weatherservice"><Weather><Location>x</Location><Temperature>1</Temperature><Conditions>y</Conditions></Weather></GetWeatherResponse>',
      ),
    );

    test('with the headers and credentials of the client, and tells onWire', async () => {
      const raw = await startRawServer((socket, head) => socket.write(head.startsWith('GET') ? answer(own) : weather));
      const wire: WireRecord[] = [];
      const client = open({
        wsdl: `${raw.url}/?wsdl`,
        url: `${raw.url}/soap`,
        headers: async () => ({ 'x-tenant': 't1' }),
        security: new BearerSecurity('secret-token'),
        onWire: (record) => wire.push(record),
      });
      expect(await client.getWeather({ location: 'x' })).toMatchObject({ conditions: 'y' });
      expect(raw.heads.map((head) => head.split(' ')[0])).toEqual(['GET', 'POST']);
      for (const head of raw.heads) expect(head).toMatch(/authorization: Bearer secret-token/i);
      for (const head of raw.heads) expect(head).toMatch(/x-tenant: t1/i);
      expect(wire.map(({ start }) => start)).toEqual(['GET /?wsdl', '200 OK', 'POST /soap', '200 OK']);
      expect(JSON.stringify(wire)).not.toContain('secret-token');
      await client.close();
      await raw.close();
    });

    test('and what it imports, from elsewhere without the credentials, and never from a file', async () => {
      const imports = (location: string) =>
        `<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:x"><wsdl:import namespace="http://example.com/" location="${location}"/></wsdl:definitions>`;
      const other = await startRawServer((socket) => socket.write(answer(own)));
      const raw = await startRawServer((socket, head) =>
        socket.write(
          head.startsWith('POST')
            ? weather
            : answer(imports(head.startsWith('GET /file') ? 'file:///etc/passwd' : `${other.url}/own.wsdl`)),
        ),
      );
      const headers = { 'x-api-key': 'k' };
      const client = open({ wsdl: `${raw.url}/?wsdl`, url: `${raw.url}/soap`, headers });
      await client.getWeather({ location: 'x' });
      expect(raw.heads[0]).toContain('x-api-key');
      expect(other.heads).toHaveLength(1);
      expect(other.heads[0]).not.toContain('x-api-key');
      await client.close();
      const filed = open({ wsdl: `${raw.url}/file`, headers });
      expect(await errorOf(filed.getWeather({ location: 'x' }))).toMatchObject({ code: 'DATA_LOSS', sent: false });
      await filed.close();
      await raw.close();
      await other.close();
    });

    test('within its time, its size, and the life of the calls that wait for it', async () => {
      let began: () => void = () => {};
      const raw = await startRawServer((socket, head) => {
        began();
        if (head.startsWith('GET /large')) socket.write(`HTTP/1.1 200 OK\r\n\r\n${' '.repeat(70_000)}`);
        if (head.startsWith('GET /slow')) socket.write('HTTP/1.1 200 OK\r\n\r\n<wsdl:definitions');
      });
      const large = open({ wsdl: `${raw.url}/large`, maxWsdlBytes: 65_536 });
      const tooLarge = await errorOf(large.getWeather({ location: 'x' }));
      expect(tooLarge).toMatchObject({ code: 'DATA_LOSS', sent: false });
      expect(tooLarge.text).toContain('65536');
      const silent = open({ wsdl: `${raw.url}/silent`, wsdlTimeoutMs: 20 });
      const late = await errorOf(silent.getWeather({ location: 'x' }, { timeoutMs: Infinity }));
      expect(late).toMatchObject({ code: 'UNAVAILABLE', sent: false });
      expect(late.text).toContain('20 ms');
      for (const client of [large, silent]) await client.close();
      await raw.allClosed();
      // One of two leaves: the other still waits. Both: the request is over.
      const slow = open({ wsdl: `${raw.url}/slow` });
      const asked = new Promise<void>((resolve) => (began = resolve));
      const [first, second] = [new AbortController(), new AbortController()];
      const calls = [first, second].map(({ signal }) => errorOf(slow.getWeather({ location: 'x' }, { signal })));
      await asked;
      first.abort();
      expect((await calls[0])?.code).toBe('CANCELLED');
      expect(raw.open).toBe(1);
      expect(raw.heads.filter((head) => head.startsWith('GET /slow'))).toHaveLength(1);
      second.abort();
      expect((await calls[1])?.code).toBe('CANCELLED');
      await raw.allClosed();
      // A client that is closed waits for nothing.
      const again = new Promise<void>((resolve) => (began = resolve));
      const last = errorOf(slow.getWeather({ location: 'x' }));
      await again;
      await slow.close();
      expect((await last).code).toMatch(/CANCELLED|UNAVAILABLE/);
      await raw.allClosed();
      await raw.close();
    });

    test('for nobody, where the only call had ended before it began', async () => {
      const raw = await startRawServer(() => {});
      const transport = soap({ wsdl: raw.url, operations: { getWeather: { operation: 'GetWeather' } } })(blogContract);
      const request = { operation: blogContract.operations.getWeather, input: { location: 'x' }, headers: {} } as unknown as CallRequest;
      const gone = AbortSignal.abort(new ApiError('CANCELLED', 'gone'));
      expect(await errorOf(transport.call({ ...request, signal: gone }))).toMatchObject({ code: 'CANCELLED' });
      await transport.close();
      await raw.allClosed();
      await raw.close();
    });

    test('and says what the server answered instead; redirects are not followed', async () => {
      const raw = await startRawServer((socket, head) => {
        if (head.startsWith('GET /moved')) socket.write('HTTP/1.1 302 Found\r\nlocation: /new\r\ncontent-length: 0\r\n\r\n');
        else if (head.startsWith('GET /busy')) socket.write(answer('', '503 Busy\r\nretry-after: 2'));
        else socket.write(answer('who are you', '401 Unauthorized'));
      });
      const ask = async (path: string) => {
        const client = open({ wsdl: `${raw.url}${path}` });
        const error = await errorOf(client.getWeather({ location: 'x' }));
        await client.close();
        return error;
      };
      expect((await ask('/moved')).text).toContain('/new');
      expect(raw.heads).toHaveLength(1);
      expect(await ask('/busy')).toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: 2000, sent: false });
      expect(await ask('/who')).toMatchObject({ code: 'UNAUTHENTICATED', sent: false, remote: true });
      await raw.close();
    });
  });

  test('refuses options that cannot work', () => {
    for (const url of ['', '/soap', 'ftp://x/', 'http://u:p@x/', 'http://:p@x/', 'http://x/#y'])
      expect(() => soap({ url })).toThrow(/soap:/);
    expect(() => soap({ url: 'http://x/', version: '1.3' as '1.2' })).toThrow("'1.3'");
    expect(() => createClient({ transport: soap({ wsdl: 'x', operations: { nothing: { operation: 'X' } } }) })).toThrow(
      "no operation 'nothing'",
    );
    expect(() => soapHandler(service, { path: 'soap' })).toThrow('/soap');
  });
});

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
    expect((await post(weather('London'), {}, secured.url)).text).toContain('UNAUTHENTICATED');
    for (const body of [envelope('<x/>'), weather('<b/>'), envelope('<<bad'), '<x/>']) {
      const { text } = await post(body, {}, secured.url);
      expect(text).toContain('UNAUTHENTICATED');
      expect(text).not.toMatch(/<Message>[^<]*(Location|well-formed|Envelope)/);
    }
  });

  test('a nonce counts once, an old message not at all', async () => {
    const header = new WSSecurity('ada', 'pass & <word>', { passwordType: 'PasswordDigest' }).toXML();
    expect((await post(weather('London', header), {}, secured.url)).status).toBe(200);
    expect((await post(weather('London', header), {}, secured.url)).text).toContain('used before');
    // The same bytes in another base64: spaces, and bits behind the end.
    const spaced = header.replace(/(<wsse:Nonce[^>]*>)(.)/, '$1$2 ');
    expect(spaced).not.toBe(header);
    expect((await post(weather('London', spaced), {}, secured.url)).text).toContain('used before');
    const old = new WSSecurity('ada', 'pass & <word>', {}).toXML().replaceAll(/\d{4}-\d\d-\d\dT/g, '2020-01-01T');
    expect((await post(weather('London', old), {}, secured.url)).text).toMatch(/expired|too old/);
    const twice = new WSSecurity('ada', 'pass & <word>', {}).toXML();
    expect((await post(weather('London', twice + twice), {}, secured.url)).text).toContain('two Security blocks');
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
    expect((await post(weather('London', header))).text).toContain('MustUnderstand');
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
      bodies.push(String(init?.body));
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
