/**
 * The client of GraphQL APIs.
 *
 * @module multi-api-sdk/graphql
 * @group Clients
 */

import type { Contract, EventDefinition } from '../core/contract.ts';
import { ApiError, type JsonObject } from '../core/errors.ts';
import { checkMappings } from '../guard/check-mappings.ts';
import { bytes, ms, readOptions } from '../core/options.ts';
import type { WebSocketConstructor } from '../socket/client/like.ts';
import {
  HTTP_CLIENT_OPTIONS,
  HTTP_CLIENT_READERS,
  HttpClient,
  type HttpClientOptions,
  type HttpReply,
} from '../http/client/http-client.ts';
import { defineAdapter } from '../guard/guard.ts';
import { timeoutHeader } from '../peer/headers.ts';
import { guardOnWire } from '../peer/on-wire.ts';
import { responseHeaders } from '../peer/response-headers.ts';
import type { Adapter, CallRequest, EventRequest, EventSink, StreamRequest, SubscribeRequest, Transport } from '../core/transport.ts';
import { eventDocument, foreignDocument, operationDocument, type ClientDocument } from './document/document.ts';
import { carried, type GraphqlCarrier } from './carrier.ts';
import { decode, readReply, type Reply } from './reply.ts';
import type { SubscriptionForm, Subscriptions } from './socket/settings.ts';
import { linkClosed } from '../socket/client/link.ts';
import { isSameOrigin } from '../http/client/page-url.ts';
import { endpointOf } from './endpoint.ts';
import { persistedQuery, RequestForms, type RequestForm } from './document/request-form.ts';
import { outlineContract } from './document/outline.ts';
import { typesBy } from './engine/types.ts';
import { hasFile } from '../schema/codec/has-file.ts';
import { JSON_TYPE, NO_HASHES, RESPONSE_TYPE, tells, UNKNOWN_HASH } from './wire.ts';

export type { CarrierResponse, GraphqlCarrier } from './carrier.ts';
export type { SubscriptionForm } from './socket/settings.ts';
export type { SocketEvent, WebSocketConstructor, WebSocketLike } from '../socket/client/like.ts';

/** An operation of an API that someone else designed. */
export interface ForeignOperation {
  /** One operation, for a streamed operation a subscription; the input's members are its variables. */
  readonly document: string;
  /** The place of the output in `data`: `viewer.profile`; `''` is `data` itself. @default the only field of `data` */
  readonly result?: string;
  /** Makes the variables of the input. @default the input */
  readonly input?: (input: unknown) => JsonObject;
  /** Makes the output of what is at `result`. @default as it is */
  readonly output?: (result: unknown) => unknown;
}

/** An event of an API that someone else designed. */
export interface ForeignEvent {
  /** One subscription; the channel's parameters are its variables. */
  readonly document: string;
  /** The place of the payload in `data`: `orders.changed`; `''` is `data` itself. @default the only field of `data` */
  readonly result?: string;
  /** Makes the variables of the channel's parameters. @default the parameters */
  readonly input?: (params: unknown) => JsonObject;
  /** Takes the payload out of what is at `result`, or gives `undefined` for a response that is not this event. @default as it is */
  readonly read?: (result: unknown) => unknown;
}

const FORMS: readonly SubscriptionForm[] = ['ws', 'sse', 'multipart'];

