import { ApiError } from '../errors.js';
import { onAbort } from '../internal/deadline.js';
import type { FetchResponse } from './fetch-like.js';
import { networkError } from './network-error.js';
import { SseDecoder, type SseEvent } from './sse.js';

/** A server that has sent one heartbeat is gone when it sends nothing for three times its interval. */
const SILENCE_MS = 45_000;

/** Who reads a stream, and until when. */
export interface SseReading {
  /** What is read, for messages: `the event stream of chat`. */
  readonly name: string;
  /** Ends the reading; `onEnd` is not called then. */
  readonly signal: AbortSignal;
  /** Sees the text as it comes. */
  readonly onChunk: (text: string) => void;
  /** Takes one event; `false` ends the reading. */
  readonly onEvent: (event: SseEvent) => boolean;
  /** Hears why the stream is over where neither the signal nor an event ended it. */
  readonly onEnd: (error: ApiError) => void;
}

/** Reads the events of a response until something ends it, and frees its connection. */
export async function readSse(response: FetchResponse, { name, signal, onChunk, onEvent, onEnd }: SseReading): Promise<void> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  const text = new TextDecoder();
  const decoder = new SseDecoder();
  let silence: ReturnType<typeof setTimeout> | undefined;
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
      if (done) return onEnd(lost(isSilent ? 'the server has fallen silent' : 'the server closed the stream'));
      const chunk = text.decode(value, { stream: true });
      onChunk(chunk);
      // Servers not written here may send no heartbeats: silence counts only after the first one.
      if (silence !== undefined || /(^|\n):/.test(chunk)) {
        clearTimeout(silence);
        silence = setTimeout(onSilence, SILENCE_MS);
      }
      for (const event of decoder.push(chunk)) if (!onEvent(event)) return;
    }
  } catch (error) {
    if (signal.aborted) return;
    // Resuming would lead to the same event again.
    if (error instanceof RangeError) onEnd(new ApiError('DATA_LOSS', `${name}: ${error.message}`, { remote: true, cause: error }));
    else onEnd(networkError(error, name, signal));
  } finally {
    clearTimeout(silence);
    unlink();
    cancel();
  }
}

function lost(why: string): ApiError {
  return new ApiError('UNAVAILABLE', why, { remote: true });
}
