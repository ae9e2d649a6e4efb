import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';

/**
 * Connections that this process takes.
 * @see https://nodejs.org/api/diagnostics_channel.html#net
 */
const TAKEN = 'net.server.socket';

/**
 * Counts what goes through the connections that this process opens, whichever library opens them. Node's channel of clients does not tell
 * of those with TLS, so `Socket.connect` is watched for as long as the meter is open.
 */
export class SocketMeter {
  readonly #sockets = new Set<Socket>();
  readonly #connect = Socket.prototype.connect;
  readonly #onTaken = (message: unknown): void => void this.#sockets.add((message as { readonly socket: Socket }).socket);

  /** `taken`: also counts connections that this process takes, as a receiver of webhooks does. */
  constructor({ taken }: { readonly taken: boolean }) {
    const sockets = this.#sockets;
    const connect = this.#connect as (this: Socket, ...args: unknown[]) => Socket;
    Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
      sockets.add(this);
      return connect.apply(this, args);
    };
    if (taken) subscribe(TAKEN, this.#onTaken);
  }

  /**
   * Bytes in both directions so far: start lines, headers, framing and bodies; not what TCP and IP add. Of connections with TLS, what most
   * libraries encrypt is counted, without what TLS adds.
   */
  get bytes(): number {
    let sum = 0;
    for (const socket of this.#sockets) sum += socket.bytesRead + socket.bytesWritten;
    return sum;
  }

  close(): void {
    Socket.prototype.connect = this.#connect;
    unsubscribe(TAKEN, this.#onTaken);
    this.#sockets.clear();
  }
}
