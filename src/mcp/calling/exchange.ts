import { ApiError, clientClosed, type JsonObject } from '../../core/errors.ts';
import type { Headers } from '../../core/transport.ts';
import type { FetchResponse } from '../../http/client/fetch-like.ts';
import { HttpClient } from '../../http/client/http-client.ts';
import type { HttpClientOptions } from '../../http/client/options.ts';
import { networkError } from '../../http/client/network-error.ts';
import { parseRetryAfter } from '../../http/message/retry-after.ts';
import { codeOfStatus } from '../../http/message/status.ts';
import { isObject } from '../../peer/error-body.ts';
import { MAX_DEPTH, parseJson, tryParseJson } from '../../peer/json.ts';
import { shownUrl } from '../../peer/redact/shown-url.ts';
import { encodeRequest, readErrorBody, type McpId } from '../wire.ts';
import { answered } from '#answered';

/** The result of one POST. */
export interface McpReply {
  readonly status: number;
  readonly headers: Iterable<readonly [string, string]>;
  readonly session: string | undefined;
  /** The response, if the body is one. */
  readonly message: JsonObject | undefined;
  /** The error of an answer that is not a response. */
  readonly failure: () => ApiError;
}

/** Levels around a tool's output. */
const ENVELOPE = 3;

/** The messages of one client: each is a POST of its own. */
export class McpExchange {
  readonly #http: HttpClient;
  readonly #closing = new AbortController();
  #lastId = 0;

  private readonly url: string;

  constructor(url: string, options: HttpClientOptions) {
    this.url = url;
    this.#http = new HttpClient('mcp', options);
  }

  nextId(): number {
    return ++this.#lastId;
  }

  headers(call: Headers): Headers | Promise<Headers> {
    return this.#http.headers(call);
  }

  /** Sends a request, and reads its response. Rejects with `ApiError` if no answer came. */
  async request(id: McpId, method: string, params: JsonObject, headers: Headers, signal: AbortSignal): Promise<McpReply> {
    const { url } = this;
    const exchange = { method: 'POST', url, headers: { ...headers, ...POSTED }, body: encodeRequest(id, method, params), signal };
    const response = await this.#http.send(exchange);
    const isStream = /^\s*text\/event-stream\s*(?:;|$)/i.test(response.headers.get('content-type') ?? '');
    const text = isStream ? undefined : await this.#http.text(response, exchange);
    const message = text === undefined ? await this.#fromStream(id, response, signal) : responseIn(response, text);
    return {
      status: response.status,
      headers: response.headers.entries(),
      session: response.headers.get('mcp-session-id') ?? undefined,
      message,
      failure: () => failureOf(response, text ?? ''),
    };
  }

  /** Tells the server something that it does not answer. */
  async notify(method: string, params: JsonObject, headers: Headers, signal: AbortSignal): Promise<void> {
    const exchange = {
      method: 'POST',
      url: this.url,
      headers: { ...headers, ...POSTED },
      body: encodeRequest(undefined, method, params),
      signal,
    };
    await this.#http.text(await this.#http.send(exchange), exchange);
  }

  /** Tells a server of an older revision that nobody waits for an answer any more. */
  cancelled(id: McpId, headers: Headers): void {
    // The call is over: nobody is left to hear that this failed.
    this.notify('notifications/cancelled', { requestId: id, reason: 'the caller has cancelled' }, headers, this.#closing.signal).catch(
      () => {},
    );
  }

  async close(): Promise<void> {
    this.#closing.abort(clientClosed());
    await this.#http.close();
  }

  /** The response at the end of a stream; the messages before it are progress, for which nothing here asks. */
  async #fromStream(id: McpId, response: FetchResponse, signal: AbortSignal): Promise<JsonObject> {
    const { readSse, streamOf } = await import('../../http/events/sse-reader.ts');
    let found: JsonObject | undefined;
    let failure: ApiError | undefined;
    await readSse(streamOf(response), {
      name: `the answer of ${shownUrl(this.url)}`,
      signal,
      maxEventChars: this.#http.maxResponseBytes,
      onChunk: (text) => this.#http.onChunk(text),
      onEvent: ({ data }) => {
        const message = tryParse(data);
        if (message?.['id'] === id && !('method' in message)) found = message;
        return found === undefined;
      },
      onEnd: (error) => (failure = error),
    });
    if (found) return found;
    if (signal.aborted) throw networkError(signal.reason, this.url, signal);
    throw failure ?? new ApiError('UNAVAILABLE', 'the server closed the stream without a response', { remote: true });
  }
}

const POSTED = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };

function tryParse(text: string): JsonObject | undefined {
  try {
    const value = parseJson(text, MAX_DEPTH + ENVELOPE);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function responseIn({ headers, status }: FetchResponse, text: string): JsonObject | undefined {
  if (!headers.get('content-type')?.includes('json')) return undefined;
  const message = tryParse(text);
  if (message && ('result' in message || 'error' in message)) return message;
  if (message === undefined && status < 300)
    throw new ApiError('DATA_LOSS', 'the reply is not JSON, or nested too deeply', { remote: true });
  return undefined;
}

/** The error in an answer of HTTP's own. */
function failureOf({ headers, status }: FetchResponse, text: string): ApiError {
  const retryAfterMs = parseRetryAfter(headers.get('retry-after'));
  const problem = headers.get('content-type')?.includes('json') ? tryParseJson(text) : undefined;
  const own = isObject(problem) ? readErrorBody({ message: problem['detail'], ...problem }) : undefined;
  if (own) return own.retryAfterMs === undefined ? own.with({ retryAfterMs }) : own;
  // A path that nobody answers is an endpoint that is not there.
  const code = status === 404 || status < 400 ? 'UNIMPLEMENTED' : codeOfStatus(status);
  return new ApiError(code, answered(status, ', and no message of MCP: is the url right?'), { remote: true, retryAfterMs });
}
