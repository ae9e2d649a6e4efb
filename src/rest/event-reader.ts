import type { EventDefinition } from '../contract.js';
import { ApiError } from '../errors.js';
import type { FetchResponse } from '../http/fetch-like.js';
import { SseDecoder, type SseEvent } from '../http/sse.js';
import { networkError } from '../http/network-error.js';
import { onAbort } from '../internal/deadline.js';
import type { EventSink } from '../transport.js';
import { decodeErrorBody } from './wire.js';
import { parseJson } from '../internal/json.js';

/** A server that has sent one heartbeat is gone when it sends nothing for three times its interval. */
const SILENCE_MS = 45_000;

export interface EventReading {
  readonly event: EventDefinition;
  readonly sink: EventSink;
  readonly signal: AbortSignal;
  readonly onChunk: (text: string) => void;
}

let received = 0;

/** Reads a stream of server-sent events into a sink until it ends, the sink's event stream ends, or the signal aborts. */
export async function readEvents(response: FetchResponse, { event, sink, signal, onChunk }: EventReading): Promise<void> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  const text = new TextDecoder();
  const decoder = new SseDecoder();
  let silence: ReturnType<typeof setTimeout> | undefined;
  let silent = false;
  const onSilence = () => {
    silent = true;
    cancel();
  };
  const unlink = onAbort(signal, cancel);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) return;
      if (done)
        return sink.end(
          new ApiError('UNAVAILABLE', silent ? 'the server has fallen silent' : 'the server closed the stream', { remote: true }),
        );
      const chunk = text.decode(value, { stream: true });
      onChunk(chunk);
      // Servers not written here may send no heartbeats: silence counts only after the first one.
      if (silence !== undefined || /(^|\n):/.test(chunk)) {
        clearTimeout(silence);
        silence = setTimeout(onSilence, SILENCE_MS);
      }
      for (const message of decoder.push(chunk)) if (!deliver(message, event, sink)) return;
    }
  } catch (error) {
    if (signal.aborted) return;
    // Resuming would lead to the same event again.
    if (error instanceof RangeError) sink.end(new ApiError('DATA_LOSS', `${event.name}: ${error.message}`, { remote: true, cause: error }));
    else sink.end(networkError(error, `the event stream of ${event.channel}`, signal));
  } finally {
    clearTimeout(silence);
    unlink();
    cancel();
  }
}

/** Hands one event on; false where it was the last. Types that are not this event's are another event's. */
function deliver(message: SseEvent, event: EventDefinition, sink: EventSink): boolean {
  if (message.event === 'gap') sink.gap();
  else if (message.event === 'end') {
    sink.end(decodeErrorBody(parse(message.data)));
    return false;
  } else if (message.event === event.type || message.event === 'message') {
    const data = parse(message.data);
    if (data === undefined) {
      sink.end(new ApiError('DATA_LOSS', `${event.name}: an event's data is not JSON`, { remote: true }));
      return false;
    }
    const time = message.fields.get('time') ?? new Date().toISOString();
    void sink.next({ id: message.id || `local-${++received}`, time, data });
  }
  return true;
}

function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
