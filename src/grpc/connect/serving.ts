import { ApiError } from '../../core/errors.ts';
import type { EventSink, Peer, ResponseHead, Transport } from '../../core/transport.ts';
import { encodeOnce } from '../../events/encode-once.ts';
import { acceptHeaders, serveCall } from '../../guard/serve-call.ts';
import { EventStream } from '../../http/events/event-stream.ts';
import { Heartbeat } from '../../http/events/heartbeat.ts';
import { streamResponse, type StreamFormat } from '../../http/events/stream-response.ts';
import { HttpError } from '../../http/message/error.ts';
import { acceptsCoding, deflate, inflate } from '../../http/message/gzip.ts';
import { withHead } from '../../http/message/head.ts';
import { peerOf, type HttpRequest, type HttpResponse } from '../../http/message/message.ts';
import { errorHeaders } from '../../http/message/problem.ts';
import { STATUS } from '../../http/message/status.ts';
import { concatBytes } from '../../schema/codec/concat.ts';
import { askedInterval, BEAT, PING_INTERVAL } from '../streams/pulse.ts';
import { readConnectTimeout, readGrpcTimeout } from '../timeout.ts';
import { encodeError, errorBody } from './error.ts';
import { hasMoreItems, tooManyItems } from '../../guard/max-items.ts';
import { bytesOf, textOf, type Body, type FormName } from './form.ts';
import { framingOf, readFramed, readPlain, usesGzip, type Asked, type Exchanging, type Framing } from './protocol.ts';
import { readMessageParam, readParams, readTextMessage, textParam } from './query.ts';
import type { Given, Route, ServedEvent, ServedOperation } from './routes.ts';

type OperationRoute = Extract<Route, { readonly serves: 'operation' }>;
type EventRoute = Extract<Route, { readonly serves: 'event' }>;

interface Limits extends Exchanging {
  readonly maxBufferedBytes: number;
}

/** How a protocol reads a call and writes its one answer. */
interface Forms {
  readonly deadline: () => number | undefined;
  readonly read: () => Given | Promise<Given>;
  readonly write: (output: Body, requestId: string | undefined) => Promise<HttpResponse>;
  readonly fail: (error: unknown, requestId: string | undefined) => HttpResponse;
}

/** The common state of all exchanges of one handler. */
export class Serving {
  readonly #encoders = new Map<ServedEvent, ReturnType<typeof encoderOf>>();

  private readonly transport: Transport;
  private readonly limits: Limits;

  constructor(transport: Transport, limits: Limits) {
    this.transport = transport;
    this.limits = limits;
  }

  /** A call of Connect whose message is the body. */
  plain(route: OperationRoute, request: HttpRequest, { form }: Asked): Promise<HttpResponse> {
    const encoding = request.headers['content-encoding'];
    return this.#unary(route, request, form, () => readPlain(request, encoding === undefined ? undefined : String(encoding), this.limits));
  }

