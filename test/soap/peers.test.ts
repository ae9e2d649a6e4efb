import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as soapPackage from 'soap';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import { createClient } from '../../src/index.ts';
import { conformanceContract } from '../../src/conformance/contract.ts';
import { defineContract, mutation, query } from '../../src/core/define.ts';
import { isApiError, type ApiError } from '../../src/core/errors.ts';
import { listen, type HttpServer } from '../../src/http/node/listen.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { soap, type SoapVersion } from '../../src/soap/client.ts';
import { soapHandler, wsdl } from '../../src/soap/server.ts';
import { everyKind } from '../support/every-kind.ts';
import { missing, PYTHON, run, startServer } from '../support/system-peer.ts';

const script = (name: string) => new URL(`../peers/${name}`, import.meta.url).pathname;
const noZeep = missing('python3-zeep', PYTHON, '-c', 'import zeep');
const noSpyne = missing('python3-spyne', PYTHON, '-c', 'import spyne');
const noXmllint = missing('libxml2-utils', 'xmllint', '--version');
const noCurl = missing('curl', 'curl', '--version');
const noGsoap = missing('gsoap', 'which', 'wsdl2h');

async function errorOf(work: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isApiError(error)) throw new Error(`no ApiError: ${String(error)}`);
  return error;
}

describe('their clients, our server', () => {
  let server: HttpServer;
  const service = createBlogService();
  beforeAll(async () => {
    server = await listen(soapHandler(service));
  });
  afterAll(async () => {
    await server.close();
    await service.close();
  });

  test.skipIf(noZeep).each(['11', '12'])(`zeep calls every operation from the WSDL, SOAP %s ${noZeep ?? ''}`, async (version) => {
    const fresh = createBlogService();
    const own = await listen(soapHandler(fresh));
    const got = JSON.parse(await run(PYTHON, script('zeep-client.py'), `${own.url}/soap?wsdl`, version)) as Record<string, never>;
    await own.close();
    await fresh.close();
    expect(got).toMatchObject({
      getUser: { Id: 123, Username: 'john_doe', Email: 'john.doe@example.com', CreatedAt: '2024-01-15 09:30:00+00:00' },
      createUser: { Id: 124, Username: 'ada' },
      getUserPosts: [{ Id: 1 }, { Id: 2 }],
      onePost: [{ Id: 2 }],
      noPosts: [],
      getPost: { Title: '<Hello> & ]]> 😀', Content: 'two\nlines', AuthorId: 123 },
      updatePost: { Title: 'New' },
      deletePost: null,
      sendMessage: { Sender: 'zeep', Message: ' a <b> & "c" ' },
      getWeather: { Location: 'London', Temperature: '22°C', Conditions: 'Sunny' },
      reportTemperature: { SensorId: 'roof', Celsius: '21.5' },
      notFound: { fault: version === '11' ? 'Client' : 'Sender', message: 'no user has the id 9', detail: { Code: 'NOT_FOUND' } },
      invalid: { detail: { Code: 'INVALID_ARGUMENT', Details: expect.stringContaining('"limit"') as string } },
      exists: { detail: { Code: 'ALREADY_EXISTS' } },
    });
  });

  test.skipIf(noZeep)(`zeep is known by its UsernameToken, text and digest ${noZeep ?? ''}`, async () => {
    const user = (name: string) => (name === 'ada' ? { password: 'pass & <word>' } : undefined);
    const secured = await listen(soapHandler(service, { security: { user } }));
    const got = JSON.parse(await run(PYTHON, script('zeep-wsse.py'), `${secured.url}/soap?wsdl`)) as unknown;
    await secured.close();
    expect(got).toEqual(['Rain', 'Rain', 'the username or the password is wrong']);
  });

  test.skipIf(noCurl)(`curl sends the envelope by hand ${noCurl ?? ''}`, async () => {
    const request = new URL('../golden/soap/article-12/request.xml', import.meta.url).pathname;
    const answer = await run(
      'curl',
      '-sS',
      '-H',
      'content-type: application/soap+xml',
      '--data-binary',
      `@${request}`,
      `${server.url}/soap`,
    );
    expect(answer).toContain(
      '<GetWeatherResponse xmlns="http://example.com/weatherservice"><Weather><Location>London</Location><Temperature>22°C</Temperature><Conditions>Sunny</Conditions></Weather></GetWeatherResponse>',
    );
  });

  test('the package soap calls it from the WSDL, both versions', async () => {
    for (const forceSoap12Headers of [false, true]) {
      const client = await soapPackage.createClientAsync(`${server.url}/soap?wsdl`, { forceSoap12Headers, disableCache: true });
      const [weather] =
        (await (client as unknown as Record<string, (input: object) => Promise<unknown[]>>)['GetWeatherAsync']?.({ Location: 'Oslo' })) ??
        [];
      expect(weather).toEqual({ Weather: { Location: 'Oslo', Temperature: '7°C', Conditions: 'Rain' } });
    }
  });
});

