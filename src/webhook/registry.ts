import { createLightFetch } from '#fetch';
import { ApiError } from '../core/errors.ts';
import type { FetchLike, FetchResponse, LightFetch } from '../http/client/fetch-like.ts';
import { networkError } from '../http/client/network-error.ts';
import { parseRetryAfter } from '../http/message/retry-after.ts';
import { tryParseJson } from '../peer/json.ts';
import { type OnWire } from '../peer/on-wire.ts';
import { redact } from '../peer/wire-record.ts';
import type { Headers } from '../core/transport.ts';
import { decodeProblem, isObject, type SubscriptionInput } from './wire.ts';

/** A subscription, as the peer gave it. */
export interface Registered {
  readonly id: string;
  readonly secret: string;
}

/** Secrets in an answer, as JSON: by their form, or by the name of their member. */
const SECRET = /"whsec_[^"]*"|(?<="secret"\s*:\s*)"(?:[^"\\]|\\.)*"/g;

/** A client of a peer's subscription API. */
export class Registry {
  readonly #carrier: LightFetch;

  private readonly url: string;
  private readonly onWire: OnWire | undefined;

  constructor(url: string, onWire: OnWire | undefined, fetch: FetchLike | undefined) {
    this.url = url;
    this.onWire = onWire;
    this.#carrier = fetch ? { fetch, close: async () => {} } : createLightFetch();
  }

  async create(input: Partial<SubscriptionInput>, headers: Headers, signal: AbortSignal): Promise<Registered> {
    const body = await this.#send('POST', '', headers, signal, JSON.stringify(input));
    if (isObject(body) && typeof body['id'] === 'string' && typeof body['secret'] === 'string')
      return { id: body['id'], secret: body['secret'] };
    throw new ApiError('DATA_LOSS', 'the subscription API answered without an id and a secret', { remote: true });
  }

  async delete(id: string, headers: Headers, signal: AbortSignal): Promise<void> {
    await this.#send('DELETE', `/${encodeURIComponent(id)}`, headers, signal);
  }

  close(): Promise<void> {
    return this.#carrier.close();
  }

  async #send(method: string, path: string, given: Headers, signal: AbortSignal, body?: string): Promise<unknown> {
    const url = this.url + path;
    const headers = { ...given, accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json' }) };
    this.onWire?.({
      protocol: 'webhook',
      direction: 'out',
      start: `${method} ${url}`,
      headers: redact(Object.entries(headers)),
      ...(body !== undefined && { body }),
    });
    let response: FetchResponse;
    let text: string;
    try {
      response = await this.#carrier.fetch(url, { method, headers, signal, redirect: 'manual', ...(body !== undefined && { body }) });
      text = await response.text();
    } catch (error) {
      throw networkError(error, url, signal);
    }
    const shown = text.replace(SECRET, '"[redacted]"');
    this.onWire?.({
      protocol: 'webhook',
      direction: 'in',
      start: `${response.status} ${response.statusText}`.trim(),
      headers: redact(response.headers.entries()),
      body: shown,
    });
    const value = text !== '' && response.headers.get('content-type')?.includes('json') ? tryParseJson(text) : undefined;
    if (!response.ok) throw decodeProblem(response.status, value, parseRetryAfter(response.headers.get('retry-after')));
    return value;
  }
}
