import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { count, type OptionsInForce } from '../core/options.ts';
import { compileOriginCheck, type Origins } from '../http/serve/origins.ts';
import { refuseUpgrade } from './upgrade.ts';

/** The callers that may open a WebSocket. */
export interface UpgradeGateOptions {
  /** Pages of other hosts that may connect: their origins (`https://app.example.com`), a function, or `'*'`. @default none */
  readonly origins?: Origins;
  /** Connections from one address, which behind a proxy is the proxy's; then 429. @default 10_000 */
  readonly maxConnectionsPerAddress?: number;
}

/** Readers and names of these options, for the factories that take them. */
export const GATE_READERS = { maxConnectionsPerAddress: count(10_000) };
export const GATE_NAMES = ['origins'] as const;

export type GateOptionsInForce = OptionsInForce<UpgradeGateOptions, typeof GATE_READERS>;

/** The checks before every handler of WebSockets: they look at an upgrade before anything is made of it. */
export class UpgradeGate {
  readonly #isAllowed: (request: IncomingMessage) => boolean;
  readonly #max: number;
  /** Open connections by address. */
  readonly #counts = new Map<string, number>();
  #isStopping = false;

  /** Throws a `TypeError`, which names `owner`, for an option that is none; `onError` hears why a function failed. */
  constructor(owner: string, { origins, maxConnectionsPerAddress }: GateOptionsInForce, onError: (error: unknown) => void) {
    this.#isAllowed = compileOriginCheck(owner, origins, onError);
    this.#max = maxConnectionsPerAddress;
  }

  /** Whether an upgrade may be: it is answered if not, and counts until its connection closes if so. */
  admits(request: IncomingMessage, socket: Duplex): boolean {
    if (this.#isStopping) refuseUpgrade(socket, 503, 'the server is stopping', { 'retry-after': '1' });
    // `ws` would take 8 too, a draft's. Source: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
    else if (request.headers['sec-websocket-version'] !== '13')
      refuseUpgrade(socket, 400, 'the version of WebSocket here is 13', { 'sec-websocket-version': '13' });
    else if (!this.#isAllowed(request)) refuseUpgrade(socket, 403, "pages of this origin may not connect: list it in the option 'origins'");
    else if (!this.#enter(request.socket.remoteAddress ?? '', socket))
      refuseUpgrade(socket, 429, 'there are too many connections from this address', { 'retry-after': '5' });
    else return true;
    return false;
  }

  /** Refuses all from now on, with a status after which clients come back: another process may serve them. */
  stop(): void {
    this.#isStopping = true;
  }

  #enter(address: string, socket: Duplex): boolean {
    const count = this.#counts.get(address) ?? 0;
    if (count >= this.#max) return false;
    this.#counts.set(address, count + 1);
    socket.once('close', () => this.#leave(address));
    return true;
  }

  #leave(address: string): void {
    const left = (this.#counts.get(address) ?? 0) - 1;
    if (left > 0) this.#counts.set(address, left);
    else this.#counts.delete(address);
  }
}
