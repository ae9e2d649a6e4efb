/**
 * The client of GraphQL APIs.
 *
 * @module multi-api-sdk/graphql
 * @group Clients
 */

import { createLightFetch } from '#fetch';
import { ClientError, GraphQLClient } from 'graphql-request';
import type { Contract, EventDefinition } from '../core/contract.ts';
import { ApiError, isApiError, type JsonObject } from '../core/errors.ts';
import type { FetchInit, FetchLike, FetchResponse, LightFetch } from '../http/client/fetch-like.ts';
import { networkError } from '../http/client/network-error.ts';
import { readSse, streamOf } from '../http/events/sse-reader.ts';
import { onAbort } from '../life/lifetime.ts';
import { defineAdapter } from '../guard/guard.ts';
import { parseJson } from '../peer/json.ts';
import { joinHeaders, timeoutHeader, type HeadersOption } from '../peer/headers.ts';
import { guardOnWire, redact, type OnWire } from '../peer/on-wire.ts';
import type { Adapter, CallRequest, EventSink, Headers, SubscribeRequest, Transport } from '../core/transport.ts';
import { eventDocument, foreignDocument, operationDocument, type ClientDocument } from './document/document.ts';
import { endpointOf, isSameOrigin } from './endpoint.ts';
import { deliverSent } from './event-message.ts';
import { persistedQuery, RequestForms, type RequestForm } from './document/request-form.ts';
import { SocketSubscriptions } from './socket/client.ts';
import { graphqlTypes } from './engine/types.ts';
import {
  decodeErrors,
  decodeFailure,
  EVENT_STREAM_TYPE,
  isObject,
  JSON_TYPE,
  NO_HASHES,
  readNotes,
  RESPONSE_TYPE,
  tells,
  UNKNOWN_HASH,
} from './wire.ts';

/** A document of an API that someone else designed. */
export interface ForeignDocument {
  /** One operation; the input's members are its variables. */
  readonly document: string;
  /** Where in `data` the output is: `viewer.profile`; `''` is `data` itself. @default the one field of `data` */
  readonly result?: string;
}

/** Options of `graphql`. */
export interface GraphqlOptions {
  /** The endpoint: `https://example.com/graphql`; without a path it is `/graphql`. */
  readonly url: string;
  /** Sent with every request and as the payload of `connection_init`; a function is asked again for each call and each reconnect, so that tokens refresh. */
  readonly headers?: HeadersOption;
  /** Sees what really went over the wire, credentials redacted. */
  readonly onWire?: OnWire;
  /** How events come: over a WebSocket (`graphql-transport-ws`) or as server-sent events. @default 'ws' */
  readonly subscriptions?: 'ws' | 'sse';
  /** Documents by operation or event, for servers whose schema is not the contract's own. */
  readonly documents?: Readonly<Record<string, string | ForeignDocument>>;
  /**
   * Asks for documents by their SHA-256, and sends the text once where the server does not have it yet. For servers that take them; one
   * that says that it does not is sent documents from then on. Throws a `TypeError` where the platform has no `crypto.subtle`. @default false
   */
  readonly persisted?: boolean;
  /** How queries are sent: answers to GET can be kept by caches on the way. Mutations and long queries are sent by POST. @default 'POST' */
  readonly queryMethod?: 'GET' | 'POST';
  /**
   * Tells the server the deadline in `x-timeout-ms`.
   * @default true, but false in a page of another origin, where the header would need the API's leave (CORS)
   */
  readonly sendDeadline?: boolean;
  /** Carries the requests. @default on Node one over undici's dispatcher, elsewhere the platform's */
  readonly fetch?: FetchLike;
  /** Carries the subscriptions: a WebSocket class. @default isomorphic-ws */
  readonly WebSocket?: unknown;
}

/**
 * A client for GraphQL APIs: a contract's own schema as `graphqlHandler` serves it, or any other by `documents`.
 * Formats: docs/protocols/graphql.md.
 */
