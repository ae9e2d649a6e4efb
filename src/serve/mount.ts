import type { Transport } from '../core/transport.ts';
import type { HttpHandler } from '../http/message/message.ts';
import type { HttpServer } from '../http/node/listen.ts';
import type { Origins } from '../http/serve/origins.ts';
import type { ServedAddresses } from '../protocols.ts';
import type { ServeOptions } from './options.ts';

/** A protocol of one service. The steps are taken in this order, each for all protocols before the next. */
export interface Mount {
  /** Answers what is its own on the HTTP port. */
  readonly handler?: HttpHandler;
  /** The reason why it does not work though it is up, for `/healthz`. */
  readonly problems?: () => readonly string[];
  /** Begins to publish events: before any protocol takes calls, which may write events. */
  readonly publish?: (http: HttpServer) => Promise<Partial<ServedAddresses>>;
  /** Begins to take calls by sockets and ports of its own. */
  readonly open?: (http: HttpServer) => Promise<Partial<ServedAddresses> | void>;
  /** Takes no more calls; those in flight finish, and what is left after `graceMs` is cut. */
  readonly stopCalls?: (graceMs: number) => Promise<void>;
  /** Ends its publishing: no call is in flight any more. */
  readonly close?: (graceMs: number) => Promise<void>;
}

/** The arguments of all mounts. */
export interface MountContext {
  readonly transport: Transport;
  readonly options: ServeOptions;
  /** Pages that may open sockets. */
  readonly sockets: { readonly origins?: Origins };
  readonly onError: { readonly onError?: (error: unknown) => void };
}
