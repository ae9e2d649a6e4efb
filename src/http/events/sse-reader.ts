import { ApiError } from '../../core/errors.ts';
import { onAbort } from '../../life/lifetime.ts';
import { after, type StopTimer } from '../../life/timers.ts';
import type { Maybe } from '../../life/maybe.ts';
import type { FetchResponse } from '../client/fetch-like.ts';
import { networkError } from '../client/network-error.ts';
import { Silence } from './silence.ts';
import { SseDecoder, type SseEvent } from './sse.ts';

/** Takes the text of a stream apart as it comes. `push` throws a `RangeError` if an event is longer than it may be. */
export interface StreamDecoder {
  push(chunk: string): readonly SseEvent[];
  /** How many signs of life the server has given that are not events. */
  readonly comments: number;
  /** The rest that is left when the stream has ended, if its form has no end for the last event. */
  end?(): readonly SseEvent[];
  /** The id to resume after. */
  readonly lastId: string;
  /** When to come back, in milliseconds, if the server has said so. */
  readonly retryMs: number | undefined;
}

/** The reader of a stream, and the time that it has. */
export interface SseReading {
  /** The stream's name in messages: `the event stream of chat`. */
  readonly name: string;
  readonly signal: AbortSignal;
  /** How long one event may be, in characters. @default 1_048_576 */
  readonly maxEventChars?: number | undefined;
  /** Gets the text as it comes. */
  readonly onChunk: (text: string) => void;
  /** Takes one event; `false` says that it was the last. No more is read while a promise is pending. */
  readonly onEvent: (event: SseEvent) => Maybe<boolean>;
  /** Hears of an id to resume after that no event came with. */
  readonly onPlace?: (id: string) => void;
  /** Hears why the stream is over if neither the signal nor an event ended it: UNAVAILABLE, after which resuming may help, or DATA_LOSS. */
  readonly onEnd: (error: ApiError) => void;
  /** Hears instead that the server has ended the stream whole, if that is an end and no failure. */
  readonly onComplete?: (() => void) | undefined;
}

/** Whether a response is a stream of events: the type in any case, whatever its parameters. */
export function isEventStream({ headers }: FetchResponse): boolean {
  return /^\s*text\/event-stream\s*(?:;|$)/i.test(headers.get('content-type') ?? '');
}

/** The body of a stream. Throws UNIMPLEMENTED if it cannot be read piece by piece. */
export function streamOf(response: FetchResponse): ReadableStream<Uint8Array> {
  if (response.body) return response.body;
  throw new ApiError(
    'UNIMPLEMENTED',
    "this 'fetch' gives no body that can be read piece by piece, so that it carries no events: give one that does, or take WebSocket",
  );
}

/** Reads server-sent events until the last, the stream's end, or the signal aborts, after which nothing is told any more. */
export function readSse(body: ReadableStream<Uint8Array>, reading: SseReading): Promise<void> {
  return readStream(body, new SseDecoder(reading), reading);
}

/** As {@link readSse}, for streams of another form. */
export async function readStream(body: ReadableStream<Uint8Array>, decoder: StreamDecoder, reading: SseReading): Promise<void> {
  const { name, signal, onChunk, onEvent, onPlace } = reading;
  // The server's word for when to come back.
  const onEnd = (error: ApiError) => reading.onEnd(decoder.retryMs === undefined ? error : error.with({ retryAfterMs: decoder.retryMs }));
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  // The decoder of events takes one byte order mark away itself.
  const text = new TextDecoder('utf-8', { ignoreBOM: true });
  let place = '';
  let stopWaiting: StopTimer | undefined;
  const silence = new Silence();
  let isSilent = false;
  const onSilence = () => {
    isSilent = true;
    cancel();
  };
  const unlink = onAbort(signal, cancel);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) return;
      if (done) {
        if (!isSilent) {
          for (const event of decoder.end?.() ?? []) if (!(await onEvent(event))) return;
          if (reading.onComplete) return reading.onComplete();
        }
        const why = isSilent ? 'the server has fallen silent' : 'the server closed the stream';
        return onEnd(new ApiError('UNAVAILABLE', why, { remote: true }));
      }
      const chunk = text.decode(value, { stream: true });
      onChunk(chunk);
      // A slow reader of events is not a silence of the server.
      stopWaiting?.();
      let hasMoved = false;
      for (const event of decoder.push(chunk)) {
        if (signal.aborted) return;
        hasMoved ||= event.id !== '';
        const taken = onEvent(event);
        if (!(typeof taken === 'boolean' ? taken : await taken)) return;
      }
      if (hasMoved || decoder.lastId !== place) onPlace?.((place = decoder.lastId));
      // Servers not written here may send no heartbeats: silence counts only after the first one.
      const limitMs = silence.limitMs(decoder.comments);
      if (limitMs !== undefined) stopWaiting = after(limitMs, onSilence);
    }
  } catch (error) {
    if (signal.aborted) return;
    // Resuming would lead to the same event again.
    if (error instanceof RangeError) onEnd(new ApiError('DATA_LOSS', `${name}: ${error.message}`, { remote: true, cause: error }));
    else onEnd(networkError(error, name, signal));
  } finally {
    stopWaiting?.();
    unlink();
    cancel();
  }
}
