import { describe, expect, test } from 'vitest';
import { createClient } from '../../src/index.ts';
import type { FetchLike } from '../../src/http/client/fetch-like.ts';
import { soap } from '../../src/soap/client.ts';
import { envelope, errorOf } from '../support/soap.ts';

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
    ['a fault of credentials', 500, fault11('s:Client.Authentication'), 'UNAUTHENTICATED', 'broken'],
    ['a fault of a server that is too busy', 503, fault11('s:Server'), 'UNAVAILABLE', 'broken'],
    ['a fault for who asks too often', 429, fault11('s:Client'), 'RESOURCE_EXHAUSTED', 'broken'],
    ['a fault without a code', 500, fault11(''), 'UNKNOWN', 'broken'],
    [
      'a foreign detail',
      500,
      fault11('s:Client', '<detail><x xmlns="urn:x"><Code>NOT_FOUND</Code></x></detail>'),
      'INVALID_ARGUMENT',
      'broken',
    ],
    ['a fault of Salesforce', 500, fault11('sf:INVALID_SESSION_ID'), 'UNAUTHENTICATED', 'broken'],
    ['a fault of Exchange', 500, fault11('a:ErrorServerBusy'), 'RESOURCE_EXHAUSTED', 'broken'],
    [
      'a camera that knows no such caller',
      400,
      fault12('Sender', '<e:Subcode><e:Value>ter:NotAuthorized</e:Value></e:Subcode>'),
      'UNAUTHENTICATED',
      'kaputt',
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

  const weather = (conditions: string) =>
    envelope(
      `<GetWeatherResponse xmlns="http://example.com/weatherservice"><Weather><Location>x</Location><Temperature>1</Temperature>${conditions}</Weather></GetWeatherResponse>`,
    );
  const include = '<Conditions><xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:a%40b"/></Conditions>';
  const part = (content: string, ...headers: string[]) => [...headers, '', content].join('\r\n');
  const parted = (...parts: string[]) => `ignored\r\n${parts.map((each) => `--x\r\n${each}\r\n`).join('')}--x--\r\n`;
  const RELATED = 'multipart/related; type="application/xop+xml"; boundary="x"';

  test.each([
    ['MTOM', RELATED, parted(part(weather(include)), part('\x00--x\x01', 'Content-ID: <a@b>')), 'AC0teAE='],
    [
      'SOAP with attachments, the envelope after one in base64, and lines that end as in files',
      `${RELATED}; start="<main>"`,
      parted(
        part('aGk=\r\n', 'content-id:\r\n <a@b>', 'Content-Transfer-Encoding: BASE64'),
        part(weather('<Conditions href="cid:a@b"/>'), 'Content-ID: <main>'),
      ).replaceAll('\r\n', '\n'),
      'aGk=',
    ],
    [
      'a part with parts of its own',
      RELATED,
      parted(part(weather(include)), part('--xy\r\n--xy--', 'Content-ID: <a@b>')),
      'LS14eQ0KLS14eS0t',
    ],
    ['a reference in text', RELATED, parted(part(weather('<Conditions> cid:a@b </Conditions>')), part('hi', 'Content-Id: a@b')), 'aGk='],
    ['nothing attached', RELATED, parted(part(weather('<Conditions>cid:a</Conditions>'))), 'cid:a'],
  ])('of several parts: %s', async (_, type, body, conditions) => {
    expect(await client(200, body, type).getWeather({ location: 'x' })).toMatchObject({ conditions });
  });

  test.each([
    ['without a boundary', 'multipart/related', parted(part(weather(include))), 'no boundary'],
    ['that are cut', RELATED, parted(part(weather(include))).slice(0, -8), 'it ends before its last part does'],
    ['of none', RELATED, '--x--\r\n', 'it has no part'],
    ['that miss one', RELATED, parted(part(weather(include))), "it refers to the part 'cid:a%40b', which is not there"],
    [
      'in another encoding',
      RELATED,
      parted(part(weather(include)), part('=20', 'Content-ID: <a@b>', 'Content-Transfer-Encoding: quoted-printable')),
      "not in 'quoted-printable'",
    ],
    ['without end', RELATED, parted(...Array.from({ length: 1001 }, () => part('x'))), 'more than 1000 parts'],
  ])('of several parts %s are DATA_LOSS', async (_, type, body, message) => {
    const error = await errorOf(client(200, body, type).getWeather({ location: 'x' }));
    expect(error).toMatchObject({ code: 'DATA_LOSS', remote: true });
    expect(error.text).toContain(message);
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
