import type { StreamDecoder } from '../../http/events/sse-reader.ts';
import type { SseEvent } from '../../http/events/sse.ts';

const RECORD_SEPARATOR = '\u001e';
const MAX_CHARS = 1_048_576;
const NO_FIELDS: ReadonlyMap<string, string> = new Map();

/** Takes a stream of lines apart, each of which is an event. Empty lines keep a connection open. Source: https://github.com/ndjson/ndjson-spec */
export class LinesDecoder implements StreamDecoder {
  readonly lastId = '';
  readonly retryMs = undefined;
  readonly comments = 0;
  #line = '';

  private readonly maxChars: number;

  constructor(maxChars: number = MAX_CHARS) {
    this.maxChars = maxChars;
  }

  push(chunk: string): SseEvent[] {
    const lines = chunk.split('\n');
    const events: SseEvent[] = [];
    for (const [at, piece] of lines.entries()) {
      this.#line += piece;
      if (this.#line.length > this.maxChars) throw new RangeError(`a line is longer than ${this.maxChars} characters`);
      if (at < lines.length - 1) this.#take(events);
    }
    return events;
  }

  /** The rest that is left when the stream has ended, because the last line needs no line end. */
  end(): SseEvent[] {
    const events: SseEvent[] = [];
    this.#take(events);
    return events;
  }

  #take(events: SseEvent[]): void {
    const line = this.#line.trim();
    // Source: https://www.rfc-editor.org/rfc/rfc7464#section-2.2
    const data = line.startsWith(RECORD_SEPARATOR) ? line.slice(1).trim() : line;
    this.#line = '';
    if (data !== '') events.push({ id: '', event: 'message', data, fields: NO_FIELDS });
  }
}
