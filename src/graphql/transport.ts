import type { Contract, EventDefinition } from '../core/contract.ts';
import type { FetchResponse } from '../http/client/fetch-like.ts';
import { clientClosed, type JsonObject, noMember } from '../core/errors.ts';
import type { CallRequest, EventRequest, EventSink, StreamRequest, SubscribeRequest, Transport } from '../core/transport.ts';
import { HttpClient, type HttpReply } from '../http/client/http-client.ts';
import { isSameOrigin } from '../http/client/page-url.ts';
import { lazy } from '../life/lazy.ts';
import { timeoutHeader } from '../peer/headers.ts';
import { hasFile } from '../schema/codec/has-file.ts';
import type { OptionsInForce } from './client-options.ts';
import { eventDocument, foreignDocument, operationDocument, type ClientDocument } from './document/document.ts';
import { outlineContract } from '../schema/outline/outline.ts';
import { persistedQuery, RequestForms, type RequestForm } from './document/request-form.ts';
import { typesBy } from './engine/types.ts';
import { decode, readReply, type Reply } from './reply.ts';
import type { SubscriptionForm, Subscriptions } from './socket/settings.ts';
import { JSON_TYPE, NO_HASHES, RESPONSE_TYPE, tells, UNKNOWN_HASH } from './wire.ts';
import { isPromiseLike } from '../life/maybe.ts';

/** Parts that many programs do not need. */
const carrying = lazy(() => import('./carrier.ts'));
const uploading = lazy(() => import('./calling/uploads.ts'));
const subscribing = lazy(() => import('./calling/subscriptions.ts'));
const heading = lazy(() => import('../peer/response-headers.ts'));

/** A browser does not carry the whole schema view for the sake of documents. */
const outlinedTypes = typesBy(outlineContract);

const ACCEPT = `${RESPONSE_TYPE}, ${JSON_TYPE};q=0.9`;
/** Selections of one operation that are kept built. */
const MAX_DOCUMENTS = 1000;

/** The transport of a contract over GraphQL. Pages load it after the client was made. */
export class GraphqlTransport implements Transport {
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
      ...(isPromiseLike(joined) ? await joined : joined),
    };
    if (this.#sendDeadline && request.deadline !== undefined) headers['x-timeout-ms'] = timeoutHeader(request.deadline);
    const variables = document.variables(request.input);
    if (this.options.carrier)
      return (await carrying()).carried(this.options.carrier, { query: document.text, variables, headers, signal }, request);
    // Before anything is sent: an answer that came must not fail for want of it.
    const head = request.onResponse && (await heading());
    const { response, text } = await this.#exchange(form, document, request, variables, headers);
    if (head) request.onResponse?.({ headers: head.responseHeaders(response.headers.entries()) });
    return readReply(response, text);
  }

  async #exchange(
    form: RequestForm,
    document: ClientDocument,
    request: CallRequest,
    variables: JsonObject | undefined,
    headers: Record<string, string>,
  ): Promise<HttpReply> {
    const { endpoint } = this;
    const { signal } = request;
    if (this.#mayUpload(request)) {
      const { exchangeFiles } = await uploading();
      const isForeign = Object.hasOwn(this.options.operations ?? {}, request.operation.name);
      return exchangeFiles(this.#http, { url: endpoint, headers, signal }, document, variables, !isForeign);
    }
    const body = form.write(variables);
    // A body that begins with `?` belongs to the URL.
    const isQuery = body.startsWith('?');
    const url = isQuery ? endpoint + (endpoint.includes('?') ? `&${body.slice(1)}` : body) : endpoint;
    const how = isQuery ? { method: 'GET' } : { method: 'POST', body };
    return this.#http.exchange({ ...how, url, headers, signal });
  }

  /** Whether a call may have files that are sent as parts of a form. */
  #mayUpload({ operation: { input } }: CallRequest): boolean {
    return this.streamsFiles && input !== undefined && hasFile(input);
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
    if (!loading) {
      this.#subscriptions.set(by, (loading = this.#load(by)));
      // A load that failed is tried again by the next one.
      loading.catch(() => this.#subscriptions.delete(by));
    }
    const subscriptions = await loading;
    // It may have been closed meanwhile.
    if (this.#isClosed) throw clientClosed(false);
    const isStream = request.operation !== undefined;
    const { event } = request;
    const onResponse = request.operation && request.onResponse;
    const head = onResponse && (await heading());
    const tell = (response: FetchResponse): void => {
      if (head) onResponse({ headers: head.responseHeaders(response.headers.entries()) });
    };
    const mapped = event && Object.hasOwn(this.options.events ?? {}, event.name) ? event : undefined;
    await subscriptions.open({ headers, document, payload, isStream, mapped, signal: request.signal, sink, tell });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#subscriptions.values()].map((loading) => loading.then((each) => each.close()).catch(() => {})));
    await this.#http.close();
  }

  async #load(by: SubscriptionForm): Promise<Subscriptions> {
    return (await subscribing()).subscriptionsBy(by, this.endpoint, this.options, this.#http);
  }

  #formsOf({ operation, select }: Pick<CallRequest, 'operation' | 'select'>): RequestForms {
    const key = select === undefined ? operation.name : `${operation.name} ${JSON.stringify(select)}`;
    const forms = this.#forms.get(key);
    if (forms) return forms;
    const known = this.contract.operations[operation.name];
    if (!known) throw noMember('operation', operation.name);
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
