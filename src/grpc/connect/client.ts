/**
 * The client of Connect and gRPC-Web services: gRPC's services by `fetch`, in browsers and anywhere else.
 *
 * @module multi-api-sdk/grpc/connect
 * @group Clients
 */

import { binary, transports } from '#connect-parts';
import { checkCarrier } from '#http-check';
import { ms, readOptions } from '../../core/options.ts';
import type { Adapter, Transport } from '../../core/transport.ts';
import { defineAdapter } from '../../guard/guard.ts';
import { HTTP_CLIENT_OPTIONS, HTTP_CLIENT_READERS } from '../../http/client/options.ts';
import { baseUrl } from '../../http/client/page-url.ts';
import { withPart } from '../../life/lazy.ts';
import { laterTransport } from '../../peer/later-transport.ts';
import { guardOnWire } from '../../peer/on-wire.ts';
import type { ConnectOptions } from './client-options.ts';

export type { ConnectOptions } from './client-options.ts';
export type { ClientTls, DispatcherLike, FetchHeaders, FetchInit, FetchLike, FetchResponse } from '../../http/client/fetch-like.ts';
export type { HttpClientOptions, RequestSignature, RequestToSign, SignOption } from '../../http/client/options.ts';
export type { HeadersOption } from '../../peer/headers.ts';
export type { OnWire, WireRecord } from '../../peer/on-wire.ts';
export type { LockedField, LockedType, ProtoLock } from '../proto/lock.ts';

/**
 * A client of the services of a contract by Connect or gRPC-Web, which need only `fetch`. Errors have their details, and events are streams.
 * Formats: docs/protocols/connect.md.
 * @throws TypeError if an option is unknown or wrong.
 */
export function connect(options: ConnectOptions): Adapter<'call' | 'subscribe' | 'stream'> {
  const read = readOptions('connect', options, { ...HTTP_CLIENT_READERS, pingIntervalMs: ms() }, [
    'url',
    'protocol',
    'format',
    'useGet',
    'lock',
    ...HTTP_CLIENT_OPTIONS,
  ]);
  const { protocol, format = protocol === 'grpc-web' ? 'binary' : 'json' } = read;
  const base = baseUrl('connect', read.url);
  const guarded = guardOnWire(read);
  checkCarrier(read);
  return defineAdapter<'call' | 'subscribe' | 'stream'>((contract) =>
    laterTransport(contract, 'connect', () =>
      withPart(transports, ({ ConnectTransport }) =>
        format === 'json'
          ? new ConnectTransport(contract, base, guarded)
          : withPart(binary, ({ PROTO_FORM }): Transport => new ConnectTransport(contract, base, guarded, PROTO_FORM)),
      ),
    ),
  );
}
