import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { isApiError } from '../core/errors.ts';
import { readOptions } from '../core/options.ts';
import type { Peer } from '../core/transport.ts';
import { STATUS } from '../http/message/status.ts';
import { isPromiseLike } from '../life/maybe.ts';
import type { Attachable, AttachOptions } from './attachable.ts';
import { UpgradeGate, type GateOptionsInForce } from './gate.ts';
import type { PeerSocket } from './peer-socket.ts';
import type { SocketServer, SocketServerOptions, SocketSession } from './server.ts';
import { attachUpgrade, refuseUpgrade } from './upgrade.ts';
import { type BeforeClosable } from '../life/closable.ts';

/** Makes a session of a socket, when there is one. */
export type OpenSession = (peer: PeerSocket) => SocketSession | undefined;

/** A protocol's answer to an upgrade of its own. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** The caller, for a protocol. */
  readonly peer: (protocol: string) => Peer;
  /** Refuses it with a status. */
  refuse(status: number, message: string, headers?: Readonly<Record<string, string>>): void;
  /** Takes it. */
  accept(open: OpenSession): void;
}

/** The function that makes an endpoint of a protocol. */
export interface EndpointInit extends SocketServerOptions {
  /** The function whose options these are, for messages. */
  readonly owner: string;
  readonly gate: GateOptionsInForce;
  readonly onError: (error: unknown) => void;
  /** Says how to go on with an upgrade that the gate admits; `undefined` if the path is not this protocol's. */
  readonly route: (request: IncomingMessage) => ((upgrade: Upgrade) => void) | undefined;
}

/**
 * The sockets of one protocol on any number of HTTP servers. The part that needs `ws` is loaded by the first server that is attached, so that
 * handlers that only answer HTTP, as on edge runtimes, do without it; upgrades that come meanwhile wait.
 */
export class SocketEndpoint implements BeforeClosable<Attachable> {
  readonly #gate: UpgradeGate;
  readonly #detach = new Set<(isStopping?: boolean) => void>();
  #sockets: SocketServer | undefined;
  #loading: Promise<SocketServer> | undefined;
  #closing: Promise<void> | undefined;

  private readonly init: EndpointInit;

  /** Throws a `TypeError`, which names the owner, for an option that cannot be. */
  constructor(init: EndpointInit) {
    this.init = init;
    this.#gate = new UpgradeGate(init.owner, init.gate, init.onError);
  }

  get connections(): number {
    return this.#sockets?.connections ?? 0;
  }

  attach(server: Server, options: AttachOptions = {}): () => void {
    const { caller } = readOptions(`${this.init.owner}.attach`, options, {}, ['caller']);
    this.#load().catch(this.init.onError);
    const remove = attachUpgrade(server, (request, socket, head) => this.#take(request, socket, head, caller));
    this.#detach.add(remove);
    return () => {
      this.#detach.delete(remove);
      remove();
    };
  }

  close(graceMs = 10_000): Promise<void> {
    this.#gate.stop();
    return (this.#closing ??= this.#close(graceMs));
  }

  async #close(graceMs: number): Promise<void> {
    const sockets = await this.#loading?.catch(() => undefined);
    await sockets?.close(graceMs);
    for (const detach of this.#detach) detach(true);
    this.#detach.clear();
  }

  #load(): Promise<SocketServer> {
    return (this.#loading ??= import('./server.ts').then((loaded) => (this.#sockets = new loaded.SocketServer(this.init))));
  }

  #take(request: IncomingMessage, socket: Duplex, head: Buffer, callerOf: AttachOptions['caller']): boolean {
    const go = this.init.route(request);
    if (!go) return false;
    if (!this.#gate.admits(request, socket)) return true;
    const take = (caller: unknown): void =>
      go({
        request,
        socket,
        peer: (protocol) => peerOf(request, protocol, caller),
        refuse: (status, message, headers) => refuseUpgrade(socket, status, message, headers),
        accept: (open) => this.#accept(request, socket, head, open),
      });
    if (!callerOf) {
      take(undefined);
      return true;
    }
    try {
      const caller = callerOf(request);
      if (!isPromiseLike(caller)) take(caller);
      else this.#wait(socket, caller, take);
    } catch (error) {
      this.#refuse(socket, error);
    }
    return true;
  }

  /** Waits for what the host knows of a caller. */
  #wait(socket: Duplex, caller: PromiseLike<unknown>, take: (caller: unknown) => void): void {
    // An error of the socket must have a listener while nothing else listens.
    const ignore = () => {};
    socket.on('error', ignore);
    caller.then(
      (known) => {
        socket.off('error', ignore);
        if (!socket.destroyed) take(known);
      },
      (error: unknown) => this.#refuse(socket, error),
    );
  }

  /** The host refuses a caller, or does not know what to make of it. */
  #refuse(socket: Duplex, error: unknown): void {
    if (isApiError(error)) return refuseUpgrade(socket, STATUS[error.code], error.text);
    this.init.onError(error);
    refuseUpgrade(socket, 500, 'internal error');
  }

  #accept(request: IncomingMessage, socket: Duplex, head: Buffer, open: OpenSession): void {
    if (this.#closing) return refuseUpgrade(socket, 503, 'the server is stopping', { 'retry-after': '1' });
    if (this.#sockets) return this.#sockets.accept(request, socket, head, open);
    // An error of the socket must have a listener while nothing else listens.
    const ignore = () => {};
    socket.on('error', ignore);
    this.#load().then(
      (sockets) => {
        socket.off('error', ignore);
        if (this.#closing) refuseUpgrade(socket, 503, 'the server is stopping', { 'retry-after': '1' });
        else sockets.accept(request, socket, head, open);
      },
      () => refuseUpgrade(socket, 503, 'this server cannot take sockets now'),
    );
  }
}

function peerOf({ socket }: IncomingMessage, protocol: string, caller: unknown): Peer {
  const address = socket.remoteAddress;
  return caller === undefined ? { protocol, address } : { protocol, address, caller };
}