export function graphql(options: GraphqlOptions): Adapter {
  const endpoint = endpointOf(options.url);
  // The types of some platforms promise what pages without TLS do not have.
  if (options.persisted && (globalThis.crypto as Partial<Crypto> | undefined)?.subtle === undefined)
    throw new TypeError("graphql: 'persisted' needs crypto.subtle, which browsers give to pages on https:// and localhost alone");
  const guarded = guardOnWire(options);
  return defineAdapter((contract) => new GraphqlTransport(contract, endpoint, guarded));
}

const ACCEPT = `${RESPONSE_TYPE}, ${JSON_TYPE};q=0.9`;
/** Selections of one operation that are kept built. */
const MAX_DOCUMENTS = 1000;

/** What graphql-request gives of a response, whether it throws it or not. */
interface RawResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null; entries?(): Iterable<[string, string]> };
  readonly body?: unknown;
  readonly data?: unknown;
  readonly errors?: unknown;
  readonly extensions?: unknown;
}

class GraphqlTransport implements Transport {
  readonly name = 'graphql';
  readonly #forms = new Map<string, RequestForms>();
  readonly #carrier: LightFetch;
  readonly #client: GraphQLClient;
  readonly #sockets: SocketSubscriptions;
  readonly #streams = new Set<AbortController>();
  readonly #sendDeadline: boolean;
  #isPersisted: boolean;

  readonly contract: Contract;
  private readonly endpoint: string;
  private readonly options: GraphqlOptions;

