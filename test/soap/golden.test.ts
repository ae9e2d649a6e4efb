import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import { createClient } from '../../src/index.ts';
import { conformanceContract } from '../../src/conformance/contract.ts';
import { createConformanceService } from '../../src/conformance/service.ts';
import type { ErrorBody } from '../../src/core/errors.ts';
import { fetchHandler } from '../../src/http/fetch/handler.ts';
import type { FetchLike } from '../../src/http/client/fetch-like.ts';
import { soap, type SoapVersion } from '../../src/soap/client.ts';
import { soapHandler } from '../../src/soap/server.ts';

/**
 * Each folder is a case: `request.xml` as it is sent, `response.http` as it must be answered, and `case.json`. Where that has a `call`, our client must send
 * the same request and understand the same response. A new bug is a new folder; `npx vitest run test/soap/golden.test.ts -u` writes the responses.
 */
interface GoldenCase {
  readonly about: string;
  readonly contract?: 'conformance';
  readonly contentType: string;
  readonly call?: {
    readonly operation: string;
    readonly version: SoapVersion;
    readonly input: unknown;
    readonly output?: unknown;
    readonly error?: ErrorBody;
  };
}

const folder = new URL('../golden/soap/', import.meta.url);

describe.each(readdirSync(folder))('%s', (name) => {
  const read = (file: string) => readFileSync(new URL(`${name}/${file}`, folder), 'utf8');
  const { contract, contentType, call } = JSON.parse(read('case.json')) as GoldenCase;
  const request = read('request.xml');
  const response = new URL(`${name}/response.http`, folder).pathname;

  test('is answered as it was', async () => {
    const errors: unknown[] = [];
    const service =
      contract === 'conformance'
        ? createConformanceService({ onError: (error) => errors.push(error) }).service
        : createBlogService({ onError: (error) => errors.push(error) });
    const handle = fetchHandler(soapHandler(service, { onError: (error) => errors.push(error) }));
    const answer = await handle(
      new Request('http://example.com/soap', {
        method: 'POST',
        headers: { 'content-type': contentType, 'x-request-id': 'golden' },
        body: request,
      }),
    );
    const text = `HTTP/1.1 ${answer.status}\ncontent-type: ${answer.headers.get('content-type')}\n\n${await answer.text()}\n`;
    await expect(text).toMatchFileSnapshot(response);
    expect(errors.length).toBe(name.includes('internal') ? 1 : 0);
    await service.close();
  });

  test.skipIf(!call)(
    `is what our client sends and understands${call ? '' : ' (skipped: the folder is of what our client never sends)'}`,
    async () => {
      if (!call) return;
      const sent: unknown[] = [];
      const [head = '', ...body] = readFileSync(response, 'utf8').split('\n\n');
      const replay: FetchLike = async (_, init) => {
        sent.push(init?.body);
        const [, status, type] = /^HTTP\/1\.1 (\d+)\ncontent-type: (.*)$/.exec(head) ?? [];
        return new Response(body.join('\n\n').replace(/\n$/, ''), { status: Number(status), headers: { 'content-type': type ?? '' } });
      };
      const transport = soap({ url: 'http://example.com/soap', version: call.version, fetch: replay });
      const client = createClient({ contract: contract === 'conformance' ? conformanceContract : blogContract, transport });
      const method = (client as unknown as Record<string, (input: unknown) => Promise<unknown>>)[call.operation];
      const outcome = await method?.(call.input).then(
        (output) => ({ output }),
        (error: { toJSON(): ErrorBody }) => ({ error: error.toJSON() }),
      );
      expect(sent).toEqual([request]);
      expect(outcome).toEqual(call.error ? { error: call.error } : { output: call.output });
      await client.close();
    },
  );
});

describe('SOAP on the wire', () => {
  test('every envelope in docs/protocols/soap.md is one of these', () => {
    const bare = (xml: string) => xml.replace(/>\s+</g, '><').trim();
    const known = new Set(
      readdirSync(folder).flatMap((name) => {
        const request = readFileSync(new URL(`${name}/request.xml`, folder), 'utf8');
        const [, ...response] = readFileSync(new URL(`${name}/response.http`, folder), 'utf8').split('\n\n');
        return [bare(request), bare(response.join('\n\n'))];
      }),
    );
    const docs = readFileSync(new URL('../../docs/protocols/soap.md', import.meta.url), 'utf8');
    const shown = [...docs.matchAll(/```xml\n([^]*?)```/g)].map((match) => bare(match[1] ?? ''));
    expect(shown.length).toBeGreaterThan(5);
    expect(shown.filter((xml) => !known.has(xml))).toEqual([]);
  });
});
