/**
 * The client of REST APIs.
 *
 * @module multi-api-sdk/rest
 * @group Clients
 */

import { selecting } from '#guard-parts';
import { foreign, streaming, transferring } from '#rest-parts';
import type { Contract, Operation } from '../core/contract.ts';
import { ApiError, noOperation } from '../core/errors.ts';
import { readOptions } from '../core/options.ts';
import { defineAdapter } from '../guard/guard.ts';
import { timeoutHeader } from '../peer/headers.ts';
import { parseJson } from '../peer/json.ts';
import type { FetchResponse } from '../http/client/fetch-like.ts';
import { HTTP_CLIENT_OPTIONS, HTTP_CLIENT_READERS, HttpClient, type HttpClientOptions } from '../http/client/http-client.ts';
import { baseUrl, isSameOrigin } from '../http/client/page-url.ts';
import { withPart } from '../life/lazy.ts';
import { guardOnWire } from '../peer/on-wire.ts';
import type { Adapter, CallRequest, EventSink, ResponseHead, StreamRequest, SubscribeRequest, Transport } from '../core/transport.ts';
import { hasCodec } from '../schema/codec/has-codec.ts';
import type { RestForeignOptions } from './foreign/mapping.ts';
import type { ForeignRest } from './foreign/transport.ts';
import { own } from '../core/own.ts';
import type { QueryOption } from './query-credentials.ts';
import { compileRequest, EVENT_STREAM_TYPE, failedOwn, JSON_TYPE, type RestRequest } from './wire.ts';

export type { ClientTls, DispatcherLike, FetchHeaders, FetchInit, FetchLike, FetchResponse } from '../http/client/fetch-like.ts';
export type { ErrorResponse } from '../core/errors.ts';
export type {
  AnswerPath,
  ListStyle,
  RestAnswer,
  RestDefaults,
  RestError,
  RestEvent,
  RestForeignOptions,
  RestOperation,
  RestPages,
  RestPlace,
  RestStreamEvent,
} from './foreign/mapping.ts';
export type { HttpClientOptions } from '../http/client/http-client.ts';
export type { HeadersOption } from '../peer/headers.ts';
export type { OnWire, WireRecord } from '../peer/on-wire.ts';
export type { QueryOption } from './query-credentials.ts';

/** Options of `rest`. */
export interface RestOptions extends HttpClientOptions, RestForeignOptions {
  /** The address of the API: `http://localhost:4000`, or `https://example.com/api/v2`. */
  readonly url: string;
  /**
   * Tells the server the deadline in `x-timeout-ms`.
   * @default true, but false in a page of another origin, because the header would then need the API's permission (CORS)
   */
  readonly sendDeadline?: boolean | undefined;
  /** Asks for selected fields with `?fields=username,email`; servers that do not know it must ignore it. @default true */
  readonly sendFields?: boolean | undefined;
  /** Credentials that the API wants in the query: `{ api_key: '…' }`. `onWire` does not see their values. */
  readonly query?: QueryOption | undefined;
  /**
   * Reads the data of server-sent events as CloudEvents in JSON. One that cannot be read is reported to `onError` and told as a gap.
   * @default no CloudEvents
   */
  readonly cloudEvents?: 'structured' | undefined;
  /** Gets events that cannot be read: CloudEvents, and those of a mapping. @default console.error */
  readonly onError?: ((error: unknown) => void) | undefined;
  /**
   * Whether redirects are followed: `'same-origin'` within the url's own origin, to which credentials may go along.
   * @default 'refuse', an error that names the address
   */
  readonly redirects?: 'refuse' | 'same-origin' | undefined;
}

/**
 * A client for REST APIs: paths, queries and JSON bodies by the contract's `http` bindings, problem details as errors, server-sent events.
 * Formats: docs/protocols/rest.md.
 */
export function rest(options: RestOptions): Adapter<'call' | 'subscribe' | 'stream'> {
  const read = guardOnWire(
    readOptions('rest', options, HTTP_CLIENT_READERS, [
      'url', 'sendDeadline', 'sendFields', 'query', 'redirects', 'cloudEvents', 'onError', 'operations', 'events', 'defaults', ...HTTP_CLIENT_OPTIONS,
    ]), // prettier-ignore
  );
  const base = baseUrl('rest', read.url);
  return defineAdapter<'call' | 'subscribe' | 'stream'>((contract) => new RestTransport(contract, base, read));
}