  constructor(contract: Contract, endpoint: string, options: GraphqlOptions) {
    this.contract = contract;
    this.endpoint = endpoint;
    this.options = options;
    this.#sendDeadline = options.sendDeadline ?? isSameOrigin(endpoint);
    this.#isPersisted = options.persisted ?? false;
    this.#carrier = options.fetch ? { fetch: options.fetch, close: async () => {} } : createLightFetch();
    this.#client = new GraphQLClient(endpoint, {
      fetch: ((url: string | URL, init: FetchInit) => this.#ask(String(url), init)) as unknown as typeof fetch,
      // The documents are built here: to parse them for a name that nobody needs would cost more than the call.
      excludeOperationName: true,
      errorPolicy: 'all',
      redirect: 'manual',
      jsonSerializer: { parse: parseReply, stringify: writeBody },
    });
    const { onWire } = options;
    this.#sockets = new SocketSubscriptions(
      endpoint.replace(/^http/, 'ws'),
      options.WebSocket,
      onWire &&
        ((direction, start, headers, body) =>
          onWire({ protocol: 'graphql', direction, start, headers: redact(Object.entries(headers)), body })),
    );
  }

  async call(request: CallRequest): Promise<unknown> {
    const forms = this.#formsOf(request);
    const { document } = forms;
    if (this.#isPersisted) {
      const { hash, both } = await forms.hashed();
      const response = await this.#request(hash, document, request);
      // Nothing of it has run then.
      if (tells(response.errors, UNKNOWN_HASH)) return decode(document, await this.#request(both, document, request));
      if (!tells(response.errors, NO_HASHES)) return decode(document, response);
      this.#isPersisted = false;
    }
    return decode(document, await this.#request(forms.plain, document, request));
  }

  async #request(form: RequestForm, document: ClientDocument, request: CallRequest): Promise<RawResponse> {
    const { operation, signal } = request;
    const joined = joinHeaders(this.options.headers, request.headers);
    const headers: Record<string, string> = {
      accept: ACCEPT,
      'content-type': JSON_TYPE,
      ...(joined instanceof Promise ? await joined : joined),
    };
    if (this.#sendDeadline && request.deadline !== undefined) headers['x-timeout-ms'] = timeoutHeader(request.deadline);
    let response: RawResponse;
    try {
      // The serializer gets both.
      const variables = { form, variables: document.variables(request.input) };
      response = await this.#client.rawRequest({ query: document.text, signal, requestHeaders: headers, variables });
    } catch (error) {
      response = this.#responseOf(error, operation.name, signal);
    }
    this.#onResponse(response);
    return response;
  }

  async subscribe(request: SubscribeRequest, sink: EventSink): Promise<void> {
    const { document } = this.#eventForms(request.event);
    const headers = await joinHeaders(this.options.headers, request.headers);
    const extensions: JsonObject = {
      ...(request.lastEventId !== undefined && { lastEventId: request.lastEventId }),
      ...(document.tellsAbsent && { absent: true }),
      // With the text: a socket's server may take nothing without it.
      ...(this.#isPersisted && (await persistedQuery(document))),
    };
    if (this.options.subscriptions === 'sse') return this.#stream(document, headers, extensions, request, sink);
    await this.#sockets.open(headers, document, document.variables(request.params) ?? {}, extensions, request.signal, sink);
  }

  async close(): Promise<void> {
    for (const controller of this.#streams) controller.abort(new ApiError('CANCELLED', 'the client is closed'));
    await this.#sockets.close();
    await this.#carrier.close();
  }

  #formsOf({ operation, select }: CallRequest): RequestForms {
    const key = select === undefined ? operation.name : `${operation.name} ${JSON.stringify(select)}`;
    const forms = this.#forms.get(key);
    if (forms) return forms;
    const known = this.contract.operations[operation.name];
    if (!known) throw new ApiError('UNIMPLEMENTED', `the contract has no operation '${operation.name}'`, { sent: false });
    const document =
      this.#foreign(operation.name, known.output !== undefined) ?? operationDocument(graphqlTypes(this.contract), known, select);
    return this.#keep(key, new RequestForms(document, this.options.queryMethod === 'GET' && known.kind === 'query'));
  }

  #eventForms(event: EventDefinition): RequestForms {
    const key = `on ${event.name}`;
    const make = () => this.#foreign(event.name, true) ?? eventDocument(graphqlTypes(this.contract), event);
    return this.#forms.get(key) ?? this.#keep(key, new RequestForms(make(), false));
  }

  #keep(key: string, forms: RequestForms): RequestForms {
    if (this.#forms.size >= MAX_DOCUMENTS) this.#forms.clear();
    this.#forms.set(key, forms);
    return forms;
  }

  #foreign(name: string, hasOutput: boolean): ClientDocument | undefined {
    const { documents } = this.options;
    const given = documents && Object.hasOwn(documents, name) ? documents[name] : undefined;
    if (given === undefined) return undefined;
    const { document, result } = typeof given === 'string' ? { document: given, result: undefined } : given;
    return foreignDocument(document, result === '' ? [] : result?.split('.'), hasOutput);
  }

  /** Carries what graphql-request sends; a body that begins with `?` belongs to the URL. */
  #ask(url: string, init: FetchInit): Promise<FetchResponse> {
    const { body } = init;
    if (typeof body !== 'string' || !body.startsWith('?')) return this.#send(url, init);
    return this.#send(url + (url.includes('?') ? `&${body.slice(1)}` : body), { ...init, method: 'GET', body: null });
  }

  async #send(url: string, init: FetchInit): Promise<FetchResponse> {
    if (this.options.onWire) {
      const headers = init.headers instanceof globalThis.Headers ? [...init.headers.entries()] : Object.entries(init.headers ?? {});
      const { pathname, search } = new URL(url);
      this.#onWire(
        'out',
        init.method === 'GET' ? `GET ${pathname}${search}` : `POST ${pathname}`,
        headers as [string, string][],
        typeof init.body === 'string' ? init.body : undefined,
      );
    }
    try {
      return await this.#carrier.fetch(url, init);
    } catch (error) {
      throw networkError(error, url, init.signal ?? NEVER);
    }
  }

  /** What graphql-request throws: a response with errors or without GraphQL, or what the carrier failed with. */
  #responseOf(error: unknown, operation: string, signal: AbortSignal): RawResponse {
    if (error instanceof ClientError) return error.response;
    if (signal.aborted) throw ApiError.from(signal.reason, 'CANCELLED', 'the call was cancelled');
    if (isApiError(error)) throw error;
    throw new ApiError('DATA_LOSS', `${operation}: the server answered, but not with GraphQL: is the url right?`, {
      remote: true,
      cause: error,
    });
  }

  async #stream(
    document: ClientDocument,
    headers: Headers,
    extensions: JsonObject,
    request: SubscribeRequest,
    sink: EventSink,
  ): Promise<void> {
    const controller = new AbortController();
    const unlink = onAbort(request.signal, () => controller.abort(request.signal.reason));
    this.#streams.add(controller);
    const release = () => {
      unlink();
      this.#streams.delete(controller);
      controller.abort(new ApiError('CANCELLED', 'the stream is over'));
    };
    try {
      const body = JSON.stringify({ query: document.text, variables: document.variables(request.params), extensions });
      const all = { ...headers, accept: EVENT_STREAM_TYPE, 'content-type': JSON_TYPE };
      const response = await this.#send(this.endpoint, {
        method: 'POST',
        headers: all,
        body,
        signal: controller.signal,
        redirect: 'manual',
      });
      this.#onWire('in', `${response.status} ${response.statusText}`.trim(), response.headers.entries(), undefined);
      if (response.status !== 200 || !response.headers.get('content-type')?.startsWith(EVENT_STREAM_TYPE)) throw await refusalOf(response);
      void readSse(streamOf(response), {
        name: 'the event stream',
        signal: controller.signal,
        onChunk: (text) => this.#onWire('in', 'event stream', [], text),
        onEvent: (message) => deliverSent(message, document, sink),
        onEnd: (error) => sink.end(error),
      }).finally(release);
    } catch (error) {
      release();
      throw error;
    }
  }

  #onResponse({ status, headers, body }: RawResponse): void {
    if (this.options.onWire) this.#onWire('in', String(status), headers.entries?.() ?? [], typeof body === 'string' ? body : undefined);
  }

  #onWire(direction: 'out' | 'in', start: string, headers: Iterable<readonly [string, string]>, body: string | undefined): void {
    this.options.onWire?.({ protocol: 'graphql', direction, start, headers: redact(headers), body });
  }
}

