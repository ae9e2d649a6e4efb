import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Source: https://nodejs.org/api/diagnostics_channel.html#net */
const CHANNEL = 'net.client.socket';

/** Counts what goes through every connection that this process opens, whichever library opens it. */
export class SocketMeter {
  readonly #sockets = new Set<Socket>();
  readonly #onSocket = (message: unknown): void => void this.#sockets.add((message as { readonly socket: Socket }).socket);

  constructor() {
    subscribe(CHANNEL, this.#onSocket);
  }

  /** Bytes in both directions so far: start lines, headers, framing and bodies; not what TCP and IP add. */
  get bytes(): number {
    let sum = 0;
    for (const socket of this.#sockets) sum += socket.bytesRead + socket.bytesWritten;
    return sum;
  }

  close(): void {
    unsubscribe(CHANNEL, this.#onSocket);
    this.#sockets.clear();
  }
}
