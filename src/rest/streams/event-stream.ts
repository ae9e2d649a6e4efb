import { openStream } from '../../life/open-stream.ts';
import { ApiError } from '../../core/errors.ts';
import type { FetchResponse } from '../../http/client/fetch-like.ts';
import type { HttpExchange } from '../../http/client/http-client.ts';
import { writeLastEventId } from '../../http/events/last-event-id.ts';
import { isEventStream, readSse, readStream, streamOf, type StreamDecoder } from '../../http/events/sse-reader.ts';
import { Chain } from '../../events/chain.ts';
import { SseDecoder, type SseEvent } from '../../http/events/sse.ts';
import { channelSegments } from '../../core/http-binding.ts';
import type { EventRequest, EventSink, ResponseHead, StreamRequest, SubscribeRequest } from '../../core/transport.ts';
import { deliverItem, delivery, isOf, type deliver, type DeliveryOptions } from './event-message.ts';
import { timeoutHeader } from '../../peer/headers.ts';
import { shownUrl } from '../../peer/redact/shown-url.ts';
import { compileRequest, EVENT_STREAM_TYPE, failedOwn, fillPath, JSON_TYPE } from '../wire.ts';

/** The functions that a stream needs of the transport that opens it. */
export interface StreamCarrier {
  /** The streams that the transport must end when it closes. */
  readonly streams: Set<AbortController>;
  /** Sends a GET; rejects with `ApiError` if no answer came. */
  get(target: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<FetchResponse>;
  /** How long one event may be, in characters. */
  readonly maxEventChars?: number | undefined;
  /** Hears each piece of the stream. */
  onChunk(text: string): void;
  /** The stream's path, if it is not the channel. */
  readonly target?: string;
  /** How our own servers write events. */
  readonly options?: DeliveryOptions;
  /** Hands one event on, if not as our own servers write them; `false` says that it was the last. */
  readonly deliver?: typeof deliver;
  /** Makes the error of an answer that is not a stream. */
  readonly failure?: (response: FetchResponse, text: string) => ApiError;
}

/** Subscribes to a channel as server-sent events: resolves when the server has answered with a stream, which is then read into the sink. */
export async function openEvents(request: EventRequest, sink: EventSink, carrier: StreamCarrier): Promise<void> {
  const { event, lastEventId } = request;
  const target = carrier.target ?? streamTarget(request);
  const hand = carrier.deliver ?? delivery(carrier.options ?? {});
  const place = lastEventId === undefined ? undefined : writeLastEventId(lastEventId);
  await runStream(request.signal, sink, carrier.streams, async (signal) => {
    const response = await carrier.get(target, place === undefined ? {} : { 'last-event-id': place }, signal);
    // There are no more events, and there will be none: https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model
    if (response.status === 204) return async () => sink.end();
    await checkStream(response, target, carrier.failure ?? failedOwn);
    if (place === undefined && lastEventId !== undefined) sink.gap();
    const chain = new Chain(place === undefined ? undefined : lastEventId);
    return () =>
      readSse(streamOf(response), {
        name: `the event stream of ${event.channel}`,
        signal,
        maxEventChars: carrier.maxEventChars,
        onChunk: carrier.onChunk,
        onEvent(message) {
          const { id, fields } = message;
          if (message.event === 'gap') chain.gap();
          // Others may have a field of this name. An event that is not handed on is missing before the next.
          else if (!carrier.deliver && id !== '' && isOf(message, event) && chain.isBroken(fields.get('after'), id)) sink.gap();
          return hand(message, event, sink);
        },
        onPlace: (id) => sink.place?.(id),
        onEnd: (error) => sink.end(error),
      });
  });
}

/** The functions that a streamed operation needs of the transport that opens it. */
export interface ItemCarrier extends Pick<StreamCarrier, 'streams' | 'maxEventChars' | 'onChunk'> {
  /** Sends the request; rejects with `ApiError` if no answer came. */
  open(signal: AbortSignal): Promise<FetchResponse>;
  /** The status and headers of the answer. */
  headOf(response: FetchResponse): ResponseHead | Promise<ResponseHead>;
  /** How a stream of somebody else's is read, if it is one. */
  readonly foreign?: ForeignItems | undefined;
}

/** A stream of items that somebody else designed. It may end without a word of its own. */
export interface ForeignItems {
  /** Hands one item on; `false` if it was the last. */
  deliver(message: SseEvent, sink: EventSink): boolean | Promise<boolean>;
  /** Reads an answer in a form of its own to its end, instead of the rest. */
  readonly readWhole?: (body: ReadableStream<Uint8Array>, name: string, signal: AbortSignal) => Promise<void>;
  /** Reads streams that are not server-sent events; `undefined` for what it cannot read. */
  decoderOf(response: FetchResponse, maxEventChars: number | undefined): StreamDecoder | undefined;
  failure(response: FetchResponse, text: string): ApiError;
}

/** Runs a streamed operation: resolves once the server has answered with a stream, of which no more is read than the sink takes. */
export async function openItems(request: StreamRequest, sink: EventSink, carrier: ItemCarrier): Promise<void> {
  const { operation, onResponse } = request;
  await runStream(request.signal, sink, carrier.streams, async (signal) => {
    const response = await carrier.open(signal);
    const { foreign, maxEventChars } = carrier;
    const name = `the stream of ${operation.name}`;
    const whole = response.ok ? foreign?.readWhole : undefined;
    const other = response.ok ? foreign?.decoderOf(response, maxEventChars) : undefined;
    if (!other && !whole) await checkStream(response, operation.name, foreign ? (...failed) => foreign.failure(...failed) : failedOwn);
    if (onResponse) onResponse(await carrier.headOf(response));
    if (whole) return () => whole(streamOf(response), name, signal);
    return () =>
      readStream(streamOf(response), other ?? new SseDecoder({ maxEventChars }), {
        name,
        signal,
        onChunk: carrier.onChunk,
        onEvent: (message) => (foreign ? foreign.deliver(message, sink) : deliverItem(message, operation, sink)),
        onEnd: (error) => sink.end(error),
        ...(foreign && { onComplete: () => sink.end() }),
      });
  });
}

/** The part of a transport that a stream of our own servers needs. */
export interface OwnCarrier extends Pick<StreamCarrier, 'streams' | 'maxEventChars' | 'onChunk' | 'options'>, Pick<ItemCarrier, 'headOf'> {
  /** Whether the server is told of the deadline. */
  readonly sendsDeadline: boolean;
  /** The headers of the request, with what it accepts. */
  headers(accept: string): Promise<Record<string, string>>;
  /** Sends a request; rejects with `ApiError` if no answer came. */
  open(target: string, exchange: Omit<HttpExchange, 'url'>): Promise<FetchResponse>;
}

/** Opens a subscription or a streamed operation at one of our own servers. */
export async function openOwn(request: SubscribeRequest, sink: EventSink, carrier: OwnCarrier): Promise<void> {
  const headers = await carrier.headers(EVENT_STREAM_TYPE);
  if (!request.operation) {
    const get: StreamCarrier['get'] = (target, more, signal) =>
      carrier.open(target, { method: 'GET', headers: { ...headers, ...more }, signal });
    return openEvents(request, sink, { ...carrier, get });
  }
  const { method, target, body } = compileRequest(request.operation)(request.input);
  if (body !== undefined) headers['content-type'] = JSON_TYPE;
  if (carrier.sendsDeadline && request.deadline !== undefined) headers['x-timeout-ms'] = timeoutHeader(request.deadline);
  return openItems(request, sink, { ...carrier, open: (signal) => carrier.open(target, { method, headers, body, signal }) });
}

/** The channel's path; `+` stands for any value of a parameter. */
function streamTarget({ event, params }: EventRequest): string {
  const values = Object.fromEntries(event.params.map((param) => [param, params[param] ?? '+']));
  return fillPath({ segments: channelSegments(event) }, values).replaceAll('%2B', '+');
}

async function checkStream(
  response: FetchResponse,
  target: string,
  failure: (response: FetchResponse, text: string) => ApiError | undefined,
): Promise<void> {
  if (!response.ok) {
    const text = await response.text().catch(() => '');
    throw failure(response, text) ?? (await import('../foreign/failure.ts')).foreignFailure(response, text);
  }
  if (isEventStream(response)) return;
  const type = response.headers.get('content-type') ?? 'nothing';
  // Not read: a body that is not an event stream may be as endless as one.
  void response.body?.cancel().catch(() => {});
  throw new ApiError('DATA_LOSS', `${shownUrl(target)}: the server answered ${type}, not ${EVENT_STREAM_TYPE}: is the url right?`, {
    remote: true,
  });
}

/**
 * Runs one stream, which any of three ends: the caller's signal, the end of all, or its own end. `open` resolves when the server has answered, with
 * the function that reads the answer.
 */
async function runStream(
  signal: AbortSignal,
  sink: EventSink,
  streams: Set<AbortController>,
  open: (signal: AbortSignal) => Promise<() => Promise<void>>,
): Promise<void> {
  const { controller, release } = openStream(signal, streams);
  try {
    const read = await open(controller.signal);
    void read().finally(() => {
      // The transport has closed: the subscriber does not know it, as they know of their own signal.
      if (controller.signal.aborted && !signal.aborted) sink.end(controller.signal.reason as ApiError);
      release();
    });
  } catch (error) {
    release();
    throw error;
  }
}
