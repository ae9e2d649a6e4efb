/**
 * The client of REST APIs.
 *
 * @module multi-api-sdk/rest
 * @group Clients
 */

import { checkForeign } from '#contract-check';
import { checkCarrier } from '#http-check';
import { transports } from '#rest-transport';
import { readOptions } from '../core/options.ts';
import type { Adapter } from '../core/transport.ts';
import { defineAdapter } from '../guard/guard.ts';
import { HTTP_CLIENT_OPTIONS, HTTP_CLIENT_READERS } from '../http/client/options.ts';
import { baseUrl } from '../http/client/page-url.ts';
import { withPart } from '../life/lazy.ts';
import { laterTransport } from '../peer/later-transport.ts';
import { guardOnWire } from '../peer/on-wire.ts';
import type { RestOptions } from './client-options.ts';

export type { ClientTls, DispatcherLike, FetchHeaders, FetchInit, FetchLike, FetchResponse } from '../http/client/fetch-like.ts';
export type { ErrorResponse } from '../core/errors.ts';
export type {
  AnswerPath,
  ListStyle,
  RestAnswer,
  RestDefaults,
  RestError,
  RestEvent,
  RestForeignOptions,
  RestOperation,
  RestPages,
  RestPlace,
  RestStreamEvent,
} from './foreign/mapping.ts';
export type { ReadContext } from '../guard/mapped-sink.ts';
export type { HttpClientOptions, RequestSignature, RequestToSign, SignOption } from '../http/client/options.ts';
export type { HeadersOption } from '../peer/headers.ts';
export type { OnWire, WireRecord } from '../peer/on-wire.ts';
export type { RestOptions } from './client-options.ts';
export type { QueryOption } from './calling/query-credentials.ts';

/**
 * A client for REST APIs: paths, queries and JSON bodies by the contract's `http` bindings, problem details as errors, server-sent events.
 * Formats: docs/protocols/rest.md.
 */
export function rest(options: RestOptions): Adapter<'call' | 'subscribe' | 'stream'> {
  const read = guardOnWire(
    readOptions('rest', options, HTTP_CLIENT_READERS, [
      'url', 'sendDeadline', 'sendFields', 'query', 'redirects', 'cloudEvents', 'onError', 'operations', 'events', 'defaults', ...HTTP_CLIENT_OPTIONS,
    ]), // prettier-ignore
  );
  const base = baseUrl('rest', read.url);
  checkCarrier(read);
  return defineAdapter<'call' | 'subscribe' | 'stream'>((contract) => {
    checkForeign('rest', contract, read);
    const make = () => withPart(transports, ({ RestTransport }) => new RestTransport(contract, base, read));
    return laterTransport(contract, 'rest', make, { streamsFiles: true });
  });
}
