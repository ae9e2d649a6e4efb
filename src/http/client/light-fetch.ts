import type { Dispatcher } from 'undici';
import { sendBy } from './bounded-response.ts';
import { createDispatcher, globalDispatcher, patchedFetch } from './light-carrier.ts';
import { ACCEPT_ENCODING, BodyDecoder, decodersOf } from './light-decoding.ts';
import { closedFailure, type FetchInit, type FetchResponse, type LightFetch, type LightFetchOptions } from './fetch-like.ts';
import { MAX_RESPONSE_BYTES } from './options.ts';
import { createLightFetch as createPlatformFetch } from './platform-fetch.ts';
import { failureOf, LightResponse, type Source } from './light-response.ts';

/** Some APIs refuse requests without one. */
const USER_AGENT = 'multi-api-sdk';

/**
 * A `fetch` for Node over undici's dispatcher: the same calls for a fraction of the processor time, because no `Request`, `Headers`
 * or stream is made that nobody asks for. undici is loaded at the first call. Idle sockets do not keep the process alive.
 * Carried otherwise if the options say so, the program has put something in the way of all requests, or undici cannot be loaded.
 */
export function createLightFetch(options: LightFetchOptions = {}): LightFetch {
  const { maxResponseBytes = MAX_RESPONSE_BYTES, connectTimeoutMs = 10_000, tls, fetch: given } = options;
  const own = options.dispatcher as Dispatcher | undefined;
  if (own && tls) throw new TypeError("'tls' is not for a 'dispatcher' of your own: let it have it itself");
  const isOwn = tls !== undefined || own !== undefined;
  let made: Dispatcher | undefined;
  let loading: Promise<Dispatcher> | undefined;
  let platform: LightFetch | undefined;
  let isClosed = false;

  return {
    fetch(url, init = {}) {
      if (isClosed) return Promise.reject(closedFailure());
      const fetch = given ?? (isOwn ? undefined : patchedFetch());
      if (fetch) return sendBy(fetch, url, init, maxResponseBytes);
      const dispatcher = own ?? (isOwn ? made : (globalDispatcher() ?? made));
      if (dispatcher) return exchange(dispatcher, url, init, maxResponseBytes);
      if (platform) return platform.fetch(url, init);
      loading ??= createDispatcher(connectTimeoutMs, tls);
      return loading.then(
        (loaded) => {
          made = loaded;
          if (isClosed) throw closedFailure();
          return exchange(loaded, url, init, maxResponseBytes);
        },
        (error: unknown) => {
          if (isOwn) throw error;
          // undici is CommonJS, which a bundle of ES modules cannot always load.
          platform ??= createPlatformFetch({ maxResponseBytes });
          return platform.fetch(url, init);
        },
      );
    },
    async close() {
      isClosed = true;
      const ended = made ?? (await loading?.catch(() => undefined));
      await ended?.destroy();
    },
  };
}

function exchange(dispatcher: Dispatcher, url: string, init: FetchInit, maxBytes: number): Promise<FetchResponse> {
  return new Promise((resolve, reject) => {
    const { signal } = init;
    if (signal?.aborted) throw signal.reason;
    const [origin, path] = splitUrl(String(url));
    const method = init.method ?? 'GET';
    dispatcher.dispatch(
      { origin, path, method: method, headers: flatten(init.headers), body: bodyOf(init.body), headersTimeout: 0, bodyTimeout: 0 },
      new Exchange(resolve, reject, signal ?? undefined, method !== 'HEAD', maxBytes),
    );
  });
}

/** undici reads a whole blob before it sends it; it sends what can be iterated piece by piece, and waits for the peer. */
function bodyOf(body: FetchInit['body']): NonNullable<Dispatcher.DispatchOptions['body']> | null {
  const stream = typeof Blob !== 'undefined' && body instanceof Blob ? body.stream() : body;
  return (stream ?? null) as NonNullable<Dispatcher.DispatchOptions['body']> | null;
}

/**
 * One request and its response. The methods are those undici calls; of its two handler shapes it is the one that the dispatcher
 * uses itself, the other is wrapped and gets headers parsed whether they are looked at or not.
 */
