import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createClient } from '../../src/index.ts';
import { fetchHandler } from '../../src/http/fetch/handler.ts';
import { webhook } from '../../src/webhook/client.ts';
import type { WebhookHandlerOptions } from '../../src/webhook/server.ts';
import { until } from '../support/until.ts';
import { verified } from '../support/webhooks.ts';
import { contract, endpoint, open } from './support.ts';

/**
 * Each folder is a case. One with `sends` says in `sent.http` how the dispatcher sends this event. One with `request.http` has a webhook of a sender, and
 * `received.json` says how our receiver answers it and what its listener gets. A new bug is a new folder; `npx vitest run test/webhook/golden.test.ts -u`
 * writes `sent.http` and `received.json`.
 */
interface GoldenCase {
  readonly about: string;
  readonly sends?: { readonly title: string; readonly tags?: readonly string[] };
  readonly format?: 'json' | 'xml';
  readonly cloudEvents?: WebhookHandlerOptions['cloudEvents'];
}

/** The secret of all recorded requests. */
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
/** What HTTP adds on the way, and says nothing of the protocol. */
const CARRIED = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding']);

const folder = new URL('../golden/webhook/', import.meta.url);
const cases = readdirSync(folder).map((name) => {
  const file = (path: string) => new URL(`${name}/${path}`, folder);
  return { name, file, given: JSON.parse(readFileSync(file('case.json'), 'utf8')) as GoldenCase };
});

/** Ids, times and signatures that are made anew by each run. */
function stable(text: string): string {
  return text
    .replace(/^((?:webhook|ce)-(?:id|timestamp|time|signature)): .*$/gm, '$1: <$1>')
    .replace(/"(id|time|timestamp)":"[^"]+"/g, '"$1":"<$1>"')
    .replace(/<timestamp>\d[^<]+</, '<timestamp>(time)<');
}

describe('webhooks on the wire', () => {
  it.each(cases.filter(({ given }) => given.sends))('$name is sent so', async ({ file, given }) => {
    const { subscribe, service } = await open(given.cloudEvents === undefined ? {} : { cloudEvents: given.cloudEvents });
    // Senders of CloudEvents ask first.
    const target = await endpoint(() => ({ status: 200, headers: { 'webhook-allowed-origin': '*' } }));
    const { secret } = await subscribe(target.url, { format: given.format ?? 'json' });
    await service.publish('article', { title: '', ...given.sends } as never);
    const delivered = () => target.got.find(({ body }) => body !== '');
    await until(
      () => delivered() !== undefined,
      () => `a webhook came (${target.got.length} requests did)`,
    );
    const got = delivered();
    await verified(got, secret);
    const headers = Object.entries(got?.headers ?? {}).filter(([name]) => !CARRIED.has(name));
    const lines = headers.map(([name, value]) => `${name}: ${String(value)}`).sort();
    await expect(stable(`${lines.join('\n')}\n\n${got?.body}\n`)).toMatchFileSnapshot(file('sent.http').pathname);
  });

  it.each(cases.filter(({ file }) => existsSync(file('request.http'))))('$name is received so', async ({ file }) => {
    const [head = '', ...body] = readFileSync(file('request.http'), 'utf8').replace(/\n$/, '').split('\n\n');
    const headers = head.split('\n').map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]);
    const hooks = webhook({ secret: SECRET, toleranceMs: Infinity, onError: () => {} });
    const client = createClient({ contract, transport: hooks, onError: () => {} });
    const events: unknown[] = [];
    await client.onArticle((data, { id, time }) => void events.push({ id, time, data }));
    const url = 'http://receiver.example/webhook';
    const response = await fetchHandler(hooks.handler)(new Request(url, { method: 'POST', headers, body: body.join('\n\n') }));
    const answer = { status: response.status, code: (JSON.parse((await response.text()) || '{}') as { code?: string }).code, events };
    await client.close();
    await expect(`${JSON.stringify(answer, null, 2)}\n`).toMatchFileSnapshot(file('received.json').pathname);
  });
});
