/** Webhooks that were valid and are spoiled, before they are signed or after it: an answer, a report of each that is refused, and none that is lost. */
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createClient, defineContract, event, isApiError } from '../../src/core.ts';
import { fetchHandler } from '../../src/http/fetch/handler.ts';
import { HttpError } from '../../src/http/message/error.ts';
import { isWebhookError, memorySeenStore, signWebhook, webhook, type SeenStore, type WebhookOptions } from '../../src/webhook/client.ts';
import type { SigningScheme } from '../../src/webhook/signing/schemes.ts';
import { Dice, each, figures, FUZZ_TIMEOUT, inTime, runs, spoil, tellsNothingInternal } from '../support/fuzz.ts';

const RUNS = runs(300);

const contract = defineContract({
  name: 'shop',
  events: {
    made: event({ channel: 'made', type: 'thing.made', payload: z.object({ id: z.int32(), tags: z.array(z.string()).optional() }) }),
    any: event({ channel: 'any', type: 'anything', payload: z.looseObject({}) }),
  },
});
/** XML needs types that can be described. */
const described = defineContract({
  name: 'shop',
  events: {
    made: contract.events.made,
    any: event({
      channel: 'any',
      type: 'anything',
      payload: z.object({ a: z.string().optional(), counts: z.record(z.string(), z.int32()).optional() }),
    }),
  },
});

interface Kind {
  readonly scheme: SigningScheme;
  readonly options?: Partial<WebhookOptions>;
  readonly type?: string;
  /** Of the sender; spoiled now and then. */
  readonly headers?: Readonly<Record<string, string>>;
  /** `ID` stands for what makes each its own. */
  readonly valid: readonly string[];
}
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const map = (types: readonly string[]) => ({ events: { made: { type: types[0] ?? '' }, any: { type: types.slice(1) } } });
const kinds: Readonly<Record<string, Kind>> = {
  standard: { scheme: 'standard', valid: ['{"event":"thing.made","timestamp":"2026-01-31T12:00:00Z","data":{"id":1,"tags":["a"]}}', '{"type":"anything","data":{"a":[{"b":null}]}}'] }, // prettier-ignore
  'standard, XML': { scheme: 'standard', type: 'application/xml', valid: ['<?xml version="1.0"?><webhook><event>thing.made</event><timestamp>2026-01-31T12:00:00Z</timestamp><data><id>1</id><tags>a</tags><tags>b &amp; c</tags></data></webhook>', '<webhook><event>anything</event><data><a>1</a><counts><entry><key>k</key><value>2</value></entry></counts></data></webhook>'] }, // prettier-ignore
  'standard, CloudEvents': { scheme: 'standard', type: 'application/cloudevents+json', valid: ['{"specversion":"1.0","id":"ID","source":"/a","type":"thing.made","time":"2026-01-31T12:00:00Z","data":{"id":1,"tags":["a"]}}', '{"specversion":"1.0","id":"ID","source":"/a","type":"anything","data_base64":"e30="}'] }, // prettier-ignore
  'standard, CloudEvents in headers': { scheme: 'standard', headers: { 'ce-specversion': '1.0', 'ce-id': 'ID', 'ce-source': '/a', 'ce-type': 'thing.made', 'ce-time': '2026-01-31T12:00:00Z' }, valid: ['{"id":1,"tags":["a"]}', '{"id":2}'] }, // prettier-ignore
  svix: { scheme: 'svix', valid: ['{"type":"thing.made","timestamp":"2026-01-31T12:00:00Z","data":{"id":1}}', '{"type":"anything","data":{}}'] },
  stripe: { scheme: 'stripe', valid: ['{"id":"evt_ID","object":"event","type":"thing.made","created":1700000000,"data":{"object":{"id":1}}}', '{"id":"evt_ID","type":"anything","data":{"object":{}}}'] }, // prettier-ignore
  github: { scheme: 'github', options: map(['push', 'issues.*']), valid: ['{"id":1,"ref":"refs/heads/main","action":"opened"}', '{"zen":"x","hook_id":1}'] },
  'github, form': { scheme: 'github', options: map(['push', 'issues.*']), type: 'application/x-www-form-urlencoded', valid: [`payload=${encodeURIComponent('{"id":1,"ref":"Ü & +"}')}`, 'payload=%7B%22id%22%3A1%7D&payload=2'] },
  shopify: { scheme: 'shopify', options: map(['push', 'orders/create']), valid: ['{"id":1,"tags":["a"]}', '{"id":820982911946154508,"line_items":[{}]}'] },
  slack: { scheme: 'slack', options: map(['app_mention', '/deploy']), valid: ['{"type":"event_callback","event_id":"EvID","event_time":1700000000,"event":{"type":"app_mention","id":1}}', '{"type":"url_verification","token":"x","challenge":"abc"}'] }, // prettier-ignore
  'slack, form': { scheme: 'slack', options: map(['/deploy', 'block_actions']), type: 'application/x-www-form-urlencoded', valid: ['command=%2Fdeploy&text=now+%C3%BC&id=1&trigger_id=ID', `payload=${encodeURIComponent('{"type":"block_actions","trigger_id":"ID","id":1}')}`] }, // prettier-ignore
}; // prettier-ignore

