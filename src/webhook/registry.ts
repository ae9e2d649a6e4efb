import { ApiError } from '../core/errors.ts';
import type { Headers } from '../core/transport.ts';
import { HttpClient } from '../http/client/http-client.ts';
import type { HttpClientOptions } from '../http/client/options.ts';
import { parseRetryAfter } from '../http/message/retry-after.ts';
import { tryParseJson } from '../peer/json.ts';
import { decodeProblem, isObject, type SubscriptionInput } from './wire.ts';

/** A subscription, as the peer gave it. */
export interface Registered {
  readonly id: string;
  readonly secret: string;
}

/** Secrets in an answer, as JSON: by their form, or by the name of their member. */
const SECRET = /"(?:whsec_[^"]*|(?<="secret"\s*:\s*")(?:[^"\\]|\\.)*)"/g;

/** A client of a peer's subscription API. */
export class Registry {
  readonly #http: HttpClient;

  private readonly url: string;

  constructor(url: string, options: HttpClientOptions) {
    this.url = url;
    this.#http = new HttpClient('webhook', options, (body) => body.replace(SECRET, '"[redacted]"'));
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
    return this.#http.close();
  }

  async #send(method: string, path: string, given: Headers, signal: AbortSignal, body?: string): Promise<unknown> {
    const url = this.url + path;
    const headers = { ...given, accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json' }) };
    const { response, text } = await this.#http.exchange({ method, url, headers, signal, ...(body !== undefined && { body }) });
    const value = text !== '' && response.headers.get('content-type')?.includes('json') ? tryParseJson(text) : undefined;
    if (!response.ok) throw decodeProblem(response.status, value, parseRetryAfter(response.headers.get('retry-after')));
    return value;
  }
}