  /** A query of Connect whose message is in the URL. */
  get(route: OperationRoute, request: HttpRequest): Promise<HttpResponse> {
    const { maxMessageBytes } = this.limits;
    const params = readParams(request.query);
    const form = params.get('encoding') === 'proto' ? 'proto' : 'json';
    return this.#unary(route, request, form, () => {
      if (params.get('encoding') !== form)
        throw new HttpError(415, "the parameter 'encoding' must be json or proto", { 'accept-post': 'application/json' });
      const version = textParam(params, 'connect');
      if (version !== undefined && version !== 'v1') throw new ApiError('INVALID_ARGUMENT', "the parameter 'connect' must be v1");
      const text = form === 'json' ? readTextMessage(params, maxMessageBytes) : undefined;
      if (text !== undefined) return text;
      const message = readMessageParam(params);
      if (message.length > maxMessageBytes) throw new HttpError(413, `the message is larger than ${maxMessageBytes} bytes`);
      return usesGzip(textParam(params, 'compression')) ? inflate(message, maxMessageBytes) : message;
    });
  }

  /** A call of gRPC-Web. */
  framed(route: OperationRoute, request: HttpRequest, asked: Asked): Promise<HttpResponse> {
    const framing = framingOf(request, asked, this.limits);
    const answer = (body: Uint8Array, requestId: string | undefined): HttpResponse => {
      return { status: 200, headers: { ...framing.head, 'x-request-id': requestId ?? '' }, body };
    };
    return this.#call(route, request, asked.form, {
      deadline: () => readGrpcTimeout(request.headers['grpc-timeout']),
      read: () => readFramed(request, asked, this.limits),
      write: async (body, requestId) => answer(concatBytes([await framing.message(body), framing.end(undefined)]), requestId),
      fail: (error, requestId) => answer(framing.end(errorBody(error, requestId, this.limits.onError)), requestId),
    });
  }

  /** A streamed operation, of either protocol. */
  async stream(route: OperationRoute, request: HttpRequest, asked: Asked): Promise<HttpResponse> {
    const { raw, heartbeat, head } = lifeOf(request);
    const headers = acceptHeaders(raw);
    const requestId = headers['x-request-id'];
    const framing = framingOf(request, asked, this.limits);
    try {
      const wire = route.wire(asked.form);
      const input = this.#inputOf(wire, asked.form, await readFramed(request, asked, this.limits));
      const call = { operation: route.operation, input, headers, deadline: this.#deadlineOf(request, asked), peer: peer(request) };
      const format: StreamFormat = {
        head: (id) => ({ ...headOf(framing, id), ...head }),
        item: ({ data }) => framing.message(encodeItem(route.operation.name, () => wire.encodeOutput(data))),
        end: (writer, error) => {
          writer.write(framing.end(error && errorBody(error, requestId, this.limits.onError)));
          writer.end();
        },
        beat: heartbeat ? framing.plain(BEAT) : '',
      };
      return await streamResponse(this.transport, call, request, format, heartbeat);
    } catch (error) {
      return this.#ended(framing, error, requestId);
    }
  }

  /** A subscription, of either protocol. */
  async events(route: EventRoute, request: HttpRequest, asked: Asked): Promise<HttpResponse> {
    const { raw, heartbeat, head } = lifeOf(request);
    const headers = acceptHeaders(raw);
    const requestId = headers['x-request-id'];
    const framing = framingOf(request, asked, this.limits);
    try {
      const wire = route.wire(asked.form);
      const { params, lastEventId } = wire.decodeRequest(await readFramed(request, asked, this.limits));
      const fixed = Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
      const stream = new EventStream({
        maxBufferedBytes: this.limits.maxBufferedBytes,
        ...(heartbeat && { heartbeat, beat: framing.plain(BEAT) }),
        head: (id) => ({ ...headOf(framing, id), ...head }),
        encodeEnd: (error) => framing.end(error && errorBody(error, requestId, this.limits.onError)),
      });
      const encode = this.#encoderOf(wire);
      const sink: EventSink = {
        next: (message) => {
          let body: Body;
          try {
            body = encode.event(message);
          } catch (cause) {
            // Not thrown on, because the publisher would hear it, and other subscribers would miss the event.
            return stream.end(new ApiError('DATA_LOSS', 'an event breaks the contract', { cause }));
          }
          stream.write(framing.plain(body));
        },
        gap: () => stream.write(framing.plain(encode.gap)),
        end: (error) => stream.end(error),
      };
      await stream.open(request, (signal) =>
        this.transport.subscribe({ event: route.event, params: fixed, signal, headers, lastEventId, peer: peer(request) }, sink),
      );
      return stream.response(requestId);
    } catch (error) {
      return this.#ended(framing, error, requestId);
    }
  }

  /** Answers with an error, as the protocol that is asked writes it. */
  async refuse(request: HttpRequest, asked: Asked, error: ApiError): Promise<HttpResponse> {
    const requestId = acceptHeaders(request.headers)['x-request-id'];
    if (asked.protocol === 'connect') return this.#failed(error, requestId);
    return this.#ended(framingOf(request, asked, this.limits), error, requestId);
  }

  #inputOf(wire: ServedOperation, form: FormName, message: Given): unknown {
    const { maxItems } = this.limits;
    // The form of JSON is the client's too, and counts nothing.
    if (form === 'json' && message.length > 2 * maxItems) {
      const text = typeof message === 'string' ? message : textOf(message);
      if (hasMoreItems(text, maxItems)) throw tooManyItems(maxItems);
    }
    return wire.decodeInput(message, maxItems);
  }

  #unary(route: OperationRoute, request: HttpRequest, form: FormName, read: Forms['read']): Promise<HttpResponse> {
    return this.#call(route, request, form, {
      deadline: () => readConnectTimeout(request.headers['connect-timeout-ms']),
      read,
      write: async (body, requestId = '') => {
        const head = { 'content-type': `application/${form}`, 'x-request-id': requestId };
        if (body.length < this.limits.compressFromBytes || !acceptsCoding('gzip', request.headers['accept-encoding']))
          return { status: 200, headers: head, body };
        const compressed = { ...head, 'content-encoding': 'gzip', vary: 'accept-encoding' };
        return { status: 200, headers: compressed, body: await deflate(bytesOf(body)) };
      },
      fail: (error, requestId) => this.#failed(error, requestId),
    });
  }

  /** A call with one answer. */
  async #call(route: OperationRoute, request: HttpRequest, form: FormName, forms: Forms): Promise<HttpResponse> {
    const headers = acceptHeaders(request.headers);
    const requestId = headers['x-request-id'];
    let said: ResponseHead | undefined;
    try {
      const wire = route.wire(form);
      const input = this.#inputOf(wire, form, await forms.read());
      const output = await serveCall(this.transport, {
        operation: route.operation,
        input,
        headers,
        deadline: forms.deadline(),
        peer: peer(request),
        onLeave: (listener) => request.onAbort(listener),
        onResponse: (told) => (said = told),
      });
      return withHead(await forms.write(wire.encodeOutput(output), requestId), said);
    } catch (error) {
      return withHead(forms.fail(error, requestId), said);
    }
  }

  /** An error of Connect whose status says what it is. */
  #failed(error: unknown, requestId: string | undefined): HttpResponse {
    const body = errorBody(error, requestId, this.limits.onError);
    const { domain, onError } = this.limits;
    const isHttp = error instanceof HttpError;
    return {
      status: isHttp ? error.status : STATUS[body.code],
      headers: {
        ...errorHeaders(body),
        ...(isHttp && error.headers),
        'content-type': 'application/json',
        'x-request-id': body.requestId ?? '',
      },
      body: JSON.stringify(encodeError(body, domain, onError)),
    };
  }

  /** A stream that has ended before it began. */
  #ended(framing: Framing, error: unknown, requestId: string | undefined): HttpResponse {
    return { status: 200, headers: headOf(framing, requestId), body: framing.end(errorBody(error, requestId, this.limits.onError)) };
  }

  #deadlineOf({ headers }: HttpRequest, { protocol }: Asked): number | undefined {
    return protocol === 'connect-stream' ? readConnectTimeout(headers['connect-timeout-ms']) : readGrpcTimeout(headers['grpc-timeout']);
  }

  #encoderOf(wire: ServedEvent) {
    let encoder = this.#encoders.get(wire);
    if (!encoder) this.#encoders.set(wire, (encoder = encoderOf(wire)));
    return encoder;
  }
}

/** The headers of a request for a stream, and the signs of life that its reader wants. */
function lifeOf(request: HttpRequest) {
  const { [PING_INTERVAL]: interval, ...raw } = request.headers;
  const intervalMs = askedInterval(interval);
  if (intervalMs === undefined) return { raw, heartbeat: undefined, head: {} };
  return { raw, heartbeat: new Heartbeat(intervalMs), head: { [PING_INTERVAL]: String(intervalMs) } };
}

function encoderOf(wire: ServedEvent) {
  return { event: encodeOnce((event) => wire.encodeItem({ gap: false, event })), gap: wire.encodeItem({ gap: true }) };
}

/** A transport that nothing guards may give what the wire cannot carry. */
function encodeItem(name: string, encode: () => Body): Body {
  try {
    return encode();
  } catch (cause) {
    throw new ApiError('DATA_LOSS', `${name}: an item breaks the contract`, { cause });
  }
}

function headOf({ head }: Framing, requestId: string | undefined): Record<string, string> {
  return { ...head, 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no', 'x-request-id': requestId ?? '' };
}

function peer(request: HttpRequest): Peer {
  return peerOf(request, 'grpc');
}