function writeBody(body: unknown): string {
  const { form, variables } = (body as { readonly variables: { readonly form: RequestForm; readonly variables: unknown } }).variables;
  return form.write(variables);
}

/** What is no JSON is told from the status, or as a reply that cannot be read: not as somebody's bad input. */
function parseReply(text: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    throw new TypeError('the reply is not JSON', { cause });
  }
}

const NEVER = new AbortController().signal;

/** The body counts, whatever the status. Throws where it has errors, or is no GraphQL. */
function decode(document: ClientDocument, { status, headers, body, data, errors, extensions }: RawResponse): unknown {
  if (Array.isArray(errors) && errors.length > 0) throw decodeErrors(errors, data, readNotes(headers));
  if (data === undefined || status < 200 || status >= 300) {
    const text = typeof body === 'string' ? body : '';
    throw decodeFailure(status, text, headers.get('location'), readNotes(headers));
  }
  return document.read(data, isObject(extensions) ? extensions['absent'] : undefined);
}

/** Why a subscription did not begin. */
async function refusalOf(response: FetchResponse): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  const notes = readNotes(response.headers);
  try {
    const { errors, data } = parseJson(text) as { readonly errors?: unknown; readonly data?: unknown };
    if (Array.isArray(errors) && errors.length > 0) return decodeErrors(errors, data, notes);
  } catch {
    // No JSON, no GraphQL.
  }
  return decodeFailure(response.status, text, response.headers.get('location'), notes);
}
