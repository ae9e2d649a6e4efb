import { parseJson } from '../../peer/json.ts';

/** A request of a sender, as schemes and handshakes read it. Unless `isVerified` says so, anybody may have made it. */
export interface WebhookRequest {
  readonly method: string;
  /** The address as the receiver sees it, with its query; behind a proxy the option `publicUrl` gives scheme and host. */
  readonly url: string;
  /** The values of the query. */
  readonly query: URLSearchParams;
  /** A header by its name in any case; undefined if it is missing. */
  readonly header: (name: string) => string | undefined;
  readonly bytes: Uint8Array;
  /** The body as UTF-8 text. */
  readonly text: string;
  /** The body as JSON. Reading it throws INVALID_ARGUMENT if it is none. */
  readonly json: unknown;
  /** The body as the fields of a form (`application/x-www-form-urlencoded`). */
  readonly form: URLSearchParams;
  /** Whether its signature was verified. */
  readonly isVerified: boolean;
}

/** Getters, because most schemes read one of them. */
export class ReceivedRequest implements WebhookRequest {
  readonly method: string;
  readonly url: string;
  readonly header: (name: string) => string | undefined;
  readonly isVerified: boolean;
  readonly #body: string | Uint8Array;

  constructor(
    method: string,
    url: string,
    header: (name: string) => string | undefined,
    body: string | Uint8Array = '',
    isVerified: boolean = false,
  ) {
    this.method = method;
    this.url = url;
    this.header = (name) => header(name.toLowerCase());
    this.#body = body;
    this.isVerified = isVerified;
  }

  get query(): URLSearchParams {
    const mark = this.url.indexOf('?');
    return new URLSearchParams(mark === -1 ? '' : this.url.slice(mark + 1));
  }

  get bytes(): Uint8Array {
    return typeof this.#body === 'string' ? new TextEncoder().encode(this.#body) : this.#body;
  }

  get text(): string {
    return typeof this.#body === 'string' ? this.#body : new TextDecoder().decode(this.#body);
  }

  get json(): unknown {
    return parseJson(this.text);
  }

  get form(): URLSearchParams {
    return new URLSearchParams(this.text);
  }

  /** The same request with another body. */
  with(body: string): ReceivedRequest {
    return new ReceivedRequest(this.method, this.url, this.header, body);
  }

  verified(): WebhookRequest {
    return new ReceivedRequest(this.method, this.url, this.header, this.#body, true);
  }
}

/** Whether a body is the fields of a form, by its content type. */
export function isForm(type: string | undefined): boolean {
  return /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type ?? '');
}