class Exchange implements Dispatcher.DispatchHandler, Source {
  readonly #resolve: (response: FetchResponse) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #hasBody: boolean;
  readonly #maxBytes: number;
  #response: LightResponse | undefined;
  #decoder: BodyDecoder | undefined;
  #abort: ((reason?: Error) => void) | undefined;
  #resume: (() => void) | undefined;
  #isOver = false;

  constructor(
    resolve: (response: FetchResponse) => void,
    reject: (reason: unknown) => void,
    signal: AbortSignal | undefined,
    hasBody: boolean,
    maxBytes: number,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = signal;
    this.#hasBody = hasBody;
    this.#maxBytes = maxBytes;
    // eslint-disable-next-line no-restricted-syntax -- an object as listener: no closure per request; removed when it settles
    signal?.addEventListener('abort', this);
  }

  /** The signal aborts. */
  handleEvent(): void {
    this.abort(this.#signal?.reason as Error);
  }

  abort(reason: Error): void {
    this.#settle(reason);
    this.#abort?.();
  }

  resume(): void {
    this.#decoder?.resume();
    this.#resume?.();
  }

  /** The request is about to be written: until now it surely was not sent. */
  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort;
    if (this.#isOver) abort();
  }

  onHeaders(status: number, headers: Buffer[], resume: () => void, statusText: string): boolean {
    // 103 Early Hints and the like: the response is still to come.
    if (status < 200) return true;
    this.#resume = resume;
    const response = new LightResponse(status, statusText, headers, this.#hasBody, this.#maxBytes, this);
    if (response.hasBody) {
      const encoding = response.headers.get('content-encoding');
      if (encoding !== null) {
        try {
          const decoders = decodersOf(encoding);
          if (decoders.length > 0)
            this.#decoder = new BodyDecoder(
              decoders,
              (chunk) => response.push(chunk),
              (error) => (error ? this.abort(error) : this.#settle(undefined)),
            );
        } catch (error) {
          this.abort(error as Error);
          return true;
        }
      }
    }
    this.#response = response;
    this.#resolve(response);
    return true;
  }

  onData(chunk: Buffer): boolean {
    if (this.#decoder) return this.#decoder.write(chunk, () => this.#resume?.());
    return this.#response?.push(chunk) ?? true;
  }

  onComplete(): void {
    if (this.#decoder) this.#decoder.end();
    else this.#settle(undefined);
  }

  onError(error: Error): void {
    if (!this.#isOver) this.#settle(failureOf(error, this.#abort !== undefined));
  }

  #settle(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#signal?.removeEventListener('abort', this);
    if (error) this.#decoder?.destroy();
    if (this.#response) this.#response.finish(error);
    else this.#reject(error);
  }
}

/** URLs that need no normalizing: nearly all, and cheaper to split than to parse. */
const PLAIN = /^(https?:\/\/[a-z0-9.\-:[\]]+)(\/[\w\-.~!$&'()*+,;=:@%/?]*)$/;

function splitUrl(url: string): [origin: string, path: string] {
  const plain = PLAIN.exec(url);
  if (plain?.[1] !== undefined && plain[2] !== undefined) return [plain[1], plain[2]];
  const parsed = new URL(url);
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')
    throw new TypeError(`fetch: '${url}' must begin with http:// or https://`);
  if (parsed.username !== '' || parsed.password !== '')
    throw new TypeError("fetch: put credentials in the header 'authorization', not in the URL");
  return [parsed.origin, parsed.pathname + parsed.search];
}

/** The headers as undici takes them, with those that every request has. */
function flatten(headers: FetchInit['headers']): string[] {
  const flat: string[] = [];
  let hasAgent = false;
  let hasEncoding = false;
  const add = (value: string, name: string) => {
    flat.push(name, value);
    switch (name.toLowerCase()) {
      case 'user-agent':
        hasAgent = true;
        break;
      case 'accept-encoding':
        hasEncoding = true;
        break;
      case 'accept':
        // A server that compresses a stream of events holds them back.
        hasEncoding ||= value === 'text/event-stream';
    }
  };
  if (headers instanceof Headers) headers.forEach(add);
  else if (Array.isArray(headers)) for (const [name, value] of headers) add(value, name);
  else for (const name in headers) add(headers[name] ?? '', name);
  if (!hasAgent) flat.push('user-agent', USER_AGENT);
  if (!hasEncoding) flat.push('accept-encoding', ACCEPT_ENCODING);
  return flat;
}
