import type { HttpClientOptions } from '../../http/client/options.ts';
import type { ProtoLock } from '../proto/lock.ts';

/** Options of `connect`. */
export interface ConnectOptions extends HttpClientOptions {
  /** The address of the services: `http://localhost:4000`, or `https://example.com/rpc`. */
  readonly url: string;
  /** The protocol: `grpc-web` for Envoy and for servers without Connect. @default 'connect' */
  readonly protocol?: 'connect' | 'grpc-web' | undefined;
  /** The form of messages: `binary` is smaller, `json` is readable. @default 'json' with Connect, 'binary' with gRPC-Web, because many servers take only that */
  readonly format?: 'binary' | 'json' | undefined;
  /** Sends queries of Connect with GET, so browsers and CDNs may cache the answers. @default false */
  readonly useGet?: boolean | undefined;
  /**
   * How often a service of this library gives a sign of life on each stream of events or items, in milliseconds: without one for twice as long the stream is taken for
   * lost, and the subscription resumes. `Infinity` for never. @default 30_000; `Infinity` from a page to another origin, whose CORS policy may refuse the
   * header `x-ping-interval-ms`
   */
  readonly pingIntervalMs?: number | undefined;
  /** The lock of the .proto file that the server was built from, if the contract has changed since its first. */
  readonly lock?: ProtoLock | undefined;
}

/** Options with their defaults filled in. */
export type ConnectInForce = ConnectOptions & { readonly maxResponseBytes: number };