class RestTransport implements Transport {
  readonly name = 'rest';
  readonly streamsFiles = true;
  readonly #requests = new Map<string, (input: unknown) => RestRequest>();
  readonly #http: HttpClient;
  readonly #streams = new Set<AbortController>();
  readonly #sendDeadline: boolean;
  #foreign: ForeignRest | Promise<ForeignRest> | undefined;

  readonly contract: Contract;
  private readonly base: string;
  private readonly options: RestOptions;

  constructor(contract: Contract, base: string, options: RestOptions) {
    this.contract = contract;
    this.base = base;
    this.options = options;
    for (const operation of Object.values(contract.operations)) this.#requests.set(operation.name, compileRequest(operation));
    checkNames('operation', options.operations, contract.operations);
    checkNames('event', options.events, contract.events);
    this.#sendDeadline = options.sendDeadline ?? isSameOrigin(base);
    this.#http = new HttpClient('rest', options);
    if (options.operations ?? options.events ?? options.defaults) void this.#loadForeign();
  }

  async call(request: CallRequest): Promise<unknown> {
    const { operation, signal } = request;
    const encode = this.#requests.get(operation.name);
    if (!encode) throw noOperation(operation.name);
    if (own(this.options.operations, operation.name))
      return (await this.#loadForeign()).call(request, await this.#http.headers(request.headers));
    const [binding] = operation.http;
    const transfer = mayTransfer(operation) ? await transferring() : undefined;
    const bodies = transfer?.bodiesOf(operation);
    const sent = bodies?.request && binding && (await transfer?.encodeFiles(binding, bodies.request, request));
    const { method, target: plain, body } = sent ?? encode(request.input);
    const target = request.select && this.options.sendFields !== false ? await withFields(plain, this.contract, request) : plain;
    const headers = await this.#headers(request, bodies && transfer ? transfer.acceptFor(bodies.answer) : JSON_TYPE);
    if (sent) Object.assign(headers, sent.headers);
    else if (body !== undefined) headers['content-type'] = JSON_TYPE;
    if (this.#sendDeadline && request.deadline !== undefined) headers['x-timeout-ms'] = timeoutHeader(request.deadline);
    const exchange = { method, ...(await this.#urlOf(target)), headers, body, signal };
    let response = await (sent && transfer ? transfer.sendUpload(this.#http, exchange, sent) : this.#http.send(exchange));
    if (this.options.redirects === 'same-origin' && response.status >= 300 && response.status < 400)
      response = await (await import('./foreign/redirect.ts')).followRedirects(this.#http, exchange, response);
    if (request.onResponse) request.onResponse(await this.#headOf(response, operation));
    if (bodies?.answer && response.ok) return transfer?.readAnswer(bodies.answer, response, this.#http, exchange);
    const text = await this.#http.text(response, exchange);
    if (!response.ok) throw await failureOf(response, text);
    return decodeOutput(operation, response, text);
  }

  async subscribe(request: SubscribeRequest, sink: EventSink): Promise<void> {
    if (request.operation) return this.#stream(request, sink);
    if (own(this.options.events, request.event.name))
      return (await this.#loadForeign()).subscribe(request, sink, await this.#http.headers(request.headers));
    const headers = await this.#headers(request, EVENT_STREAM_TYPE);
    const { openEvents } = await streaming();
    await openEvents(request, sink, {
      options: this.options,
      streams: this.#streams,
      maxEventChars: this.#http.maxResponseBytes,
      get: async (target, more, signal) =>
        this.#http.open({ method: 'GET', ...(await this.#urlOf(target)), headers: { ...headers, ...more }, signal }),
      onChunk: (text) => this.#http.onChunk(text),
    });
  }

  async #stream(request: StreamRequest, sink: EventSink): Promise<void> {
    const encode = this.#requests.get(request.operation.name);
    if (!encode) throw noOperation(request.operation.name);
    if (own(this.options.operations, request.operation.name))
      return (await this.#loadForeign()).stream(request, sink, await this.#http.headers(request.headers));
    const { method, target, body } = encode(request.input);
    const headers = await this.#headers(request, EVENT_STREAM_TYPE);
    if (body !== undefined) headers['content-type'] = JSON_TYPE;
    if (this.#sendDeadline && request.deadline !== undefined) headers['x-timeout-ms'] = timeoutHeader(request.deadline);
    const { openItems } = await streaming();
    await openItems(request, sink, {
      streams: this.#streams,
      maxEventChars: this.#http.maxResponseBytes,
      open: async (signal) => this.#http.open({ method, ...(await this.#urlOf(target)), headers, body, signal }),
      onChunk: (text) => this.#http.onChunk(text),
    });
  }

  async close(): Promise<void> {
    for (const controller of this.#streams) controller.abort(new ApiError('CANCELLED', 'the client is closed'));
    await this.#http.close();
  }

  async #headOf(response: FetchResponse, operation: Operation): Promise<ResponseHead> {
    return (await import('./response/head.ts')).headOf(response, this.base, operation);
  }

  /** What the options map. Mistakes are a `TypeError` of the construction, or of the first call in a page, which loads this late. */
  /** What the options map. A mistake in it throws a `TypeError`; a page, which loads this late, has it as FAILED_PRECONDITION of its calls. */
  #loadForeign(): ForeignRest | Promise<ForeignRest> {
    if (this.#foreign) return this.#foreign;
    const made = withPart(foreign, ({ ForeignRest }) => {
      const { contract, options, base } = this;
      return new ForeignRest(contract, options, {
        http: this.#http,
        base,
        streams: this.#streams,
        follow: options.redirects === 'same-origin',
        onError: options.onError,
        query: async () => (await import('./query-credentials.ts')).readQuery(options.query ?? {}),
      });
    });
    if (made instanceof Promise) {
      // A load that failed is tried again by the next call.
      made.catch(() => (this.#foreign = undefined));
      this.#foreign = made.catch((cause: unknown) => {
        throw cause instanceof TypeError ? new ApiError('FAILED_PRECONDITION', cause.message, { sent: false, cause }) : cause;
      });
      this.#foreign.catch(() => {});
    } else this.#foreign = made;
    return this.#foreign;
  }

  /** Where a request goes, with the credentials of the query, and what of it may be seen. */
  async #urlOf(target: string): Promise<{ readonly url: string; readonly shownUrl?: string }> {
    const url = this.base + target;
    const { query } = this.options;
    return query === undefined ? { url } : (await import('./query-credentials.ts')).withQuery(url, query);
  }

  async #headers(request: CallRequest | SubscribeRequest, accept: string): Promise<Record<string, string>> {
    const joined = this.#http.headers(request.headers);
    return { accept, ...(joined instanceof Promise ? await joined : joined) };
  }
}

/** Whether an operation may have a body that is not JSON: bytes and files are codecs. */
function mayTransfer({ input, output }: Operation): boolean {
  return (input !== undefined && hasCodec(input)) || (output !== undefined && hasCodec(output));
}

/** The target with the output's own fields that the selection needs; relations have operations of their own. */
async function withFields(target: string, contract: Contract, { operation, select }: CallRequest): Promise<string> {
  if (!select) return target;
  const { hasField, planSelection } = await selecting();
  // An input of that name would be taken for it.
  if (operation.input && hasField(operation.input, 'fields')) return target;
  const { ownFields } = planSelection(contract, operation, select);
  return `${target}${target.includes('?') ? '&' : '?'}fields=${ownFields.map(encodeURIComponent).join(',')}`;
}

/** The error in an answer: our own, or a foreign one, whose many habits only a program that meets them loads. */
async function failureOf(response: FetchResponse, text: string): Promise<ApiError> {
  return failedOwn(response, text) ?? (await import('./foreign/failure.ts')).foreignFailure(response, text);
}

/** Throws a `TypeError` for a mapping of what the contract does not have. */
function checkNames(what: string, mapped: object | undefined, known: object): void {
  const stray = Object.keys(mapped ?? {}).find((name) => !Object.hasOwn(known, name));
  if (stray !== undefined)
    throw new TypeError(`rest: the contract has no ${what} '${stray}': it has ${Object.keys(known).join(', ') || 'none'}`);
}

function decodeOutput(operation: Operation, response: FetchResponse, text: string): unknown {
  if (text === '') return undefined;
  if (!operation.output) {
    // A server may say a word where we want none. A page is another matter: it is somebody else's, such as a proxy's sign-in.
    if (response.headers.get('content-type')?.startsWith('text/html')) throw notJson(operation, response, undefined);
    return undefined;
  }
  try {
    return parseJson(text);
  } catch (cause) {
    throw notJson(operation, response, cause);
  }
}

function notJson({ name }: Operation, { headers }: FetchResponse, cause: unknown): ApiError {
  const type = headers.get('content-type') ?? 'no content type';
  const why = type.includes('json') ? 'the reply is not JSON' : `the server answered ${type}, not JSON: is the url right?`;
  return new ApiError('DATA_LOSS', `${name}: ${why}`, { remote: true, cause });
}