/** Options of `graphql`. */
export interface GraphqlOptions extends HttpClientOptions {
  /** The endpoint: `https://example.com/graphql`; without a path it is `/graphql`. */
  readonly url: string;
  /**
   * How events come: over a WebSocket (`graphql-transport-ws`), as server-sent events, or in parts (`multipart/mixed`, as Apollo Router sends them).
   * So do streams by documents of your own; those of a contract's own schema are always server-sent events, which a slow loop can hold back.
   * @default 'ws'
   */
  readonly subscriptions?: SubscriptionForm;
  /** Documents by operation, for servers whose schema is not the contract's own. */
  readonly operations?: Readonly<Record<string, string | ForeignOperation>>;
  /** Documents by event, likewise. */
  readonly events?: Readonly<Record<string, string | ForeignEvent>>;
  /**
   * Asks for documents by their SHA-256, and sends the text once if the server does not have it yet. If a server
   * rejects hashes, the client falls back to documents. Throws a `TypeError` if the platform has no `crypto.subtle`. @default false
   */
  readonly persisted?: boolean;
  /** How queries are sent: answers to GET can be kept by caches on the way. Mutations and long queries are sent by POST. @default 'POST' */
  readonly queryMethod?: 'GET' | 'POST';
  /**
   * Tells the server the deadline in `x-timeout-ms`.
   * @default true, but false in a page of another origin, because the header would then need the API's permission (CORS)
   */
  readonly sendDeadline?: boolean;
  /**
   * Sends files as parts of forms by the multipart request specification, with the header `apollo-require-preflight`, and as streams. For our own
   * servers with the option `uploads`, and for any other with a scalar for files. @default false: base64, which our own servers take
   */
  readonly uploads?: boolean;
  /** Carries queries and mutations instead of `fetch`: a client of graphql-request, with its headers and middleware. */
  readonly carrier?: GraphqlCarrier;
  /** Makes the sockets of subscriptions. @default that of `ws` on Node, the platform's elsewhere */
  readonly WebSocket?: WebSocketConstructor;
  /**
   * The payload of `connection_init`, for servers that want another than the headers; a function is asked for each connection. On Node the
   * headers go with the upgrade in any case. @default the headers
   */
  readonly connectionParams?: JsonObject | (() => JsonObject | Promise<JsonObject>);
  /** How long connecting a socket may take, in milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number;
  /** How often the server of a socket is asked for a sign of life, in milliseconds. If it gives none until the next time, it counts as gone. @default 30_000 */
  readonly pingIntervalMs?: number;
  /** A larger event ends its subscription with DATA_LOSS. In bytes. @default 8_388_608 (8 MiB) */
  readonly maxMessageBytes?: number;
  /** Gets the errors of single events, after which a subscription goes on. @default console.error */
  readonly onError?: (error: unknown) => void;
}

/**
 * A client for GraphQL APIs: a contract's own schema as `graphqlHandler` serves it, or any other by `documents`.
 * Formats: docs/protocols/graphql.md.
 */
export function graphql(options: GraphqlOptions): Adapter<'call' | 'subscribe' | 'stream'> {
  const endpoint = endpointOf(options.url);
  // The types of some platforms promise what pages without TLS do not have.
  if (options.persisted && (globalThis.crypto as Partial<Crypto> | undefined)?.subtle === undefined)
    throw new TypeError("graphql: 'persisted' needs crypto.subtle, which browsers give to pages on https:// and localhost alone");
  if (!FORMS.includes(options.subscriptions ?? 'ws'))
    throw new TypeError(`graphql: 'subscriptions' is one of ${FORMS.join(', ')}, not '${String(options.subscriptions)}'`);
  checkMappings('graphql: operations', options.operations, ['document', 'result', 'input', 'output']);
  checkMappings('graphql: events', options.events, ['document', 'result', 'input', 'read']);
  const read = guardOnWire(readClientOptions(options));
  return defineAdapter<'call' | 'subscribe' | 'stream'>((contract) => new GraphqlTransport(contract, endpoint, read));
}

/** Throws a `TypeError` for an option that cannot be. */
function readClientOptions(options: GraphqlOptions) {
  const limits = {
    connectTimeoutMs: ms(10_000),
    pingIntervalMs: ms(30_000),
    ...HTTP_CLIENT_READERS,
    maxMessageBytes: bytes(8_388_608),
  };
  return readOptions('graphql', options, limits, [
    'url', 'subscriptions', 'operations', 'events', 'persisted', 'queryMethod', 'uploads', 'sendDeadline', 'carrier', 'WebSocket', 'connectionParams',
    'onError', ...HTTP_CLIENT_OPTIONS,
  ]); // prettier-ignore
}