describe('the WSDL', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wsdl-'));
  const files = [everyKind, conformanceContract].map((contract) => {
    const file = join(folder, `${contract.name}.wsdl`);
    writeFileSync(file, wsdl(contract, 'http://localhost:4000/soap'));
    return file;
  });
  files.push(new URL('../../wsdl/blog.wsdl', import.meta.url).pathname);
  afterAll(() => rmSync(folder, { recursive: true }));

  test.skipIf(noXmllint)(`is well-formed ${noXmllint ?? ''}`, () => run('xmllint', '--noout', ...files));

  test.skipIf(noXmllint)(`has a schema that xmllint can use, and that our messages keep ${noXmllint ?? ''}`, async () => {
    const [, own] =
      /(<xs:schema targetNamespace="http:\/\/example.com\/conformanceservice"[^]*?<\/xs:schema>)/.exec(
        readFileSync(files[1] ?? '', 'utf8'),
      ) ?? [];
    const schema = join(folder, 'conformance.xsd');
    writeFileSync(schema, (own ?? '').replace('<xs:schema ', '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" '));
    const kinds = new URL('../golden/soap/kinds/', import.meta.url);
    for (const text of [readFileSync(new URL('request.xml', kinds), 'utf8'), readFileSync(new URL('response.http', kinds), 'utf8')]) {
      const message = join(folder, 'message.xml');
      writeFileSync(message, /<soap:Body>([^]*)<\/soap:Body>/.exec(text)?.[1] ?? '');
      await run('xmllint', '--noout', '--schema', schema, message);
    }
  });

  test.skipIf(noGsoap)(`is taken by wsdl2h ${noGsoap ?? ''}`, async () => {
    for (const file of files) await run('wsdl2h', '-o', join(folder, 'out.h'), file);
  });

  test.skipIf(noZeep)(`is taken by zeep ${noZeep ?? ''}`, async () => {
    for (const file of files) expect(await run(PYTHON, '-m', 'zeep', file)).toContain('Service: ');
  });
});

/** A contract of our own for a service that is not: with other names, and types that the XML does not tell. */
const forecasts = defineContract({
  name: 'forecasts',
  operations: {
    getForecast: query({
      input: z.object({ cityName: z.string(), numberOfDays: z.int32() }),
      output: z.object({
        city: z.string(),
        station: z.string().nullable().optional(),
        days: z.array(z.object({ day: z.int32(), code: z.string(), high: z.number(), rain: z.boolean() })),
      }),
      http: 'GET /forecasts/{cityName}',
    }),
    listCities: query({ input: z.object({ prefix: z.string() }), output: z.array(z.string()) }),
    echo: mutation({ input: z.object({ text: z.string() }), output: z.string() }),
  },
});

