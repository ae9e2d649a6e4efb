import type { Headers, OnResponse, ResponseHead } from '../../core/transport.ts';
import type { GraphqlResponse } from '../wire.ts';

/** The heads of the root fields of one request, beside their values. */
export class ResponseHeads {
  readonly #heads = new Map<string, ResponseHead>();
  #fields = 0;

  /** For the call of one root field, by its name in the response. */
  listener(field: string): OnResponse {
    this.#fields++;
    return (head) => void this.#heads.set(field, head);
  }

  /** The headers of the HTTP response: those of the one root field. With several, they could contradict each other. */
  get headers(): Headers | undefined {
    const [head] = this.#heads.values();
    return this.#fields === 1 ? head?.headers : undefined;
  }

  /** All cookies: each one counts by itself. */
  get cookies(): readonly string[] {
    return [...this.#heads.values()].flatMap(({ cookies = [] }) => cookies);
  }

  /** Headers by root field, for `extensions`; `undefined` if there are none. */
  get byField(): Readonly<Record<string, Headers>> | undefined {
    if (this.#heads.size === 0) return undefined;
    return Object.fromEntries([...this.#heads].map(([field, { headers }]) => [field, headers]));
  }
}

/** A response that has the headers of its root fields in `extensions.headers`. */
export function withHeads(response: GraphqlResponse, heads: ResponseHeads | undefined): GraphqlResponse {
  const headers = heads?.byField;
  return headers ? { ...response, extensions: { ...response.extensions, headers } } : response;
}
