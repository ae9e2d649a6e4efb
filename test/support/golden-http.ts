import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import type { blogContract } from '../../src/blog/contract.ts';
import { createClient, type Adapter, type Client } from '../../src/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import type { HttpHandler } from '../../src/http/message/message.ts';
import type { FetchLike } from '../../src/http/client/fetch-like.ts';
import type { Transport } from '../../src/core/transport.ts';

/**
 * Each folder is a case. `request.http` is what a caller sends: a line with method and path, headers, an empty line, a body. `response.http` is how it must be
 * answered: a status, headers, an empty line, a body. If `case.json` has a `call`, our client must send that request and understand that response. A new bug is
 * a new folder; `npx vitest run <the test> -u` writes the responses.
 */
interface GoldenCase {
  readonly about: string;
  readonly call?: {
    readonly operation: string;
    readonly input: unknown;
    readonly options?: object;
    readonly output?: unknown;
    readonly code?: string;
  };
}

/** What HTTP adds on the way, and says nothing of the protocol. */
const CARRIED = new Set(['date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']);
/** What our client sends beside what a caller needs. */
const OF_CLIENTS = new Set(['user-agent', 'accept-encoding', 'x-timeout-ms']);

interface Message {
  readonly first: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

function parse(text: string): Message {
  const [head = '', ...body] = text.replace(/\n$/, '').split('\n\n');
  const [first = '', ...lines] = head.split('\n');
  return {
    first,
    headers: lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    body: body.join('\n\n'),
  };
}

function written({ first, headers, body }: Message): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}`).sort();
  // Times and ids that are made anew by each run.
  const stable = body.replace(/"createdAt":"(?!2024-)[^"]+"/, '"createdAt":"<time>"');
  return `${[first, ...lines].join('\n')}\n${stable === '' ? '' : `\n${stable}\n`}`;
}

/** Runs every case of a folder of `test/golden` against a handler of the Blog, and those with a call against its client. */
export function goldenCases(
  name: string,
  handlerOf: (service: Transport) => HttpHandler,
  adapterOf: (url: string, fetch: FetchLike) => Adapter,
): void {
  const folder = new URL(`../golden/${name}/`, import.meta.url);
  describe.each(readdirSync(folder))('%s', (each) => {
    const file = (path: string) => new URL(`${each}/${path}`, folder);
    const { call } = JSON.parse(readFileSync(file('case.json'), 'utf8')) as GoldenCase;
    const request = parse(readFileSync(file('request.http'), 'utf8'));
    const [method = '', path = ''] = request.first.split(' ');

    it('is answered so', async () => {
      const service = createBlogService();
      const server = await listen(handlerOf(service));
      const response = await fetch(server.url + path, {
        method,
        headers: request.headers.map(([key, value]) => [key, value] as [string, string]),
        ...(request.body !== '' && { body: request.body }),
      });
      const headers = [...response.headers].filter(([key]) => !CARRIED.has(key));
      const text = written({ first: String(response.status), headers, body: await response.text() });
      await server.close();
      await service.close();
      await expect(text).toMatchFileSnapshot(file('response.http').pathname);
    });

    it.skipIf(call === undefined)('is what our client sends and understands', async () => {
      const { operation = '', input, options, output, code } = call ?? {};
      if (!existsSync(file('response.http'))) throw new Error('run the test above with -u first');
      const answer = parse(readFileSync(file('response.http'), 'utf8'));
      let sent: Message | undefined;
      const carry: FetchLike = async (url, init = {}) => {
        const headers = [...new Headers(init.headers as Record<string, string>)].filter(([key]) => !OF_CLIENTS.has(key));
        sent = {
          first: `${init.method ?? 'GET'} ${url.replace('http://golden', '')}`,
          headers,
          body: await new Response(init.body ?? null).text(),
        };
        const hasBody = !['204', '304'].includes(answer.first);
        return new Response(hasBody ? answer.body : null, {
          status: Number(answer.first),
          headers: answer.headers.map(([key, value]): [string, string] => [key, value]),
        });
      };
      const client = createClient({ transport: adapterOf('http://golden', carry) }) as Client<typeof blogContract>;
      const run = client[operation as 'getUser'] as unknown as (input: unknown, options: object) => Promise<unknown>;
      const result = await run(input, { headers: { 'x-request-id': 'golden' }, ...options }).then(
        (value) => ({ value }),
        (error: { readonly code: string }) => ({ code: error.code }),
      );
      expect(result).toEqual(code === undefined ? { value: output } : { code });
      expect(sent && written(sent)).toBe(written(request));
      await client.close();
    });
  });
}
