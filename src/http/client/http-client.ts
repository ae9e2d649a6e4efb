import { createLightFetch } from '#fetch';
import type { Headers } from '../../core/transport.ts';
import { lazy } from '../../life/lazy.ts';
import { joinHeaders } from '../../peer/headers.ts';
import type { FetchResponse, LightFetch } from './fetch-like.ts';
import type { HttpClientOptions } from './options.ts';
import type { HttpExchange } from './sending/exchange.ts';
import { networkError } from './network-error.ts';
import { shownBody } from './shown-body.ts';

export type { HttpExchange } from './sending/exchange.ts';

/** Few programs sign. */
const signing = lazy(() => import('./sending/sign.ts'));

/** A whole answer. */
export interface HttpReply {
  readonly response: FetchResponse;
  readonly text: string;
}

/** The HTTP of a client: sends, within limits, tells `onWire`, and says what went wrong as `ApiError`. */
export class HttpClient {
  readonly #carrier: LightFetch;

  private readonly protocol: string;
  private readonly options: HttpClientOptions;
  private readonly hide: (body: string) => string;

  /** `protocol` is its name for `onWire`; `hide` takes secrets out of the bodies that `onWire` gets. */
  constructor(protocol: string, options: HttpClientOptions, hide: (body: string) => string = itself) {
    this.protocol = protocol;
    this.options = options;
    this.hide = hide;
    this.#carrier = createLightFetch(options);
  }

  /** How large an answer may be, and each event or item of a stream. */
  get maxResponseBytes(): number | undefined {
    return this.options.maxResponseBytes;
  }

  /** The adapter's own headers under the call's; asks the function if it is one. */
  headers(call: Headers): Headers | Promise<Headers> {
    return joinHeaders(this.options.headers, call);
  }

  /** Sends, and tells `onWire` of the head: for answers that are read piece by piece. Rejects with `ApiError` if none came. */
  async open(request: HttpExchange): Promise<FetchResponse> {
    const response = await this.send(request);
    this.tell(response);
    return response;
  }

  /** Tells `onWire` of an answer that is read elsewhere: only of its head, if it is read piece by piece. */
  tell({ status, statusText, headers }: FetchResponse, body?: string): void {
    if (this.options.onWire) this.#record('in', `${status} ${statusText}`.trim(), headers.entries(), body);
  }

  /** Sends, and reads the answer as text. Rejects with `ApiError` if no answer came, or one that is too large or not text. */
  async exchange(request: HttpExchange): Promise<HttpReply> {
    const response = await this.send(request);
    return { response, text: await this.text(response, request) };
  }

  /** Sends; resolves with the head of the answer, whose body is to be read with `text` or `bytes`, or cancelled. */
  async send(request: HttpExchange): Promise<FetchResponse> {
    const { sign, onWire } = this.options;
    const signed = sign && (await (await signing()).signed(request, sign));
    const { method, url, shownUrl = url, headers, body, signal } = signed?.exchange ?? request;
    if (onWire) {
      const path = shownUrl.slice(shownUrl.indexOf('/', shownUrl.indexOf('//') + 2));
      this.#record('out', `${method} ${path}`, Object.entries(signed?.shownHeaders ?? headers), shownBody(body, headers));
    }
    const isStream = typeof body === 'object' && 'getReader' in body;
    return settled(request, () =>
      this.#carrier.fetch(url, {
        method,
        headers,
        body: body ?? null,
        signal,
        redirect: 'manual',
        ...(isStream && { duplex: 'half' as const }),
      }),
    );
  }

  /** The answer's text. */
  async text(response: FetchResponse, exchange: HttpExchange): Promise<string> {
    const text = await settled(exchange, () => response.text());
    this.tell(response, text);
    return text;
  }

  /** The answer's bytes, of which `onWire` hears the number, or what `tell` says later. */
  async bytes(response: FetchResponse, exchange: HttpExchange, isTold = true): Promise<Uint8Array<ArrayBuffer>> {
    const body = new Uint8Array(await settled(exchange, () => response.arrayBuffer()));
    if (isTold) this.tell(response, `${body.length} bytes`);
    return body;
  }

  /** Tells `onWire` of a piece of a stream. */
  onChunk(text: string): void {
    this.#record('in', 'event stream', [], text);
  }

  close(): Promise<void> {
    return this.#carrier.close();
  }

  #record(direction: 'out' | 'in', start: string, headers: Iterable<readonly [string, string]>, body: string | undefined): void {
    const { protocol, hide } = this;
    this.options.onWire?.({
      protocol,
      direction,
      start,
      headers: Object.fromEntries(headers),
      ...(body !== undefined && { body: hide(body) }),
    });
  }
}

/** What a carrier gives; its failure as `ApiError`. */
async function settled<T>({ url, signal }: HttpExchange, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw networkError(error, url, signal);
  }
}

function itself(text: string): string {
  return text;
}
