import { openStream } from '../../life/open-stream.ts';
import { ApiError, isApiError } from '../../core/errors.ts';
import type { EventSink, OnResponse } from '../../core/transport.ts';
import { streamOf } from '../../http/events/sse-reader.ts';
import type { FetchResponse } from '../../http/client/fetch-like.ts';
import { networkError } from '../../http/client/network-error.ts';
import { onAbort } from '../../life/lifetime.ts';
import { every, type StopTimer } from '../../life/timers.ts';
import { messageOf, type ClientProtocol } from './client-protocol.ts';
import { unreadable } from '../codec/value.ts';
import { EnvelopeReader, type Envelope } from './envelope.ts';
import { responseHeaders } from '../../peer/response-headers.ts';
import { isBeat, PING_INTERVAL } from '../streams/pulse.ts';
import type { FormName } from './form.ts';

/** One stream of messages, and who reads it. */
export interface Listening {
  /** Of the operation or event, for messages. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly sink: EventSink;
  /** Takes a message; no more is read while a promise is pending. */
  readonly take: (bytes: Uint8Array) => void | Promise<void>;
  readonly protocol: ClientProtocol;
  readonly form: FormName;
  readonly maxBytes: number;
  /** How often the server was asked for a sign of life, in milliseconds; `Infinity` if it was not. */
  readonly pingIntervalMs: number;
  /** The streams that the transport ends when it closes. */
  readonly streams: Set<AbortController>;
  readonly open: (signal: AbortSignal) => Promise<FetchResponse>;
  readonly onChunk: (size: number) => void;
  readonly onResponse?: OnResponse | undefined;
}

/** Opens a stream; resolves when the server has answered with one, and hands its messages on from then. */
export async function listen(listening: Listening): Promise<void> {
  const { signal, sink, streams, protocol, open } = listening;
  const { controller, release: over } = openStream(signal, streams);
  const lost = () => controller.abort(new ApiError('UNAVAILABLE', 'the server has fallen silent', { remote: true }));
  let stopTimer: StopTimer | undefined;
  const release = () => {
    stopTimer?.();
    over();
  };
  try {
    const response = await open(controller.signal);
    await protocol.checkStream(response, listening, () => response.text().catch(() => ''));
    const beats = response.headers.get(PING_INTERVAL) !== null;
    const messages = new Messages(streamOf(response), listening, controller.signal, beats);
    const tick = () => (messages.isHeard || messages.isHeld ? (messages.isHeard = messages.isHeld) : lost());
    if (beats) stopTimer = every(2 * listening.pingIntervalMs, tick, { holds: false });
    // An answer whose length is known is over already: if it has nothing but an error, the stream never began.
    const first = response.headers.get('content-length') === null ? undefined : await messages.next();
    if (first && !(first instanceof Uint8Array) && first.error) throw first.error;
    listening.onResponse?.({ headers: responseHeaders(response.headers.entries()) });
    void handOn(messages, listening, first).then((error) => {
      // The transport has closed: the subscriber does not know it, as they know of their own signal.
      const isClosed = controller.signal.aborted && !signal.aborted;
      if (isClosed) sink.end(controller.signal.reason as ApiError);
      else if (!signal.aborted) sink.end(error);
      release();
    });
  } catch (error) {
    release();
    throw error;
  }
}

/** Hands messages on; resolves with the error that ends them, if one does. */
async function handOn(messages: Messages, { name, take }: Listening, first: Next | undefined): Promise<ApiError | undefined> {
  let next = first ?? (await messages.next());
  while (next instanceof Uint8Array) {
    try {
      const taken = take(next);
      if (taken) {
        messages.isHeard = messages.isHeld = true;
        await taken;
        messages.isHeld = false;
      }
    } catch (cause) {
      return unreadable(name, 'a message', cause);
    }
    next = await messages.next();
  }
  return next.error;
}

/** A message, or the end. */
type Next = Uint8Array | { readonly error: ApiError | undefined };

/** The messages of a body, one by one. */
class Messages {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #envelopes: EnvelopeReader;
  readonly #ready: Envelope[] = [];
  isHeard = true;
  /** While a slow reader takes a message, nothing is read, and the server cannot be heard. */
  isHeld = false;

  private readonly listening: Listening;
  private readonly signal: AbortSignal;
  private readonly beats: boolean;

  constructor(body: ReadableStream<Uint8Array>, listening: Listening, signal: AbortSignal, beats: boolean) {
    this.listening = listening;
    this.signal = signal;
    this.beats = beats;
    this.#reader = body.getReader();
    this.#envelopes = new EnvelopeReader(listening.maxBytes);
    onAbort(signal, () => void this.#reader.cancel().catch(() => {}));
  }

  async next(): Promise<Next> {
    const { name, protocol, onChunk } = this.listening;
    try {
      for (;;) {
        if (this.signal.aborted) return { error: undefined };
        const envelope = this.#ready.shift();
        if (envelope) {
          this.isHeard = true;
          if (this.beats && envelope.flags === 0 && isBeat(envelope.data)) continue;
          const end = protocol.endOf(envelope);
          if (end === undefined) return messageOf(envelope, name);
          return { error: end === 'ok' ? undefined : await end };
        }
        const { done, value } = await this.#reader.read();
        if (this.signal.aborted) return { error: undefined };
        if (done) return { error: new ApiError('UNAVAILABLE', 'the stream was cut before it had a status', { remote: true }) };
        onChunk(value.length);
        this.#ready.push(...this.#envelopes.push(value));
      }
    } catch (error) {
      if (isApiError(error)) return { error };
      return { error: error instanceof RangeError ? broken(name, error.message, error) : networkError(error, name, this.signal) };
    }
  }
}

function broken(name: string, why: string, cause: unknown): ApiError {
  return new ApiError('DATA_LOSS', `${name}: ${why}`, { remote: true, cause });
}
