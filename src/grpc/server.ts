/**
 * Serves a transport as gRPC services.
 *
 * @module multi-api-sdk/grpc/server
 * @group Servers
 */

import { Server, ServerCredentials } from '@grpc/grpc-js';
import { after } from '../life/timers.ts';
import { reporter } from '../life/report.ts';
import { checkTransport } from '../core/check-transport.ts';
import { bytes, count, ms, readOptions } from '../core/options.ts';
import type { Transport } from '../core/transport.ts';
import { noneIfEndless } from './endless.ts';
import { HANDLER_OPTIONS, HANDLER_READERS, makeHandler, type GrpcHandlerOptions } from './handler.ts';
import { failure } from './failure.ts';
import { pipelined, refuseLarge } from './interceptors.ts';
import { protoOf } from './proto/described.ts';
import { addStandardServices } from './standard/services.ts';
import { closable, type Closable } from '../life/closable.ts';

export { grpcHandler } from './handler.ts';
export type { GrpcHandler, GrpcHandlerOptions } from './handler.ts';
export { lockProto, printProto } from './schema.ts';
export type { LockedField, LockedType, ProtoLock } from './proto/lock.ts';

/** How a server shows who it is; PEM texts. The names are those of `listen`. */
export interface GrpcServerTlsOptions {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Authorities of callers' certificates. @default Node's list */
  readonly ca?: string | Buffer | undefined;
  /** Whether callers must show a certificate that one of `ca` has signed (mTLS). @default false */
  readonly requestCert?: boolean | undefined;
}

/** Options of `serveGrpc`. */
export interface ServeGrpcOptions extends GrpcHandlerOptions {
  /** `0.0.0.0` or `::` to be reached from other machines. @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** 0 picks a free one. @default 0 */
  readonly port?: number | undefined;
  /** @default none: plain text */
  readonly tls?: GrpcServerTlsOptions | undefined;
  /** Larger messages get INVALID_ARGUMENT. @default 1_048_576 (1 MiB) */
  readonly maxMessageBytes?: number | undefined;
  /** Calls and streams on one connection at a time; more wait. @default 1_000 */
  readonly maxConcurrentStreams?: number | undefined;
  /** How often a connection is checked, in milliseconds; a caller that does not answer within 20 s is gone. @default 60_000 */
  readonly keepAliveMs?: number | undefined;
  /** How long calls in flight may take when the server closes, in milliseconds; `Infinity` waits for all. @default 10_000 */
  readonly graceMs?: number | undefined;
  /** Serves `grpc.health.v1.Health`. @default true */
  readonly health?: boolean | undefined;
  /** Serves `grpc.reflection.v1` and `v1alpha`. @default true */
  readonly reflection?: boolean | undefined;
}

/** A gRPC server that listens. */
export interface GrpcServer extends Closable {
  /** `127.0.0.1:50051`. */
  readonly address: string;
  readonly port: number;
  /** grpc-js's own. */
  readonly server: Server;
  /**
   * Stops: no new calls; event streams are ended with UNAVAILABLE, calls in flight finish, and what still runs after `graceMs` is cut.
   * Idempotent. @default the option `graceMs`
   */
  close(graceMs?: number): Promise<void>;
}

const SERVER_READERS = {
  ...HANDLER_READERS,
  port: count(0, { zero: true, infinity: false, most: 65_535 }),
  maxMessageBytes: bytes(1_048_576),
  maxConcurrentStreams: count(1000),
  keepAliveMs: ms(60_000),
  graceMs: ms(10_000, { zero: true }),
};

/** Serves a transport as gRPC services on a port of its own. Rejects with an error that says what to do if the port cannot be opened. */
export async function serveGrpc(transport: Transport, options: ServeGrpcOptions = {}): Promise<GrpcServer> {
  checkTransport('serveGrpc', transport);
  const inForce = readOptions('serveGrpc', options, SERVER_READERS, [...HANDLER_OPTIONS, 'host', 'tls', 'health', 'reflection']);
  const { host = '127.0.0.1', port, tls, maxMessageBytes, maxConcurrentStreams, keepAliveMs, health = true, reflection = true } = inForce;
  const handler = makeHandler(transport, inForce);
  const file = protoOf(transport.contract, options.lock);
  const streams = [...file.events.values(), ...file.channels.values()].map(({ path }) => path);
  const onError = reporter(options.onError);
  const server = new Server({
    interceptors: [pipelined(new Set(streams)), refuseLarge(maxMessageBytes, (error) => failure(error, undefined, file.package, onError))],
    'grpc.max_receive_message_length': noneIfEndless(maxMessageBytes),
    'grpc.max_send_message_length': -1,
    ...(maxConcurrentStreams !== Infinity && { 'grpc.max_concurrent_streams': maxConcurrentStreams }),
    'grpc.keepalive_time_ms': noneIfEndless(keepAliveMs),
    'grpc.keepalive_timeout_ms': 20_000,
    // Nobody can ask for its figures.
    'grpc.enable_channelz': 0,
  });
  handler.addTo(server);
  const standard = addStandardServices(server, file, { health, reflection });
  const bound = await bind(server, host, port, tls);
  let closing: Promise<void> | undefined;
  return closable({
    address: `${withBrackets(host)}:${bound}`,
    port: bound,
    server,
    close(graceMs = inForce.graceMs) {
      if (!closing) {
        closing = stop(server, graceMs);
        handler.stop();
        standard.stop();
      }
      return closing;
    },
  });
}

function bind(server: Server, host: string, port: number, tls: GrpcServerTlsOptions | undefined): Promise<number> {
  const credentials = tls ? secure(tls) : ServerCredentials.createInsecure();
  return new Promise((resolve, reject) => {
    server.bindAsync(`${withBrackets(host)}:${port}`, credentials, (error, bound) => {
      if (!error) return resolve(bound);
      server.forceShutdown();
      reject(explain(error, host, port));
    });
  });
}

function secure(tls: GrpcServerTlsOptions): ServerCredentials {
  const { cert, key, ca, requestCert = false } = readOptions('serveGrpc: tls', tls, {}, ['cert', 'key', 'ca', 'requestCert']);
  // Node takes these two together only: without the second the first would let everybody in.
  if (ca !== undefined && !requestCert) throw new TypeError('serveGrpc: tls.ca is for certificates of callers: set tls.requestCert too');
  return ServerCredentials.createSsl(
    ca === undefined ? null : buffer(ca),
    [{ private_key: buffer(key), cert_chain: buffer(cert) }],
    requestCert,
  );
}

function explain(error: Error, host: string, port: number): Error {
  const advice: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} on ${host} is in use: stop what uses it, or choose another port (0 picks a free one)`,
    EACCES: `port ${port} on ${host} may not be used: ports under 1024 need privileges, choose a higher one`,
    EADDRNOTAVAIL: `${host} is not an address of this machine: use 127.0.0.1, or 0.0.0.0 for all of its addresses`,
  };
  const code = /\b(E[A-Z]{4,})\b/.exec(error.message)?.[1] ?? '';
  const text = advice[code];
  return text === undefined ? error : Object.assign(new Error(text, { cause: error }), { code });
}

/** Clients are told to go; their connections close once their calls are over. */
function stop(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const stop = after(graceMs, () => server.forceShutdown());
    server.tryShutdown(() => {
      stop();
      resolve();
    });
  });
}

function withBrackets(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function buffer(text: string | Buffer): Buffer {
  return Buffer.from(text as string);
}
