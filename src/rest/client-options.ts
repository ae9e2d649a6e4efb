import type { HttpClientOptions } from '../http/client/options.ts';
import type { RestForeignOptions } from './foreign/mapping.ts';
import type { QueryOption } from './calling/query-credentials.ts';

/** Options of `rest`. */
export interface RestOptions extends HttpClientOptions, RestForeignOptions {
  /** The address of the API: `http://localhost:4000`, or `https://example.com/api/v2`. */
  readonly url: string;
  /**
   * Tells the server the deadline in `x-timeout-ms`.
   * @default true, but false in a page of another origin, because the header would then need the API's permission (CORS)
   */
  readonly sendDeadline?: boolean | undefined;
  /** Asks for selected fields with `?fields=username,email`; servers that do not know it must ignore it. @default true */
  readonly sendFields?: boolean | undefined;
  /** Credentials that the API wants in the query: `{ api_key: '…' }`. `onWire` does not see their values. */
  readonly query?: QueryOption | undefined;
  /**
   * Reads the data of server-sent events as CloudEvents in JSON. One that cannot be read is reported to `onError` and told as a gap.
   * @default no CloudEvents
   */
  readonly cloudEvents?: 'structured' | undefined;
  /** Gets events that cannot be read: CloudEvents, and those of a mapping. @default console.error */
  readonly onError?: ((error: unknown) => void) | undefined;
  /**
   * Whether redirects are followed: `'same-origin'` within the url's own origin, to which credentials may go along.
   * @default 'refuse', an error that names the address
   */
  readonly redirects?: 'refuse' | 'same-origin' | undefined;
}
