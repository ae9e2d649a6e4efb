/**
 * The client of GraphQL APIs.
 *
 * @module multi-api-sdk/graphql
 * @group Clients
 */

import { checkForeign } from '#contract-check';
import { transports } from '#graphql-transport';
import { checkCarrier } from '#http-check';
import type { Adapter } from '../core/transport.ts';
import { checkMappings } from '../guard/check-mappings.ts';
import { defineAdapter } from '../guard/guard.ts';
import { withPart } from '../life/lazy.ts';
import { laterTransport } from '../peer/later-transport.ts';
import { guardOnWire } from '../peer/on-wire.ts';
import { readClientOptions, type GraphqlOptions } from './client-options.ts';
import { endpointOf } from './endpoint.ts';
import type { SubscriptionForm } from './socket/settings.ts';

export type { ReadContext } from '../guard/mapped-sink.ts';
export type { CarrierResponse, GraphqlCarrier } from './carrier.ts';
export type { ForeignEvent, ForeignOperation, GraphqlOptions } from './client-options.ts';
export type { SubscriptionForm } from './socket/settings.ts';
export type { SocketEvent, WebSocketConstructor, WebSocketLike } from '../socket/client/like.ts';

const FORMS: readonly SubscriptionForm[] = ['ws', 'sse', 'multipart'];

/**
 * A client for GraphQL APIs: a contract's own schema as `graphqlHandler` serves it, or any other by `documents`.
 * Formats: docs/protocols/graphql.md.
 */
export function graphql(options: GraphqlOptions): Adapter<'call' | 'subscribe' | 'stream'> {
  const endpoint = endpointOf(options.url);
  // The types of some platforms promise what pages without TLS do not have.
  if (options.persisted && (globalThis.crypto as Partial<Crypto> | undefined)?.subtle === undefined)
    throw new TypeError("graphql: 'persisted' needs crypto.subtle, which browsers give to pages on https:// and localhost alone");
  if (!FORMS.includes(options.subscriptions ?? 'ws'))
    throw new TypeError(`graphql: 'subscriptions' is one of ${FORMS.join(', ')}, not '${String(options.subscriptions)}'`);
  checkMappings('graphql: operations', options.operations, ['document', 'result', 'input', 'output']);
  checkMappings('graphql: events', options.events, ['document', 'result', 'input', 'read']);
  const read = guardOnWire(readClientOptions(options));
  checkCarrier(read);
  if (options.carrier && (options.persisted || options.uploads || options.queryMethod === 'GET'))
    throw new TypeError("graphql: a 'carrier' sends documents in its own way: 'persisted', 'uploads' and 'queryMethod' are for 'fetch'");
  return defineAdapter<'call' | 'subscribe' | 'stream'>((contract) => {
    checkForeign('graphql', contract, read, { operations: 'document', events: 'document' });
    const make = () => withPart(transports, ({ GraphqlTransport }) => new GraphqlTransport(contract, endpoint, read));
    return laterTransport(contract, 'graphql', make, { streamsFiles: read.uploads ?? false });
  });
}
