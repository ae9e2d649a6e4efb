import type { FetchResponse } from '../http/fetch-like.js';
import { readSse } from '../http/sse-reader.js';
import { tryParseJson } from '../internal/json.js';
import type { EventSink } from '../transport.js';
import type { ClientDocument } from './document.js';
import { deliver } from './event-message.js';

export interface StreamReading {
  readonly document: ClientDocument;
  readonly sink: EventSink;
  readonly signal: AbortSignal;
  readonly onChunk: (text: string) => void;
}

/** Reads a subscription's stream into a sink until it completes, breaks, or the signal aborts. */
export async function readStream(response: FetchResponse, { document, sink, signal, onChunk }: StreamReading): Promise<void> {
  await readSse(response, {
    name: 'the event stream',
    signal,
    onChunk,
    onEvent(message) {
      if (message.event !== 'complete') return message.event !== 'next' || deliver(tryParseJson(message.data), document, sink) !== false;
      sink.end();
      return false;
    },
    onEnd: (error) => sink.end(error),
  });
}
