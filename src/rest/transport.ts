import { fielding, foreign, streaming, transferring } from '#rest-parts';
import type { Contract, Operation } from '../core/contract.ts';
import { ApiError, clientClosed, noMember } from '../core/errors.ts';
import { own } from '../core/own.ts';
import type { CallRequest, EventSink, SubscribeRequest, Transport } from '../core/transport.ts';
import type { FetchResponse } from '../http/client/fetch-like.ts';
import { HttpClient } from '../http/client/http-client.ts';
import { isSameOrigin } from '../http/client/page-url.ts';
import { lazy, withPart } from '../life/lazy.ts';
import { timeoutHeader } from '../peer/headers.ts';
import { parseJson } from '../peer/json.ts';
import { hasCodec } from '../schema/codec/has-codec.ts';
import type { RestOptions } from './client-options.ts';
import type { ForeignRest } from './foreign/transport.ts';
import { compileRequest, failedOwn, JSON_TYPE, type RestRequest } from './wire.ts';
import { isPromiseLike } from '../life/maybe.ts';

/** Parts that many programs do not need. */
const heading = lazy(() => import('./response/head.ts'));
const credentials = lazy(() => import('./calling/query-credentials.ts'));

/** The transport of a contract over REST. Pages load it after the client was made. */
export class RestTransport implements Transport {
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
    this.#sendDeadline = options.sendDeadline ?? isSameOrigin(base);
    this.#http = new HttpClient('rest', options);
    if (options.operations ?? options.events ?? options.defaults) void this.#loadForeign();
  }

  async call(request: CallRequest): Promise<unknown> {
    const { operation, signal } = request;
    const encode = this.#requests.get(operation.name);
    if (!encode) throw noMember('operation', operation.name);
    if (own(this.options.operations, operation.name))
      return (await this.#loadForeign()).call(request, await this.#http.headers(request.headers));
    const [binding] = operation.http;
    const transfer = mayTransfer(operation) ? await transferring() : undefined;
    const bodies = transfer?.bodiesOf(operation);
    const sent = bodies?.request && binding && (await transfer?.encodeFiles(binding, bodies.request, request));
    const { method, target: plain, body } = sent ?? encode(request.input);
    const target =
      request.select && this.options.sendFields !== false ? (await fielding()).withFields(plain, this.contract, request) : plain;
    const headers = await this.#headers(request, bodies && transfer ? transfer.acceptFor(bodies.answer) : JSON_TYPE);
    if (sent) Object.assign(headers, sent.headers);
    else if (body !== undefined) headers['content-type'] = JSON_TYPE;
    if (this.#sendDeadline && request.deadline !== undefined) headers['x-timeout-ms'] = timeoutHeader(request.deadline);
    // Before anything is sent: an answer that came must not fail for want of it.
    const head = request.onResponse && (await heading());
    const exchange = { method, ...(await this.#urlOf(target)), headers, body, signal };
    let response = await (sent && transfer ? transfer.sendUpload(this.#http, exchange, sent) : this.#http.send(exchange));
    if (this.options.redirects === 'same-origin' && response.status >= 300 && response.status < 400)
      response = await (await import('./foreign/redirect.ts')).followRedirects(this.#http, exchange, response);
    if (head) request.onResponse?.(head.headOf(response, this.base, operation));
    if (bodies?.answer && response.ok) return transfer?.readAnswer(bodies.answer, response, this.#http, exchange);
    const text = await this.#http.text(response, exchange);
    if (!response.ok) throw await failureOf(response, text);
    return decodeOutput(operation, response, text);
  }

  async subscribe(request: SubscribeRequest, sink: EventSink): Promise<void> {
    const { operation, event } = request;
    if (operation && !this.#requests.has(operation.name)) throw noMember('operation', operation.name);
    if (operation ? own(this.options.operations, operation.name) : own(this.options.events, event.name)) {
      const mapped = await this.#loadForeign();
      const headers = await this.#http.headers(request.headers);
      return operation ? mapped.stream(request, sink, headers) : mapped.subscribe(request, sink, headers);
    }
    const { openOwn } = await streaming();
    await openOwn(request, sink, {
      options: this.options,
      streams: this.#streams,
      headOf: async (response) => (await heading()).headOf(response, this.base, operation),
      maxEventChars: this.#http.maxResponseBytes,
      sendsDeadline: this.#sendDeadline,
      headers: (accept) => this.#headers(request, accept),
      open: async (target, exchange) => this.#http.open({ ...exchange, ...(await this.#urlOf(target)) }),
      onChunk: (text) => this.#http.onChunk(text),
    });
  }

  async close(): Promise<void> {
    for (const controller of this.#streams) controller.abort(clientClosed());
    await this.#http.close();
  }

  /** The mapping in the options. A mistake in it throws a `TypeError`; a page, which loads this late, has it as FAILED_PRECONDITION of its calls. */
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
        query: async () => (await credentials()).readQuery(options.query ?? {}),
      });
    });
    if (isPromiseLike(made)) {
      // A load that failed is tried again by the next call.
      made.catch(() => (this.#foreign = undefined));
      this.#foreign = made.catch((cause: unknown) => {
        throw cause instanceof TypeError ? new ApiError('FAILED_PRECONDITION', cause.message, { sent: false, cause }) : cause;
      });
      this.#foreign.catch(() => {});
    } else this.#foreign = made;
    return this.#foreign;
  }

  /** The address of a request, with the credentials of the query, and what of it may be seen. */
  async #urlOf(target: string): Promise<{ readonly url: string; readonly shownUrl?: string }> {
    const url = this.base + target;
    const { query } = this.options;
    return query === undefined ? { url } : (await credentials()).withQuery(url, query);
  }

  async #headers(request: CallRequest | SubscribeRequest, accept: string): Promise<Record<string, string>> {
    const joined = this.#http.headers(request.headers);
    return { accept, ...(isPromiseLike(joined) ? await joined : joined) };
  }
}

/** Whether an operation may have a body that is not JSON: bytes and files are codecs. */
function mayTransfer({ input, output }: Operation): boolean {
  return (input !== undefined && hasCodec(input)) || (output !== undefined && hasCodec(output));
}

/** The error in an answer: our own, or a foreign one, whose many habits only a program that meets them loads. */
async function failureOf(response: FetchResponse, text: string): Promise<ApiError> {
  return failedOwn(response, text) ?? (await import('./foreign/failure.ts')).foreignFailure(response, text);
}

function decodeOutput(operation: Operation, response: FetchResponse, text: string): unknown {
  if (text === '') return undefined;
  if (!operation.output) {
    // A server may say a word although we want none. A page is another matter: it is somebody else's, such as a proxy's sign-in.
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
