/**
 * The client of Connect and gRPC-Web services: gRPC's services by `fetch`, in browsers and anywhere else.
 *
 * @module multi-api-sdk/grpc/connect
 * @group Clients
 */

import type { Contract } from '../../core/contract.ts';
import { ApiError, noOperation } from '../../core/errors.ts';
import { readOptions } from '../../core/options.ts';
import type { Adapter, CallRequest, EventSink, Headers, StreamRequest, SubscribeRequest, Transport } from '../../core/transport.ts';
import { defineAdapter } from '../../guard/guard.ts';
import { HTTP_CLIENT_OPTIONS, HTTP_CLIENT_READERS, HttpClient, type HttpClientOptions } from '../../http/client/http-client.ts';
import { baseUrl } from '../../http/client/page-url.ts';
import { isoNow } from '../../life/now.ts';
import { guardOnWire } from '../../peer/on-wire.ts';
import { responseHeaders } from '../../peer/response-headers.ts';
import { toBase64 } from '../../schema/codec/base64.ts';
import { encodeInput } from '../codec/encode-input.ts';
import { unreadable } from '../codec/value.ts';
import type { ProtoLock } from '../proto/lock.ts';
import { connectTimeout, grpcTimeout } from '../timeout.ts';
import { PROTOCOLS, type ClientProtocol } from './client-protocol.ts';
import { bytesOf, wireIn, type Body, type FormName, type FormWire } from './form.ts';
import { listen } from './stream-reader.ts';

export type { ClientTls, DispatcherLike, FetchHeaders, FetchInit, FetchLike, FetchResponse } from '../../http/client/fetch-like.ts';
export type { HttpClientOptions } from '../../http/client/http-client.ts';
export type { HeadersOption } from '../../peer/headers.ts';
export type { OnWire, WireRecord } from '../../peer/on-wire.ts';
export type { LockedField, LockedType, ProtoLock } from '../proto/lock.ts';

/** Options of `connect`. */
export interface ConnectOptions extends HttpClientOptions {
  /** The address of the services: `http://localhost:4000`, or `https://example.com/rpc`. */
  readonly url: string;
  /** The protocol: `grpc-web` for Envoy and for servers without Connect. @default 'connect' */
  readonly protocol?: 'connect' | 'grpc-web' | undefined;
  /** The form of messages: `binary` is smaller, `json` is readable. @default 'json' with Connect, 'binary' with gRPC-Web, because many servers take only that */
  readonly format?: 'binary' | 'json' | undefined;
  /** Sends queries of Connect with GET, so browsers and CDNs may cache the answers. @default false */
  readonly useGet?: boolean | undefined;
  /** The lock of the .proto file that the server was built from, if the contract has changed since its first. */
  readonly lock?: ProtoLock | undefined;
}

/** Longer URLs are refused by some servers and proxies: such a query goes by POST. */
const MAX_URL = 4000;

/**
 * A client of the services of a contract by Connect or gRPC-Web, which need only `fetch`. Errors have their details, and events are streams.
 * Formats: docs/protocols/connect.md.
 * @throws TypeError if an option is unknown or wrong.
 */
export function connect(options: ConnectOptions): Adapter<'call' | 'subscribe' | 'stream'> {
  const read = readOptions('connect', options, HTTP_CLIENT_READERS, [
    'url',
    'protocol',
    'format',
    'useGet',
    'lock',
    ...HTTP_CLIENT_OPTIONS,
  ]);
  const protocol = oneOf('protocol', read.protocol ?? 'connect', ['connect', 'grpc-web']);
  const format = oneOf('format', read.format ?? (protocol === 'connect' ? 'json' : 'binary'), ['binary', 'json']);
  const base = baseUrl('connect', read.url);
  const guarded = guardOnWire(read);
  return defineAdapter<'call' | 'subscribe' | 'stream'>(
    (contract) => new ConnectTransport(contract, base, PROTOCOLS[protocol], format === 'json' ? 'json' : 'proto', guarded),
  );
}

function oneOf<const T extends string>(name: string, value: string, known: readonly T[]): T {
  const found = known.find((each) => each === value);
  if (found === undefined) throw new TypeError(`connect: ${name} must be ${known.map((each) => `'${each}'`).join(' or ')}, not '${value}'`);
  return found;
}

type InForce = ConnectOptions & { readonly maxResponseBytes: number };

class ConnectTransport implements Transport {
  readonly name = 'connect';
  readonly #http: HttpClient;
  readonly #wire: FormWire;
  readonly #streams = new Set<AbortController>();

  readonly contract: Contract;
  private readonly base: string;
  private readonly protocol: ClientProtocol;
  private readonly form: FormName;
  private readonly options: InForce;

