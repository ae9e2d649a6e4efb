import { ApiError } from '../errors.js';
import type { FetchResponse } from '../http/fetch-like.js';
import { networkError } from '../http/network-error.js';
import { SseDecoder } from '../http/sse.js';
import { parseJson } from '../internal/json.js';
import { onAbort } from '../internal/deadline.js';
import type { EventSink } from '../transport.js';
import type { ClientDocument } from './document.js';
import { deliver } from './event-message.js';

/** A server that has sent one heartbeat is gone when it sends nothing for three times its interval. */
const SILENCE_MS = 45_000;

export interface StreamReading {
  readonly document: ClientDocument;
  readonly sink: EventSink;
  readonly signal: AbortSignal;
  readonly onChunk: (text: string) => void;
}

/** Reads a subscription's stream into a sink until it completes, breaks, or the signal aborts. */
export async function readStream(response: FetchResponse, { document, sink, signal, onChunk }: StreamReading): Promise<void> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  const text = new TextDecoder();
  const decoder = new SseDecoder();
  let silence: ReturnType<typeof setTimeout> | undefined;
  let isSilent = false;
  const unlink = onAbort(signal, cancel);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) return;
      if (done)
        return sink.end(
          new ApiError('UNAVAILABLE', isSilent ? 'the server has fallen silent' : 'the server closed the stream', { remote: true }),
        );
      const chunk = text.decode(value, { stream: true });
      onChunk(chunk);
      if (silence !== undefined || /(^|\n):/.test(chunk)) {
        clearTimeout(silence);
        silence = setTimeout(() => {
          isSilent = true;
          cancel();
        }, SILENCE_MS);
      }
      for (const message of decoder.push(chunk)) {
        if (message.event === 'complete') return sink.end();
        if (message.event === 'next' && !deliver(parse(message.data), document, sink)) return;
      }
    }
  } catch (error) {
    if (!signal.aborted) sink.end(networkError(error, 'the event stream', signal));
  } finally {
    clearTimeout(silence);
    unlink();
    cancel();
  }
}

function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
