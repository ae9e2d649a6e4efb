import { BearerSecurity } from 'soap';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { blogContract } from '../../src/blog/index.ts';
import { createClient } from '../../src/index.ts';
import { ApiError } from '../../src/core/errors.ts';
import type { WireRecord } from '../../src/peer/on-wire.ts';
import type { CallRequest } from '../../src/core/transport.ts';
import { soap, type SoapWsdlOptions } from '../../src/soap/client.ts';
import { soapHandler, wsdl } from '../../src/soap/server.ts';
import { startRawServer } from '../support/raw-server.ts';
import { envelope, errorOf, serveBlogOverSoap } from '../support/soap.ts';

const server = serveBlogOverSoap();

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

    test('and says what the server answered instead, where redirects lead', async () => {
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
      expect(await ask('/moved')).toMatchObject({ code: 'UNAUTHENTICATED', text: expect.stringContaining('/new') as string });
      expect(raw.heads.map((head) => head.split(' ')[1])).toEqual(['/moved', '/new']);
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
    expect(() => soapHandler(server.service, { path: 'soap' })).toThrow('/soap');
  });
});
