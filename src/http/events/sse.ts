/** The members that {@link encodeSse} writes. */
export interface SseFields {
  /** Without line ends and NULL. */
  readonly id?: string | undefined;
  readonly event?: string | undefined;
  /** Any text; its line ends arrive as `\n`. Without it nothing is dispatched. */
  readonly data?: string | undefined;
  /** Fields of one's own, which other readers ignore. */
  readonly fields?: Readonly<Record<string, string>> | undefined;
}

/** One event as {@link SseDecoder} reads it. */
export interface SseEvent {
  /** The id of this event, not of one before it; empty without one. */
  readonly id: string;
  /** @default 'message' */
  readonly event: string;
  readonly data: string;
  /** Fields beside those, by name. */
  readonly fields: ReadonlyMap<string, string>;
}

const LINE_END = /\r\n|\r|\n/;
const NOT_A_LINE = /[\r\n\0]/;

/** Writes one event. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream */
export function encodeSse({ id, event, data, fields }: SseFields): string {
  let text = '';
  if (event !== undefined) text += line('event', event);
  if (id !== undefined) text += line('id', id);
  if (fields) for (const name in fields) text += line(name, fields[name] ?? '');
  if (data !== undefined) {
    // JSON has no line ends, so only this case needs to be fast.
    if (!data.includes('\n') && !data.includes('\r')) text += `data: ${data}\n`;
    else for (const part of data.split(LINE_END)) text += `data: ${part}\n`;
  }
  return `${text}\n`;
}

/** Writes a comment: it keeps a connection open and is not an event. */
export function encodeSseComment(text = ''): string {
  if (NOT_A_LINE.test(text)) throw new TypeError('sse: a comment is one line');
  return `:${text}\n\n`;
}

function line(name: string, value: string): string {
  if (NOT_A_LINE.test(value)) throw new TypeError(`sse: the field '${name}' is one line without NULL`);
  if (name === '' || name.includes(':') || NOT_A_LINE.test(name)) throw new TypeError(`sse: '${name}' is not the name of a field`);
  return `${name}: ${value}\n`;
}

/** Reads an event stream piece by piece. Text after the last empty line is not an event, so a cut stream loses it. */
export class SseDecoder {
  readonly #maxChars: number;
  #line = '';
  #afterReturn = false;
  #isFirst = true;
  /** Characters of the event so far. */
  #size = 0;
  #data: string[] = [];
  #event = '';
  #id = '';
  #comments = 0;
  /** The id that was read last, and the one in force since the last empty line. */
  #buffer = '';
  #lastId = '';
  #retryMs: number | undefined;
  #fields: Map<string, string> | undefined;

  /** `maxEventChars`: how long one event may be, in UTF-16 code units. @default 1_048_576 */
  constructor({ maxEventChars = 1024 * 1024 }: { readonly maxEventChars?: number | undefined } = {}) {
    this.#maxChars = maxEventChars;
  }

  /** How many comments have come: a server that keeps the connection open so may be expected to go on. */
  get comments(): number {
    return this.#comments;
  }

  /** The id to resume after: of the last block that had one, whether it was an event or not; empty without one. */
  get lastId(): string {
    return this.#lastId;
  }

  /** How long the server wants a reader to wait before it comes back, in milliseconds, if it said so. */
  get retryMs(): number | undefined {
    return this.#retryMs;
  }

  /** Takes the next piece of text, cut anywhere; returns the events that it completes. Throws a `RangeError` over the limit. */
  push(text: string): SseEvent[] {
    const events: SseEvent[] = [];
    let from = 0;
    if (text === '') return events;
    if (this.#isFirst) {
      this.#isFirst = false;
      if (text.charCodeAt(0) === 0xfeff) from = 1;
    }
    if (this.#afterReturn && text.length > from) {
      this.#afterReturn = false;
      if (text.charCodeAt(from) === 0x0a) from++;
    }
    // Both ends are looked up ahead, so that a text without one of them is searched for it once.
    let feed = text.indexOf('\n', from);
    let carriage = text.indexOf('\r', from);
    while (feed !== -1 || carriage !== -1) {
      const isReturn = carriage !== -1 && (feed === -1 || carriage < feed);
      const end = isReturn ? carriage : feed;
      this.#grow(end - from);
      this.#take(this.#line === '' ? text.slice(from, end) : this.#line + text.slice(from, end), events);
      this.#line = '';
      from = end + 1;
      if (isReturn) {
        if (from === text.length) this.#afterReturn = true;
        else if (feed === from) from++;
        carriage = text.indexOf('\r', from);
      }
      if (feed !== -1 && feed < from) feed = text.indexOf('\n', from);
    }
    if (from < text.length) {
      this.#grow(text.length - from);
      this.#line += text.slice(from);
    }
    return events;
  }

  #grow(chars: number): void {
    this.#size += chars;
    if (this.#size > this.#maxChars) throw new RangeError(`sse: an event is longer than ${this.#maxChars} characters`);
  }

  #take(text: string, events: SseEvent[]): void {
    if (text === '') return this.#dispatch(events);
    const colon = text.indexOf(':');
    if (colon === 0) {
      this.#size -= text.length;
      this.#comments++;
      return;
    }
    const name = colon === -1 ? text : text.slice(0, colon);
    const value = colon === -1 ? '' : text.slice(text.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1);
    switch (name) {
      case 'data':
        this.#data.push(value);
        break;
      case 'event':
        this.#event = value;
        break;
      case 'id':
        if (!value.includes('\0')) this.#buffer = this.#id = value;
        break;
      case 'retry':
        if (/^[0-9]{1,15}$/.test(value)) this.#retryMs = Number(value);
        break;
      default:
        (this.#fields ??= new Map()).set(name, value);
    }
  }

  #dispatch(events: SseEvent[]): void {
    this.#lastId = this.#buffer;
    if (this.#data.length > 0) {
      const data = this.#data.join('\n');
      events.push({ id: this.#id, event: this.#event || 'message', data, fields: this.#fields ?? NO_FIELDS });
      this.#data = [];
    }
    this.#event = '';
    this.#id = '';
    this.#fields = undefined;
    this.#size = 0;
  }
}

const NO_FIELDS: ReadonlyMap<string, string> = new Map();
