/** Requests that were valid and are spoiled, to each server over HTTP: an answer in time, no failure of ours, nothing of the inside. */
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Adapter } from '../../src/core/transport.ts';
import { graphql } from '../../src/graphql/client.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { connect } from '../../src/grpc/connect/client.ts';
import { connectHandler } from '../../src/grpc/connect/server.ts';
import type { FetchLike } from '../../src/http/client/fetch-like.ts';
import { composeHandlers, listen, type HttpServer } from '../../src/http/index.ts';
import { mcp } from '../../src/mcp/client.ts';
import { mcpHandler } from '../../src/mcp/server.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { soap } from '../../src/soap/client.ts';
import { soapHandler } from '../../src/soap/server.ts';
import { Dice, each, figures, FUZZ_TIMEOUT, inTime, runs, spoil, tellsNothingInternal } from '../support/fuzz.ts';
import { callEach, fuzzService } from '../support/fuzz-service.ts';

const RUNS = runs(800);

/** A request as a client of ours sends it. */
interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const clients: Readonly<Record<string, (url: string, fetch: FetchLike) => Adapter<'call'>>> = {
  REST: (url, fetch) => rest({ url, fetch }),
  GraphQL: (url, fetch) => graphql({ url, fetch }),
  'SOAP 1.1': (url, fetch) => soap({ url: `${url}/soap`, fetch }),
  'SOAP 1.2': (url, fetch) => soap({ url: `${url}/soap`, version: '1.2', fetch }),
  MCP: (url, fetch) => mcp({ url, fetch }),
  'MCP 2025': (url, fetch) => mcp({ url, version: '2025-11-25', fetch }),
  'Connect, JSON': (url, fetch) => connect({ url, format: 'json', useGet: true, fetch }),
  'Connect, protobuf': (url, fetch) => connect({ url, format: 'binary', fetch }),
  'gRPC-Web': (url, fetch) => connect({ url, protocol: 'grpc-web', fetch }),
};

const TYPES = ['application/json', 'text/xml', 'multipart/form-data; boundary=x', 'multipart/form-data', 'application/grpc-web-text', 'application/proto', 'application/connect+json', 'text/plain', 'x', 'application/soap+xml; action=""', 'application/json; charset=utf-16']; // prettier-ignore
const OTHERS = ['accept', 'soapaction', 'x-timeout-ms', 'connect-timeout-ms', 'grpc-timeout', 'connect-protocol-version', 'content-encoding', 'mcp-session-id', 'mcp-protocol-version', 'mcp-method', 'mcp-name', 'idempotency-key', 'last-event-id', 'if-match', 'prefer', 'traceparent', 'range']; // prettier-ignore

const visible = (text: string) =>
  text
    .replace(/[^\x20-\x7e]/g, '')
    .trim()
    .slice(0, 200);

/** The request with something wrong in its body, and now and then in its headers or its path. */
function spoiled(dice: Dice, sent: readonly Sent[]): Sent {
  const { method, path, headers, body } = dice.pick(sent);
  const isBare = body.length === 0;
  const texts = sent.filter((each) => each.body.length > 0).map((each) => each.body);
  const changed = { ...headers };
  if (dice.chance(0.1)) changed['content-type'] = dice.pick(TYPES);
  if (dice.chance(0.15))
    changed[dice.pick(OTHERS)] = dice.pick([visible(dice.text(20)), '0', '-1', '9'.repeat(30), '*/*', 'gzip', '"a"', '1S']);
  if (dice.chance(0.05)) for (const name of Object.keys(changed)) if (dice.chance(0.3)) delete changed[name];
  const isMoved = isBare || dice.chance(0.05);
  const moved = isMoved
    ? visible(spoil(dice, [path]).toString('latin1'))
        .replace(/[ #\\]/g, '+')
        .slice(0, 2000)
    : path;
  return {
    method: dice.chance(0.03) ? dice.pick(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'HEAD']) : method,
    path: moved.startsWith('/') ? moved : `/${moved}`,
    headers: changed,
    body: isBare ? body : dice.chance(0.9) ? spoil(dice, [body, ...texts]) : body,
  };
}

describe('servers over HTTP', () => {
  const { service, reported, onError } = fuzzService();
  const agent = new Agent({ connections: 8, pipelining: 1, headersTimeout: 20_000, bodyTimeout: 20_000 });
  let server: HttpServer;

  beforeAll(async () => {
    const options = { onError };
    server = await listen(
      composeHandlers(
        graphqlHandler(service, options),
        soapHandler(service, options),
        mcpHandler(service, options),
        connectHandler(service, options),
        restHandler(service, options),
      ),
      options,
    );
  });
  afterAll(async () => {
    await agent.destroy();
    await server.close(100);
    await service.close();
  });

  it.each(Object.entries(clients))('%s answers each request', FUZZ_TIMEOUT, async (name, client) => {
    const sent: Sent[] = [];
    const record: FetchLike = async (url, init) => {
      const asked = new Request(url, { ...(init as RequestInit), duplex: 'half' } as RequestInit);
      const { pathname, search } = new URL(asked.url);
      const body = new Uint8Array(await asked.clone().arrayBuffer());
      sent.push({ method: asked.method, path: pathname + search, headers: Object.fromEntries(asked.headers), body });
      return fetch(asked);
    };
    await callEach(client(server.url, record));
    expect(reported).toEqual([]);
    const counts: Record<string, number> = {};
    let slowest = 0;
    await each(RUNS, 8, async (n) => {
      const dice = new Dice(n);
      const { method, path, headers, body } = spoiled(dice, sent);
      const shown = () => `${method} ${path} ${JSON.stringify(headers)} ${Buffer.from(body).toString('latin1').slice(0, 1500)}`;
      const { 'content-length': _, host: __, connection: ___, 'transfer-encoding': ____, expect: _____, ...own } = headers;
      const began = performance.now();
      const answering = request(server.url + path, {
        dispatcher: agent,
        method: method as 'POST',
        headers: own,
        ...(body.length > 0 && { body }),
      });
      let status = 0;
      const text = await inTime(
        answering.then(async (answer) => {
          status = answer.statusCode;
          counts[status] = (counts[status] ?? 0) + 1;
          return answer.body.text();
        }),
        shown,
      );
      slowest = Math.max(slowest, performance.now() - began);
      try {
        tellsNothingInternal(text);
        expect(text).not.toMatch(/internal error|"code":"INTERNAL"|"internal"|Code>INTERNAL/);
        if (status >= 400 && method !== 'HEAD') expect(text, String(status)).not.toBe('');
        expect(reported).toEqual([]);
      } catch (error) {
        throw new Error(`${(error as Error).message} for ${shown()}`, { cause: error });
      }
    });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    await callEach(client(server.url, fetch));
    figures(name, { ...counts, slowest });
  });
});
