import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createService, defineContract, query } from '../../src/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { soapHandler } from '../../src/soap/server.ts';
import { envelope, N11, post, serveBlogOverSoap, WEATHER, weather } from '../support/soap.ts';

const server = serveBlogOverSoap();

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
    ['text among elements', envelope(`<GetWeatherRequest xmlns="${WEATHER}">London</GetWeatherRequest>`), /at a place of elements/],
    ['an element in text', weather('<b>London</b>'), /at a place of text/],
    ['something behind the Body', weather('London').replace('</s:Body>', '</s:Body><x/>'), /follows the Body/],
    ['a Header behind the Body', weather('London').replace('</s:Body>', '</s:Body><s:Header/>'), /follows the Body/],
    ['no Body', `<s:Envelope xmlns:s="${N11}"/>`, /no Body/],
    ['nothing', '', /root element/],
    ['JSON', '{"location":"London"}', /not well-formed/],
  ])('%s is a clear fault, and the next call works', async (_, body, message) => {
    const { status, text, type } = await post(server.url, body);
    expect([status, type]).toEqual([500, 'text/xml; charset=utf-8']);
    expect(text).toContain('<faultcode>soap:Client</faultcode>');
    expect(text).toMatch(message);
    expect(text).not.toMatch(/root:|at .*\.(js|ts)/);
    expect((await post(server.url, weather('London'))).status).toBe(200);
  });

  test.each<[string, (long: string) => string]>([
    ['an operation', (long) => envelope(`<${long}/>`)],
    ['a namespace', (long) => envelope(`<GetWeatherRequest xmlns="${long}"/>`)],
    [
      'the namespace of a field',
      (long) => envelope(`<GetWeatherRequest xmlns="${WEATHER}"><Location xmlns="${long}"/></GetWeatherRequest>`),
    ],
    ['the namespace of the envelope', (long) => envelope('<x/>').replace(N11, long)],
    ['an element of the envelope', (long) => weather('London').replace('<s:Body>', `<s:${long}/><s:Body>`)],
    ['an element beside the Body', (long) => envelope(`<x/><${long}/>`)],
    ['a header', (long) => weather('London', `<n:${long} xmlns:n="urn:n" s:mustUnderstand="1"/>`)],
    ['the namespace of a header', (long) => weather('London', `<n:x xmlns:n="${long}" s:mustUnderstand="1"/>`)],
    ['many headers', () => weather('London', '<n:x xmlns:n="urn:n" s:mustUnderstand="1"/>'.repeat(20_000))],
    ['a prefix', (long) => envelope(`<${long}:x/>`)],
    ['an entity', (long) => weather(`&${long};`)],
    ['an attribute', (long) => envelope(`<x ${long}="1" ${long}="2"/>`)],
    ['text', (long) => envelope(`<GetWeatherRequest xmlns="${WEATHER}">${long}</GetWeatherRequest>`)],
    ['an end tag', (long) => envelope(`<x></${long}>`)],
  ])('%s of 900 KB is not told again', async (_, make) => {
    for (const unit of ['x', 'é']) {
      const { text, status } = await post(server.url, make(unit.repeat(900_000 / Buffer.byteLength(unit))));
      expect(status).toBeGreaterThanOrEqual(400);
      expect(text.length).toBeLessThan(4000);
    }
  });

  test('2 MB of text are 413, and memory stays flat', async () => {
    const before = heap();
    for (let round = 0; round < 20; round++) expect((await post(server.url, weather('x'.repeat(2_000_000)))).status).toBe(413);
    expect(heap() - before).toBeLessThan(200_000_000);
  });

  test('a megabyte of entities or of attributes is read in a moment', async () => {
    expect((await post(server.url, weather('&amp;'.repeat(200_000)))).text).toContain('INVALID_ARGUMENT');
    const many = Array.from({ length: 60_000 }, (_, n) => `a${n}="${n}"`).join(' ');
    expect((await post(server.url, envelope(`<x ${many}/>`))).text).toContain('UNIMPLEMENTED');
    expect((await post(server.url, weather('London', '<h/>'.repeat(90_000)))).status).toBe(200);
    expect((await post(server.url, weather('London', '<h/>'.repeat(100_000)))).text).toContain('more than 100000 items');
  });

  test('what is not XML by its type is 415, other methods are 405', async () => {
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
      expect((await post(server.url, weather('London'), { 'content-type': type })).status).toBe(415);
    }
    expect((await post(server.url, weather('London'), { 'content-type': 'text/xml; charset=latin1' })).status).toBe(415);
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
    expect((await post(server.url, gzipSync(weather('London')), { 'content-encoding': 'gzip' })).text).toContain('22°C');
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, 0x20), { level: 9 });
    const before = process.memoryUsage().rss;
    expect((await post(server.url, bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
    expect((await post(server.url, weather('London'), { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await post(server.url, gzipSync(weather('London')).subarray(0, 60), { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await post(server.url, gzipSync(weather('London')), { 'content-encoding': 'br' })).status).toBe(415);
  });

  test('UTF-16 and a byte order mark are taken', async () => {
    expect(
      (
        await post(server.url, utf16(`<?xml version="1.0" encoding="utf-16"?>${weather('London')}`), {
          'content-type': 'text/xml; charset=utf-16',
        })
      ).status,
    ).toBe(200);
    expect((await post(server.url, `\ufeff${weather('London')}`)).status).toBe(200);
    expect((await post(server.url, Buffer.from([0xff, 0xfe, 0xfd]))).status).toBe(400);
  });

  // With a time that grew with the square of the digits, half an hour.
  test.each(['0'.repeat(1_000_000) + '+', '1e' + '1'.repeat(1_000_000), '-.' + '1'.repeat(1_000_000) + '.'])(
    'a number of a million digits',
    async (number) => {
      const sums = defineContract({
        name: 'sums',
        operations: { add: query({ input: z.object({ a: z.number() }), output: z.number() }) },
      });
      const own = await listen(soapHandler(createService(sums, { add: ({ a }) => a }), { maxBodyBytes: 2_000_000 }));
      const { status, text } = await post(
        own.url,
        envelope(`<AddRequest xmlns="http://example.com/sumsservice"><A>${number}</A></AddRequest>`),
      );
      await own.close(0);
      expect(status).toBe(500);
      expect(text).toContain('expected number');
    },
  );
});
