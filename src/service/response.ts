import type { OnResponse, ResponseHead } from '../core/transport.ts';
import { isPrintable, passes } from '../peer/response-headers.ts';

/** The headers and status of a handler's answer: `call.response`. */
export interface HandlerResponse {
  /**
   * The headers of the answer, on every protocol that has them; cookies over HTTP: `headers.append('set-cookie', 'theme=dark; HttpOnly')`.
   * Setting one that the protocols write themselves, or a value that is not printable ASCII, throws a `TypeError`; so does setting one of a stream
   * that has begun: a handler that sets headers of a stream is a function that gives a generator, or a promise of one.
   */
  readonly headers: globalThis.Headers;
  /** The status over REST, of an answer with a body: 200 to 299 but 204 and 205. A stream has 200. @default the binding's */
  status: number | undefined;
}

/**
 * The size of all headers of an answer, names and values. Clients of HTTP and gRPC read 16 KiB of a head; one over 64 KiB stops all calls on a
 * connection of HTTP/2.
 */
const MAX_BYTES = 12_288;

/** Refuses a header when it is set, while the handler can be told. */
class CheckedHeaders extends globalThis.Headers {
  isSent = false;

  override set(name: string, value: string): void {
    this.#check(name, value, true);
    if (name.toLowerCase() === 'set-cookie')
      throw new TypeError("call.response: cookies are added one by one: headers.append('set-cookie', …)");
    super.set(name, value);
  }

  override append(name: string, value: string): void {
    this.#check(name, value, false);
    super.append(name, value);
  }

  #check(name: string, value: string, replaces: boolean): void {
    if (this.isSent)
      throw new TypeError(
        'call.response: the stream has begun, and its headers are sent: set them in a function that gives the generator of the items',
      );
    checkHeader(name, value);
    let bytes = name.length + String(value).length;
    for (const [held, text] of this) if (!replaces || held !== name.toLowerCase()) bytes += held.length + text.length;
    if (bytes > MAX_BYTES)
      throw new TypeError(`call.response: the header '${name}' cannot be set: all headers of an answer hold ${MAX_BYTES} bytes at most`);
  }
}

function checkHeader(name: string, value: string): void {
  const lower = String(name).toLowerCase();
  if (lower !== 'set-cookie' && !passes(lower))
    throw new TypeError(
      `call.response: the header '${lower.slice(0, 100)}' cannot be set: a name has letters, digits and -, and is not one that the protocols write themselves`,
    );
  if (!isPrintable(String(value)))
    throw new TypeError(`call.response: the value of the header '${lower}' must be printable ASCII without line breaks`);
}

/** The response of one handler, made when the handler first asks for it. */
export class ServiceResponse implements HandlerResponse {
  readonly headers = new CheckedHeaders();
  #status: number | undefined;
  private readonly isStream: boolean;

  constructor(isStream: boolean, isSent: boolean) {
    this.isStream = isStream;
    this.headers.isSent = isSent;
  }

  /** No header can be set any more. */
  seal(): void {
    this.headers.isSent = true;
  }

  get status(): number | undefined {
    return this.#status;
  }

  set status(status: number | undefined) {
    if (status !== undefined && this.isStream) throw new TypeError('call.response: a stream has the status 200');
    if (status !== undefined && !isBodyStatus(status))
      throw new TypeError(`call.response: the status ${String(status)} is not one of an answer with a body: 200 to 299, but 204 and 205`);
    this.#status = status;
  }

  /** As it crosses the seam. */
  head(): ResponseHead {
    const headers: Record<string, string> = {};
    for (const [name, value] of this.headers) if (name !== 'set-cookie') headers[name] = value;
    const cookies = this.headers.getSetCookie();
    return { ...(this.#status !== undefined && { status: this.#status }), headers, ...(cookies.length > 0 && { cookies }) };
  }
}

/** Whether an answer that succeeded with a body may have this status. */
function isBodyStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 200 && status < 300 && status !== 204 && status !== 205;
}

/** The head of an answer to a call with an idempotency key, for callers that repeat the call. */
export class KeptResponse {
  #head: ResponseHead | undefined;
  private readonly onResponse: OnResponse | undefined;

  constructor(onResponse: OnResponse | undefined) {
    this.onResponse = onResponse;
  }

  /** Absent if the answer said nothing. */
  get head(): ResponseHead | undefined {
    return this.#head;
  }

  readonly hear: OnResponse = (head) => {
    this.#head = head;
    this.onResponse?.(head);
  };

  /** Tells the caller what the first answer said. */
  repeat(head: ResponseHead | undefined): void {
    if (head) this.onResponse?.(head);
  }
}

/** The part of a head that a store keeps: all but its cookies, which are for one caller once. */
export function keptHead(head: ResponseHead | undefined): { readonly response: ResponseHead } | undefined {
  if (!head) return undefined;
  const { cookies: _, ...response } = head;
  return { response };
}