  constructor(contract: Contract, base: string, protocol: ClientProtocol, form: FormName, options: InForce) {
    this.contract = contract;
    this.base = base;
    this.protocol = protocol;
    this.form = form;
    this.options = options;
    this.#wire = wireIn(form, contract, options.lock);
    this.#http = new HttpClient('connect', options);
  }

  async call(request: CallRequest): Promise<unknown> {
    const { operation, signal, deadline } = request;
    const wire = this.#wire.operations.get(operation.name);
    if (!wire) throw noOperation(operation.name);
    const { protocol, form } = this;
    const message = encodeInput(() => wire.encodeInput(request.input));
    const byGet =
      this.options.useGet === true && protocol.isPlain && operation.kind === 'query' ? this.#getUrl(wire.path, message) : undefined;
    const headers = await this.#headers(request.headers, deadline, protocol.callType(form), byGet !== undefined);
    const exchange =
      byGet === undefined
        ? {
            method: 'POST',
            url: this.base + wire.path,
            headers,
            body: protocol.isPlain ? message : protocol.frame(bytesOf(message)),
            signal,
          }
        : { method: 'GET', url: byGet, headers, signal };
    const response = await this.#http.send(exchange);
    request.onResponse?.({ headers: responseHeaders(response.headers.entries()) });
    const bytes = await this.#http.bytes(response, exchange);
    const output = protocol.readCall(response, bytes, { name: operation.name, form, maxBytes: this.options.maxResponseBytes });
    try {
      return operation.output ? wire.decodeOutput(output) : undefined;
    } catch (cause) {
      throw unreadable(operation.name, 'the reply', cause);
    }
  }

  async subscribe(request: SubscribeRequest, sink: EventSink): Promise<void> {
    if (request.operation) return this.#stream(request, sink);
    const { event, params, lastEventId } = request;
    const wire = this.#wire.events.get(event.name);
    if (!wire) throw new ApiError('UNIMPLEMENTED', `the contract has no event '${event.name}'`, { sent: false });
    const message = encodeInput(() => wire.encodeRequest({ lastEventId, params }));
    await this.#listen(wire.path, event.name, message, request, sink, (bytes) => {
      const item = wire.decodeItem(bytes);
      if (item?.gap === true) sink.gap();
      else if (item) void sink.next(item.event);
    });
  }

  async #stream(request: StreamRequest, sink: EventSink): Promise<void> {
    const { name } = request.operation;
    const wire = this.#wire.operations.get(name);
    if (!wire) throw noOperation(name);
    const message = encodeInput(() => wire.encodeInput(request.input));
    let number = 0;
    await this.#listen(wire.path, name, message, request, sink, (bytes) =>
      sink.next({ id: String(++number), time: isoNow(), data: wire.decodeOutput(bytes) }),
    );
  }

  async close(): Promise<void> {
    for (const controller of this.#streams) controller.abort(new ApiError('CANCELLED', 'the client is closed'));
    await this.#http.close();
  }

  async #listen(
    path: string,
    name: string,
    message: Body,
    { headers: given, signal, ...request }: SubscribeRequest,
    sink: EventSink,
    take: (bytes: Uint8Array) => void | Promise<void>,
  ): Promise<void> {
    const { protocol, form } = this;
    const deadline = request.operation ? request.deadline : undefined;
    const headers = await this.#headers(given, deadline, protocol.streamType(form), false);
    const exchange = { method: 'POST', url: this.base + path, headers, body: protocol.frame(bytesOf(message)) };
    await listen({
      name,
      signal,
      sink,
      take,
      protocol,
      form,
      streams: this.#streams,
      maxBytes: this.options.maxResponseBytes,
      open: (own) => this.#http.open({ ...exchange, signal: own }),
      onChunk: (size) => this.#http.onChunk(`${size} bytes`),
    });
  }

  async #headers(call: Headers, deadline: number | undefined, type: string, isGet: boolean): Promise<Record<string, string>> {
    const joined = this.#http.headers(call);
    const headers: Record<string, string> = { ...(joined instanceof Promise ? await joined : joined), ...this.protocol.head };
    if (!isGet) headers['content-type'] = type;
    if (deadline !== undefined) {
      if (this.protocol.isPlain) headers['connect-timeout-ms'] = connectTimeout(deadline);
      else headers['grpc-timeout'] = grpcTimeout(deadline);
    }
    return headers;
  }

  #getUrl(path: string, message: Body): string | undefined {
    const encoded = typeof message === 'string' ? encodeURIComponent(message) : undefined;
    const query =
      encoded === undefined ? `encoding=proto&base64=1&message=${forUrl(bytesOf(message))}` : `encoding=json&message=${encoded}`;
    const url = `${this.base}${path}?connect=v1&${query}`;
    return url.length > MAX_URL ? undefined : url;
  }
}

/** Base64 in the alphabet of URLs. */
function forUrl(bytes: Uint8Array): string {
  return toBase64(bytes).replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_');
}
