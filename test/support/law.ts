import { createClient, type Contract, type Transport } from '../../src/core.ts';
import { isApiError } from '../../src/core/errors.ts';
import { graphql } from '../../src/graphql/client.ts';
import { grpc } from '../../src/grpc/client.ts';
import { connect } from '../../src/grpc/connect/client.ts';
import { mcp } from '../../src/mcp/client.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { rest } from '../../src/rest/client.ts';
import type { Served } from '../../src/serve/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { soap } from '../../src/soap/client.ts';
import { webhook } from '../../src/webhook/client.ts';
import { webhookHandler, type CloudEventsMode } from '../../src/webhook/server.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { Decimal } from './random-schema.ts';

type Method = (input?: unknown, options?: object) => Promise<unknown> & AsyncIterable<unknown>;
type Listen = (listener: (data: unknown, event: { readonly id: string }) => void, options?: object) => Promise<() => Promise<void>>;

/** A client whose members are known at run time only. */
export interface AnyClient {
  readonly name: string;
  call(operation: string, input: unknown, options?: object): Promise<unknown>;
  items(operation: string, input: unknown): AsyncIterable<unknown>;
  listen(event: string, listener: Parameters<Listen>[0], options?: object): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export function anyClient(name: string, contract: Contract, transport: unknown): AnyClient {
  const client = createClient({ contract, transport: transport as Transport, onError: () => {} });
  const members = client as unknown as Readonly<Record<string, Method>> & { readonly events: Readonly<Record<string, { listen: Listen }>> };
  const method = (operation: string) => members[operation] as Method;
  return {
    name,
    call: (operation, input, options) => method(operation)(input, options),
    items: (operation, input) => method(operation)(input),
    listen: (event, listener, options) => (members.events[event] as { listen: Listen }).listen(listener, options),
    close: () => client.close(),
  };
}

/** The adapters of the protocols that have every verb. */
export const wholeAdapters = {
  // Only REST has to know that its streams are of CloudEvents.
  rest: (at: Served, cloudEvents?: 'structured') => rest({ url: at.http, ...(cloudEvents && { cloudEvents }) }),
  graphql: (at: Served) => graphql({ url: at.http }),
  websocket: (at: Served) => webSocket({ url: at.http }),
  grpc: (at: Served) => grpc({ url: at.grpc }),
  connect: (at: Served) => connect({ url: at.http }),
  mqtt: (at: Served) => mqtt({ url: at.mqtt }),
};

/** A client of each of these protocols. */
export function wholeClients(contract: Contract, at: Served, cloudEvents?: 'structured'): AnyClient[] {
  return Object.entries(wholeAdapters).map(([name, adapter]) => anyClient(name, contract, adapter(at, cloudEvents)));
}

/** A client of each protocol that only calls. */
export function callingClients(contract: Contract, at: Served): AnyClient[] {
  return [anyClient('soap', contract, soap({ url: at.http })), anyClient('mcp', contract, mcp({ url: at.http }))];
}

/** A client that hears of events by webhooks, from a dispatcher in front of a transport. */
export async function webhookClient(
  contract: Contract,
  transport: Transport,
  cloudEvents: CloudEventsMode | undefined,
): Promise<AnyClient> {
  const onError = () => {};
  const settings = { allowPrivate: true, retryScheduleMs: [], onError, caller: () => '' };
  const handler = webhookHandler(transport, { ...settings, ...(cloudEvents && { cloudEvents }) });
  const server = await listen(handler, { onError });
  const receiver = await listen((request) => hooks.handler(request), { onError });
  const subscribe = { url: `${server.url}/webhooks/subscriptions`, callbackUrl: `${receiver.url}/webhook/callback` };
  const hooks = webhook({ subscribe, onError });
  const client = anyClient('webhook', contract, hooks);
  const close = async () => {
    await client.close();
    await handler.close();
    await Promise.all([server.close(), receiver.close()]);
  };
  return { ...client, close };
}

/** What a caller can tell of an error on every protocol. */
export function outcomeOfError(error: unknown): unknown {
  if (!isApiError(error)) return { thrown: String(error) };
  return { code: error.code, reason: error.reason, details: error.details };
}

/** A value as every protocol gives it: -0 is 0, and members that are `undefined` are absent. */
export function plain(value: unknown): unknown {
  if (value === 0) return 0;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || [Date, Uint8Array, Set, Decimal].some((each) => value instanceof each)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => [key, plain(member)]),
  );
}

/** Texts that XML cannot write, or that have no UTF-8: a protocol that cannot carry one says so. */
const HARD = /(?![\t\n\r])\p{Cc}|\p{Surrogate}|[\ufffe\uffff]/u;

export function isHard(value: unknown): boolean {
  if (typeof value === 'string') return HARD.test(value);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false;
  if (value instanceof Set) return isHard([...(value as Set<unknown>)]);
  return Object.entries(value).some(([key, member]) => HARD.test(key) || isHard(member));
}
