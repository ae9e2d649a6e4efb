import type { Headers, Peer } from '../core/transport.ts';
import { callerRequired } from '../guard/caller.ts';
import type { ServiceOptions } from './types.ts';

/** Tells a service's callers apart. */
export class Callers {
  readonly #options: Pick<ServiceOptions<unknown>, 'context' | 'caller'>;
  readonly #report: (error: unknown) => void;
  #told = false;

  constructor(options: Pick<ServiceOptions<unknown>, 'context' | 'caller'>, report: (error: unknown) => void) {
    this.#options = options;
    this.#report = report;
  }

  /** The caller: the empty text if all callers are one, `undefined` if nothing tells them apart. */
  of(context: unknown, { headers, peer }: { readonly headers: Headers; readonly peer?: Peer | undefined }): string | undefined {
    const { caller } = this.#options;
    if (caller) return caller({ context, headers, peer });
    const own = (context as { readonly caller?: unknown } | null | undefined)?.caller;
    if (typeof own === 'string') return own;
    return this.#options.context ? undefined : '';
  }

  /** As `of`. Throws FAILED_PRECONDITION if nothing tells callers apart, and reports the cure once. */
  require(context: unknown, request: { readonly headers: Headers; readonly peer?: Peer | undefined }): string {
    const caller = this.of(context, request);
    if (caller !== undefined) return caller;
    if (!this.#told) {
      this.#told = true;
      this.#report(
        new TypeError(
          "idempotency keys were refused, because nothing tells this service's callers apart: give createService the option 'caller', or let context return a member 'caller'",
        ),
      );
    }
    throw callerRequired();
  }
}

/** When the credentials of a context expire, in epoch milliseconds. */
export function expiryOf(context: unknown): number | undefined {
  const expiresAtMs = (context as { readonly expiresAtMs?: unknown } | null | undefined)?.expiresAtMs;
  return typeof expiresAtMs === 'number' ? expiresAtMs : undefined;
}