/** The options with their defaults filled in. */
type OptionsInForce = ReturnType<typeof readClientOptions>;

/** A browser does not carry the whole schema view for the sake of documents. */
const outlinedTypes = typesBy(outlineContract);

const ACCEPT = `${RESPONSE_TYPE}, ${JSON_TYPE};q=0.9`;
/** Selections of one operation that are kept built. */
const MAX_DOCUMENTS = 1000;

class GraphqlTransport implements Transport {
  readonly name = 'graphql';
  readonly streamsFiles: boolean;
  readonly #forms = new Map<string, RequestForms>();
  readonly #http: HttpClient;
  /** Each made by its first subscription: what it needs is not loaded by a program that only calls. */
  readonly #subscriptions = new Map<SubscriptionForm, Promise<Subscriptions>>();
  #isClosed = false;
  readonly #sendDeadline: boolean;
  #isPersisted: boolean;

  readonly contract: Contract;
  private readonly endpoint: string;
  private readonly options: OptionsInForce;

  constructor(contract: Contract, endpoint: string, options: OptionsInForce) {
    this.contract = contract;
    this.endpoint = endpoint;
    this.options = options;
    this.#sendDeadline = options.sendDeadline ?? isSameOrigin(endpoint);
    this.#isPersisted = options.persisted ?? false;
    this.streamsFiles = options.uploads ?? false;
    const { carrier } = options;
    if (carrier && (options.persisted || options.uploads || options.queryMethod === 'GET'))
      throw new TypeError("graphql: a 'carrier' sends documents in its own way: 'persisted', 'uploads' and 'queryMethod' are for 'fetch'");
    this.#http = new HttpClient('graphql', options);
  }

  async call(request: CallRequest): Promise<unknown> {
    const forms = this.#formsOf(request);
    const { document } = forms;
    if (this.#isPersisted && !this.#mayUpload(request)) {
      const { hash, both } = await forms.hashed();
      const reply = await this.#request(hash, document, request);
      // Nothing of it has run then.
      if (tells(reply.errors, UNKNOWN_HASH)) return decode(document, await this.#request(both, document, request));
      if (!tells(reply.errors, NO_HASHES)) return decode(document, reply);
      this.#isPersisted = false;
    }
    return decode(document, await this.#request(forms.plain, document, request));
  }

  async #request(form: RequestForm, document: ClientDocument, request: CallRequest): Promise<Reply> {
    const { signal } = request;
    const joined = this.#http.headers(request.headers);
    const headers: Record<string, string> = {
      accept: ACCEPT,
      'content-type': JSON_TYPE,
      ...(joined instanceof Promise ? await joined : joined),
    };
    if (this.#sendDeadline && request.deadline !== undefined) headers['x-timeout-ms'] = timeoutHeader(request.deadline);
    const variables = document.variables(request.input);
    if (this.options.carrier) return carried(this.options.carrier, { query: document.text, variables, headers, signal }, request);
    const { endpoint } = this;
    if (this.#mayUpload(request)) {
      const { exchangeFiles } = await import('./client-uploads.ts');
      const isForeign = Object.hasOwn(this.options.operations ?? {}, request.operation.name);
      return this.#replied(request, await exchangeFiles(this.#http, { url: endpoint, headers, signal }, document, variables, !isForeign));
    }
    const body = form.write(variables);
    // A body that begins with `?` belongs to the URL.
    const isQuery = body.startsWith('?');
    const url = isQuery ? endpoint + (endpoint.includes('?') ? `&${body.slice(1)}` : body) : endpoint;
    const how = isQuery ? { method: 'GET' } : { method: 'POST', body };
    return this.#replied(request, await this.#http.exchange({ ...how, url, headers, signal }));
  }

  /** Whether a call may have files that are sent as parts of a form. */
  #mayUpload({ operation: { input } }: CallRequest): boolean {
    return this.streamsFiles && input !== undefined && hasFile(input);
  }

  #replied(request: CallRequest, { response, text }: HttpReply): Reply {
    if (request.onResponse) request.onResponse({ headers: responseHeaders(response.headers.entries()) });
    return readReply(response, text);
  }

