import type { StreamDecoder } from '../../http/events/sse-reader.ts';
import type { SseEvent } from '../../http/events/sse.ts';

const MAX_CHARS = 1_048_576;
const NO_FIELDS: ReadonlyMap<string, string> = new Map();

/**
 * Takes a stream of JSON apart into its values, each of which is an event: values after one another, on lines of their own or over several, or
 * the items of one list. Text that is not JSON is an event up to the end of its line.
 */
export class ValuesDecoder implements StreamDecoder {
  readonly lastId = '';
  readonly retryMs = undefined;
  readonly comments = 0;
  #value = '';
  /** Objects and lists that are open within the value. */
  #level = 0;
  #isText = false;
  #isEscaped = false;
  /** Whether the values are the items of a list; `undefined` until the first character. */
  #isList: boolean | undefined;

  private readonly maxChars: number;

  constructor(maxChars: number = MAX_CHARS) {
    this.maxChars = maxChars;
  }

  push(chunk: string): SseEvent[] {
    const events: SseEvent[] = [];
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const isLast = this.#takes(chunk.charAt(at));
      if (isLast === undefined) continue;
      // A separator belongs to no value.
      this.#value += chunk.slice(from, isLast ? at + 1 : at);
      from = at + 1;
      this.#take(events);
    }
    this.#value += chunk.slice(from);
    if (this.#value.length > this.maxChars) throw new RangeError(`a value is longer than ${this.maxChars} characters`);
    return events;
  }

  /** The rest that is left when the stream has ended. */
  end(): SseEvent[] {
    const events: SseEvent[] = [];
    this.#take(events);
    if (this.#isList) throw new RangeError('the list has no end');
    return events;
  }

  /** Whether a character ends the value, as part of it or as what separates it from the next. */
  #takes(char: string): boolean | undefined {
    if (this.#isText) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (char === '\\') this.#isEscaped = true;
      else if (char === '"') this.#isText = false;
      // Text of JSON has no line end, so this is not JSON.
      if (char !== '\n') return undefined;
      this.#isText = false;
    }
    const isFirst = this.#isList === undefined && char.trim() !== '';
    if (isFirst) this.#isList = char === '[';
    switch (char) {
      case '"':
        this.#isText = true;
        return undefined;
      case '[':
      case '{':
        if (isFirst && this.#isList) return false;
        this.#level++;
        return undefined;
      case ']':
      case '}':
        if (this.#level === 0) {
          this.#isList &&= char !== ']';
          return false;
        }
        return --this.#level === 0 ? true : undefined;
      case ',':
        return this.#isList && this.#level === 0 ? false : undefined;
      case '\n':
      case '\u001e':
        return this.#level === 0 ? false : undefined;
      default:
        return undefined;
    }
  }

  #take(events: SseEvent[]): void {
    const data = this.#value.trim();
    this.#value = '';
    this.#level = 0;
    this.#isText = false;
    if (data !== '') events.push({ id: '', event: 'message', data, fields: NO_FIELDS });
  }
}
