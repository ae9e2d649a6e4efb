import type { Contract } from '../../core/contract.ts';
import { clientClosed, noMember } from '../../core/errors.ts';
import type { CallRequest, EventSink, Headers, StreamRequest, SubscribeRequest, Transport } from '../../core/transport.ts';
import { HttpClient } from '../../http/client/http-client.ts';
import { isSameOrigin } from '../../http/client/page-url.ts';
import { isoNow } from '../../life/now.ts';
import { responseHeaders } from '../../peer/response-headers.ts';
import { toBase64 } from '../../schema/codec/base64.ts';
import { outlineContract } from '../../schema/outline/outline.ts';
import { encodeInput } from '../codec/encode-input.ts';
import { unreadable } from '../codec/value.ts';
import { protoBy } from '../proto/build.ts';
import { PING_INTERVAL } from '../streams/pulse.ts';
import { compileWire } from '../wire.ts';
import { connectTimeout, grpcTimeout } from '../timeout.ts';
import type { ConnectInForce } from './client-options.ts';
import { PROTOCOLS, type ClientProtocol } from './client-protocol.ts';
import { bytesOf, JSON_FORM, type Body, type FormName, type FormWire, type MessageForm } from './form.ts';
import { listen } from './stream-reader.ts';
import { isPromiseLike } from '../../life/maybe.ts';

/** A browser does not carry the whole schema view for the sake of messages. */
const outlinedProto = protoBy(outlineContract);

/** Longer URLs are refused by some servers and proxies: such a query goes by POST. */
const MAX_URL = 4000;

/** The transport of a contract over Connect or gRPC-Web. Pages load it with their first call, because it describes the whole contract. */
export class ConnectTransport implements Transport {
  readonly name = 'connect';
  readonly #http: HttpClient;
  readonly #wire: FormWire;
  readonly #streams = new Set<AbortController>();

  readonly contract: Contract;
  private readonly base: string;
  private readonly protocol: ClientProtocol;
  private readonly form: FormName;
  private readonly options: ConnectInForce;

  /** `binary` makes the codecs of messages in protobuf; without it they are JSON. */
  constructor(contract: Contract, base: string, options: ConnectInForce, binary?: MessageForm) {
    this.contract = contract;
    this.base = base;
    this.protocol = PROTOCOLS[options.protocol ?? 'connect'];
    this.form = binary ? 'proto' : 'json';
    this.options = options;
    this.#wire = compileWire(outlinedProto(contract, options.lock), binary ?? JSON_FORM);
    this.#http = new HttpClient('connect', options);
  }

  async call(request: CallRequest): Promise<unknown> {
    const { operation, signal, deadline } = request;
    const wire = this.#wire.operations.get(operation.name);
    if (!wire) throw noMember('operation', operation.name);
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
    const output = await protocol.readCall(response, bytes, { name: operation.name, form, maxBytes: this.options.maxResponseBytes });
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
    if (!wire) throw noMember('event', event.name);
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
    if (!wire) throw noMember('operation', name);
    const message = encodeInput(() => wire.encodeInput(request.input));
    let number = 0;
    await this.#listen(wire.path, name, message, request, sink, (bytes) =>
      sink.next({ id: String(++number), time: isoNow(), data: wire.decodeOutput(bytes) }),
    );
  }

  async close(): Promise<void> {
    for (const controller of this.#streams) controller.abort(clientClosed());
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
    const { deadline, onResponse } = request.operation ? request : {};
    const headers = await this.#headers(given, deadline, protocol.streamType(form), false);
    // A page may send to other origins only what they allow.
    const pingIntervalMs = this.options.pingIntervalMs ?? (isSameOrigin(this.base) ? 30_000 : Infinity);
    if (pingIntervalMs !== Infinity) headers[PING_INTERVAL] = String(Math.ceil(pingIntervalMs));
    const exchange = { method: 'POST', url: this.base + path, headers, body: protocol.frame(bytesOf(message)) };
    await listen({
      name,
      signal,
      sink,
      take,
      protocol,
      form,
      pingIntervalMs,
      streams: this.#streams,
      onResponse,
      maxBytes: this.options.maxResponseBytes,
      open: (own) => this.#http.open({ ...exchange, signal: own }),
      onChunk: (size) => this.#http.onChunk(`${size} bytes`),
    });
  }

  async #headers(call: Headers, deadline: number | undefined, type: string, isGet: boolean): Promise<Record<string, string>> {
    const joined = this.#http.headers(call);
    const headers: Record<string, string> = { ...(isPromiseLike(joined) ? await joined : joined), ...this.protocol.head };
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
