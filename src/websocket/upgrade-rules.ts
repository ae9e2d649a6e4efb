import type { IncomingMessage } from 'node:http';

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
