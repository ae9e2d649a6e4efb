import type { Socket } from 'node:net';

/** A request that is being answered. */
export interface Answering {
  /** The caller has left. */
  leave(): void;
}

/** The common state of the requests of one connection. */
export class Connection {
  /** Kept, because a socket asks the system for it, or makes sure that it need not, each time. */
  readonly address: string | undefined;
  /** Of the requests that are being answered, there is one, unless they are pipelined. */
  private only: Answering | undefined = undefined;
  private others: Set<Answering> | undefined = undefined;

  private constructor(socket: Socket) {
    this.address = socket.remoteAddress;
    // One listener for all requests, because one for each is a good part of what it costs.
    socket.once('close', () => this.leave());
  }

  static of(socket: Socket): Connection {
    let connection = connections.get(socket);
    if (!connection) connections.set(socket, (connection = new Connection(socket)));
    return connection;
  }

  /** Tells a request when the connection closes, until it is deleted. */
  add(request: Answering): void {
    if (this.only) (this.others ??= new Set()).add(request);
    else this.only = request;
  }

  /** The request is answered, so the fate of the connection no longer concerns it. */
  delete(request: Answering): void {
    if (this.only === request) this.only = undefined;
    else this.others?.delete(request);
  }

  private leave(): void {
    this.only?.leave();
    for (const request of this.others ?? []) request.leave();
  }
}

const connections = new WeakMap<Socket, Connection>();