  subscribe(request: SubscribeRequest, sink: EventSink): Promise<void> {
    return request.operation ? this.#stream(request, sink) : this.#events(request, sink);
  }

  #events(request: EventRequest, sink: EventSink): Promise<void> {
    const { document } = this.#eventForms(request.event);
    const { lastEventId, params } = request;
    return this.#open(
      this.options.subscriptions ?? 'ws',
      request,
      sink,
      document,
      params,
      lastEventId === undefined ? {} : { lastEventId },
    );
  }

  async #stream(request: StreamRequest, sink: EventSink): Promise<void> {
    const { operation, input, headers, deadline } = request;
    const { document } = this.#formsOf({ operation });
    const isForeign = Object.hasOwn(this.options.operations ?? {}, operation.name);
    const timed = this.#sendDeadline && deadline !== undefined ? { ...headers, 'x-timeout-ms': timeoutHeader(deadline) } : headers;
    const by = isForeign ? (this.options.subscriptions ?? 'ws') : 'sse';
    await this.#open(by, { ...request, headers: by === 'ws' ? headers : timed }, sink, document, input, {});
  }

  async #open(
    by: SubscriptionForm,
    request: SubscribeRequest,
    sink: EventSink,
    document: ClientDocument,
    input: unknown,
    more: JsonObject,
  ): Promise<void> {
    const headers = await this.#http.headers(request.headers);
    const extensions: JsonObject = {
      ...more,
      ...(document.tellsAbsent && { absent: true }),
      // With the text: a socket's server may take nothing without it.
      ...(this.#isPersisted && (await persistedQuery(document))),
    };
    const payload = { query: document.text, variables: document.variables(input) ?? {}, extensions };
    let loading = this.#subscriptions.get(by);
    if (!loading) this.#subscriptions.set(by, (loading = this.#load(by)));
    const subscriptions = await loading;
    // It may have been closed meanwhile.
    if (this.#isClosed) throw linkClosed();
    const isStream = request.operation !== undefined;
    const { event } = request;
    const mapped = event && Object.hasOwn(this.options.events ?? {}, event.name) ? event : undefined;
    await subscriptions.open({ headers, document, payload, isStream, mapped, signal: request.signal, sink });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#subscriptions.values()].map((loading) => loading.then((each) => each.close()).catch(() => {})));
    await this.#http.close();
  }

  async #load(by: SubscriptionForm): Promise<Subscriptions> {
    return (await import('./client-subscriptions.ts')).subscriptionsBy(by, this.endpoint, this.options, this.#http);
  }

  #formsOf({ operation, select }: Pick<CallRequest, 'operation' | 'select'>): RequestForms {
    const key = select === undefined ? operation.name : `${operation.name} ${JSON.stringify(select)}`;
    const forms = this.#forms.get(key);
    if (forms) return forms;
    const known = this.contract.operations[operation.name];
    if (!known) throw new ApiError('UNIMPLEMENTED', `the contract has no operation '${operation.name}'`, { sent: false });
    const document =
      foreignDocument(this.options.operations, operation.name, (known.output ?? known.item) !== undefined) ??
      operationDocument(outlinedTypes(this.contract), known, select);
    return this.#keep(key, new RequestForms(document, this.options.queryMethod === 'GET' && known.kind === 'query'));
  }

  #eventForms(event: EventDefinition): RequestForms {
    const key = `on ${event.name}`;
    const make = () => foreignDocument(this.options.events, event.name, true) ?? eventDocument(outlinedTypes(this.contract), event);
    return this.#forms.get(key) ?? this.#keep(key, new RequestForms(make(), false));
  }

  #keep(key: string, forms: RequestForms): RequestForms {
    if (this.#forms.size >= MAX_DOCUMENTS) this.#forms.clear();
    this.#forms.set(key, forms);
    return forms;
  }
}