describe('receivers of webhooks', () => {
  it.each(Object.entries(kinds))(
    '%s',
    FUZZ_TIMEOUT,
    async (name, { scheme, options, type = 'application/json', headers: own = {}, valid }) => {
      const reported: unknown[] = [];
      const onError = (error: unknown) => void reported.push(error);
      let heard = 0;
      let unhandled = 0;
      let repeated = 0;
      const seen = memorySeenStore();
      // An id that was spoiled may be that of a webhook before it, of which nobody hears again.
      const store: SeenStore = {
        ...seen,
        begin: async (...asked) => {
          const claim = await seen.begin(...asked);
          if ('state' in claim) repeated++;
          return claim;
        },
      };
      const hooks = webhook({
        secret: SECRET,
        scheme,
        handshake: { verifyToken: 'token' },
        onUnhandled: () => void unhandled++,
        onError,
        store,
        ...options,
      });
      const client = createClient({ contract: name === 'standard, XML' ? described : contract, transport: hooks, onError });
      await client.onMade(() => void heard++);
      await client.onAny(() => void heard++);
      const handle = fetchHandler(hooks.handler);
      const counts: Record<string, number> = {};
      await each(RUNS, 1, async (n) => {
        const dice = new Dice(n);
        reported.length = 0;
        [heard, unhandled, repeated] = [0, 0, 0];
        const unique = valid.map((each) => each.replaceAll('ID', `x${n}`));
        const body = dice.chance(0.95) ? spoil(dice, unique) : Buffer.from(dice.pick(unique));
        const isSigned = dice.chance(0.85);
        const headers: Record<string, string> = {
        'content-type': dice.chance(0.95) ? type : dice.pick(['text/xml', 'multipart/form-data', 'application/x-www-form-urlencoded', 'x', 'application/json; charset=utf-16']),
        ...Object.fromEntries(Object.entries(own).map(([key, text]) => [key, dice.chance(0.9) ? text.replace('ID', `x${n}`) : spoil(dice, [text]).toString('latin1').replace(/[^\x20-\xff]|\x7f/g, '').slice(0, 500)])),
        ...(await signWebhook({ payload: body, secret: SECRET, scheme, id: `id-${n}` })),
        ...(scheme === 'github' && { 'x-github-event': dice.pick(['push', 'issues', 'ping', 'x y', '__proto__', 'é']) }),
        ...(scheme === 'shopify' && { 'x-shopify-topic': dice.pick(['push', 'orders/create', 'app/uninstalled', '']) }),
      }; // prettier-ignore
        if (!isSigned) {
          const signed = Object.keys(headers).filter((each) => each !== 'content-type');
          const one = dice.pick(signed);
          headers[one] = spoil(dice, [headers[one] ?? '']).toString('latin1').replace(/[^\x20-\xff]|\x7f/g, '').slice(0, 8000); // prettier-ignore
        }
        const isAsked = dice.chance(0.03);
        const url = `http://hook.test/${isAsked ? `?${dice.pick(['hub.mode=subscribe&hub.verify_token=token&hub.challenge=abc', 'hub.verify_token=%00', 'validationToken=x', 'subscription=__proto__', '%E0%A4%A', 'challenge=<b>'])}` : ''}`; // prettier-ignore
        const shown = () => `${url} ${JSON.stringify(headers)} ${body.toString('latin1').slice(0, 1500)}`;
        const method = isAsked ? dice.pick(['GET', 'POST', 'PUT', 'OPTIONS']) : 'POST';
        const response = await inTime(
          handle(new Request(url, { method, headers, ...(method !== 'GET' && { body: Uint8Array.from(body) }) })),
          shown,
        );
        const { status } = response;
        const text = await response.text();
        try {
          tellsNothingInternal(text);
          expect([200, 202, 204, 400, 401, 404, 405, 409, 410, 413, 415, 422, 501, 503], reported.join()).toContain(status);
          for (const error of reported)
            expect(isApiError(error) || isWebhookError(error) || error instanceof HttpError, String(error)).toBe(true);
          // What is taken was heard, or told of; what is refused for its sake is reported.
          if (status === 204 || (status === 200 && text === ''))
            expect(heard + unhandled + repeated + Number(headers['x-github-event'] === 'ping'), `${status} ${text}`).toBeGreaterThan(0);
          if ((status === 400 || status === 401) && !isAsked) expect(reported.length, text).toBeGreaterThan(0);
        } catch (error) {
          throw new Error(`${(error as Error).message} for ${status} ${shown()}`, { cause: error });
        }
        counts[status] = (counts[status] ?? 0) + 1;
      });
      await client.close();
      figures(`webhooks, ${name}`, counts);
    },
  );
});
