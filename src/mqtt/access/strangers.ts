import { Shares } from '../../stores/shares.ts';

/** How long a connection may take for the handshake of TLS, and again for CONNECT, in milliseconds. */
export const CONNECT_MS = 10_000;

/** An end of a connection, as far as it is known: that of TLS has the same as the socket below it. */
export interface End {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** The connections that have not said who they are. An address may have as many as are free: others still get in. */
export class Strangers {
  readonly #shares: Shares;
  readonly #addresses = new Map<string, string>();

  constructor(most: number) {
    this.#shares = new Shares(most);
  }

  /** Counts a connection; tells whether there was room. Those of a proxy's local socket have no address, and are not told apart. */
  enter(end: End): boolean {
    const { remoteAddress } = end;
    if (remoteAddress === undefined) return true;
    const key = keyOf(end);
    if (this.#addresses.has(key)) return true;
    if (!this.#shares.take(remoteAddress, 1)) return false;
    this.#addresses.set(key, remoteAddress);
    return true;
  }

  /** The connection is known now, or gone: then its socket may not know its end any more, which is why it is given as it was. */
  leave(end: End): void {
    const key = keyOf(end);
    const address = this.#addresses.get(key);
    if (address === undefined) return;
    this.#addresses.delete(key);
    this.#shares.give(address, 1);
  }
}

function keyOf({ remoteAddress, remotePort }: End): string {
  return `${remoteAddress} ${remotePort}`;
}
