import type { StreamDecoder } from '../../http/events/sse-reader.ts';
import type { SseEvent } from '../../http/events/sse.ts';

const NO_FIELDS: ReadonlyMap<string, string> = new Map();

/** Takes `multipart/mixed` apart: a part is an event `part`, the end of all is `complete`. Source: https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1 */
export class PartsDecoder implements StreamDecoder {
  readonly lastId = '';
  readonly retryMs = undefined;
  /** Empty parts, with which the server keeps the stream open. */
  comments = 0;
  readonly #delimiter: string;
  /** As if a line had ended before the first delimiter. */
  #buffer = '\r\n';
  #isPreamble = true;
  #isComplete = false;
  /** The first place at which an unseen delimiter may begin. */
  #from = 0;

  readonly #maxChars: number;

  /** `maxChars`: how long one part may be, in UTF-16 code units. @default 1_048_576 */
  constructor(boundary: string, maxChars = 1_048_576) {
    this.#maxChars = maxChars;
    this.#delimiter = `\r\n--${boundary}`;
  }

  push(chunk: string): SseEvent[] {
    this.#buffer += chunk;
    const events: SseEvent[] = [];
    const { length } = this.#delimiter;
    for (let at; (at = this.#buffer.indexOf(this.#delimiter, this.#from)) !== -1;) {
      this.#check(at);
      if (!this.#isPreamble) this.#take(this.#buffer.slice(0, at), events);
      this.#isPreamble = false;
      this.#buffer = this.#buffer.slice(at + length);
      this.#from = 0;
    }
    if (!this.#isPreamble && !this.#isComplete && this.#buffer.startsWith('--')) {
      this.#isComplete = true;
      events.push(eventOf('complete', ''));
    }
    this.#from = Math.max(0, this.#buffer.length - length);
    this.#check(this.#buffer.length);
    return events;
  }

  #check(chars: number): void {
    if (chars > this.#maxChars) throw new RangeError(`a part is longer than ${this.#maxChars} characters`);
  }

  #take(part: string, events: SseEvent[]): void {
    // After the delimiter comes the end of its line, then the headers, if there are any, and an empty line.
    const head = part.indexOf('\r\n\r\n');
    const body = head === -1 ? '' : part.slice(head + 4).trim();
    if (body === '{}' || body === '') this.comments++;
    else events.push(eventOf('part', body));
  }
}

/** The boundary that a content type names. */
export function boundaryOf(contentType: string | null): string | undefined {
  const match = /^\s*multipart\/mixed\s*;(?:.*;)?\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType ?? '');
  return match?.[1] ?? match?.[2];
}

function eventOf(event: string, data: string): SseEvent {
  return { id: '', event, data, fields: NO_FIELDS };
}
