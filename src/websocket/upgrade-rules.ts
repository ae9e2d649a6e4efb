import type { IncomingMessage } from 'node:http';

/** Which pages may connect: `'*'` all, a list of origins, or a function that knows them; beside those of the same host. */
export type Origins = '*' | readonly string[] | ((origin: string) => boolean);

/** Makes the check of `Origin`, which browsers send and pages cannot forge. Source: https://www.rfc-editor.org/rfc/rfc6455#section-10.2 */
export function compileOriginCheck(origins: Origins = []): (request: IncomingMessage) => boolean {
  if (origins === '*') return () => true;
  const listed = typeof origins === 'function' ? origins : listedIn(origins);
  return ({ headers }) => {
    const { origin, host } = headers;
    if (origin === undefined) return true;
    return (URL.canParse(origin) && new URL(origin).host === host) || listed(origin);
  };
}

function listedIn(origins: readonly string[]): (origin: string) => boolean {
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new TypeError(
        `webSocketHandler: '${origin}' is not an origin: write a scheme and a host without a path, like 'https://app.example.com'`,
      );
  }
  const set = new Set(origins);
  return (origin) => set.has(origin);
}

/** The subprotocols that a client offers; none where the header is absent. */
export function offeredProtocols({ headers }: IncomingMessage): readonly string[] {
  const offered = headers['sec-websocket-protocol'];
  return offered === undefined ? [] : offered.split(',').map((name) => name.trim());
}

/** Counts connections by address. */
export class AddressLimit {
  readonly #counts = new Map<string, number>();

  constructor(private readonly max: number) {}

  /** Takes a place; false where there is none. */
  enter(address: string): boolean {
    const count = this.#counts.get(address) ?? 0;
    if (count >= this.max) return false;
    this.#counts.set(address, count + 1);
    return true;
  }

  leave(address: string): void {
    const count = this.#counts.get(address) ?? 0;
    if (count <= 1) this.#counts.delete(address);
    else this.#counts.set(address, count - 1);
  }
}