describe.skipIf(noSpyne).each(['1.1', '1.2'] as const)(`our client, spyne's server, SOAP %s ${noSpyne ?? ''}`, (version: SoapVersion) => {
  let spyne: Awaited<ReturnType<typeof startServer>>;
  const adapter = (port: number, onWire?: () => void) =>
    soap({
      wsdl: `http://127.0.0.1:${port}/?wsdl`,
      version,
      operations: {
        getForecast: { operation: 'GetForecast', output: 'GetForecastResult' },
        listCities: { operation: 'ListCities', output: 'ListCitiesResult' },
        echo: { operation: 'Echo', input: ({ text }) => ({ Text: text }), output: (response) => response['EchoResult'] },
      },
      ...(onWire && { onWire }),
    });
  beforeAll(async () => {
    spyne = await startServer(PYTHON, script('spyne-server.py'), version);
  });
  afterAll(() => spyne.stop());

  test('values are read by the schema', async () => {
    const client = createClient({ contract: forecasts, transport: adapter(spyne.port) });
    const day = (n: number) => ({ day: n, code: `00${n}`, high: 12.5, rain: n % 2 === 0 });
    expect(await client.getForecast({ cityName: 'London', numberOfDays: 2 })).toMatchObject({ city: 'London', days: [day(1), day(2)] });
    expect((await client.getForecast({ cityName: 'London', numberOfDays: 1 })).days).toEqual([day(1)]);
    expect((await client.getForecast({ cityName: 'London', numberOfDays: 0 })).days).toEqual([]);
    expect(await client.listCities({ prefix: 'L' })).toEqual(['London', 'Lisbon']);
    expect(await client.listCities({ prefix: 'P' })).toEqual(['Paris']);
    for (const text of ['007', 'true', '<&>]]> 😀', 'x']) expect(await client.echo({ text })).toBe(text);
    await client.close();
  });

  test('faults are errors', async () => {
    const client = createClient({ contract: forecasts, transport: adapter(spyne.port) });
    const fault = await errorOf(client.getForecast({ cityName: 'Atlantis', numberOfDays: 1 }));
    expect(fault).toMatchObject({ remote: true, text: 'no such city: <Atlantis> & co' });
    expect(await errorOf(client.getForecast({ cityName: 'Crash', numberOfDays: 1 }))).toMatchObject({ remote: true });
    expect(await errorOf(client.echo({ text: 'a\u0000b' }))).toMatchObject({ code: 'INVALID_ARGUMENT', sent: false });
    await client.close();
  });

  test('a gateway puts REST in front of it', async () => {
    const inner = adapter(spyne.port)(forecasts);
    const gateway = await listen(restHandler(inner));
    const client = createClient({ contract: forecasts, transport: rest({ url: gateway.url }) });
    expect((await client.getForecast({ cityName: 'Paris', numberOfDays: 1 })).city).toBe('Paris');
    const answer = await fetch(`${gateway.url}/forecasts/Paris?numberOfDays=1`);
    expect(await answer.json()).toMatchObject({ city: 'Paris', days: [{ code: '001' }] });
    await client.close();
    await gateway.close();
    await inner.close();
  });
});

describe('our client, a server of the package soap that was given our WSDL', () => {
  const http = createServer();
  let url = '';
  beforeAll(async () => {
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const weather = ({ Location }: { Location: string }) => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what the package takes for a fault
      if (Location === 'Atlantis') throw { Fault: { faultcode: 'soap:Client', faultstring: 'not on the map' } };
      return { Weather: { Location, Temperature: '007', Conditions: 'a < b & c' } };
    };
    // It sends whatever comes to the first service of a WSDL.
    const contract = defineContract({ name: 'blog', operations: { getWeather: blogContract.operations.getWeather } });
    soapPackage.listen(http, '/soap', { WeatherService: { WeatherServiceSoap11: { GetWeather: weather } } }, wsdl(contract, `${url}/soap`));
  });
  afterAll(() => new Promise<void>((resolve) => void http.close(() => resolve())));

  test('the adapter understands it', async () => {
    const client = createClient({ transport: soap({ url: `${url}/soap` }) });
    expect(await client.getWeather({ location: 'London' })).toEqual({ location: 'London', temperature: '007', conditions: 'a < b & c' });
    expect(await errorOf(client.getWeather({ location: 'Atlantis' }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      text: 'not on the map',
      remote: true,
    });
    await client.close();
  });
});
