import type { Server } from 'node:http';
import { checkTransport } from '../core/check-transport.ts';
import { nearest } from '../core/nearest.ts';
import { count, ms, readOptions } from '../core/options.ts';
import type { Transport } from '../core/transport.ts';
import { listen } from '../http/node/listen.ts';
import { composeHandlers } from '../http/serve/compose.ts';
import { checkingHosts, hostCheck, WRONG_HOST, type HostCheck } from '../http/serve/hosts.ts';
import type { Origins } from '../http/serve/origins.ts';
import { delay } from '../life/lifetime.ts';
import { reporter } from '../life/report.ts';
import { attachUpgrade, refuseUpgrade } from '../socket/upgrade.ts';
import { PROTOCOL_NAMES, type ServedAddresses } from '../protocols.ts';
import { healthHandler, refuseSockets, startGate, type Phase } from './health.ts';
import type { MountContext } from './mount.ts';
import { MOUNTS } from './mounts.ts';
import type { ServeOptions } from './options.ts';
import { isLoopback, isPlaygroundDefault } from './playground/default.ts';
import { playgroundHandler, type PlaygroundOptions, type PlaygroundTarget } from './playground/handler.ts';
import { explainPorts } from './ports.ts';
import { warnOfOwnStores } from './several.ts';
import { closable, type Closable } from '../life/closable.ts';

/** A service that is being served. */
export interface Served extends ServedAddresses, Closable {
  /** The page that calls operations: `http://127.0.0.1:4000/`; absent if it is off. */
  readonly playground?: string;
  /**
   * Ends everything in order: `/healthz` answers 503, calls are served for `drainMs` more, calls in flight finish, events that they wrote are
   * published, then all ports close. The service stays open, because it was given. Idempotent.
   */
  close(): Promise<void>;
}

/**
 * Serves a service, or any transport, over every protocol. The protocols over HTTP share one port, with `GET /healthz`.
 * Publishers of events start before the first call is taken, and end after the last one was answered.
 * @throws TypeError if an option is unknown or wrong.
 * @throws Error that says what to do if a port cannot be opened, and names all that are in use. Nothing listens then.
 */
export async function serve(transport: Transport, options: ServeOptions = {}): Promise<Served> {
  checkTransport('serve', transport);
  try {
    return await start(transport, options);
  } catch (error) {
    throw await explainPorts(error, options);
  }
}

async function start(transport: Transport, options: ServeOptions): Promise<Served> {
  const {
    host = '127.0.0.1',
    port,
    graceMs,
    drainMs,
    cors,
    onError,
    tls,
    publicUrl,
    hosts,
    caller,
  } = readOptions('serve', options, READERS, OTHERS);
  const reported = reporter(onError);
  checkProtocols(options.protocols);
  const context: MountContext = { transport, options, sockets: socketOrigins(options), onError: onError ? { onError } : {} };
  const names = PROTOCOL_NAMES.filter((name) => options.protocols?.includes(name) ?? true);
  warnOfOwnStores(transport, names.includes('webhook') && options.webhook?.store === undefined);
  const mounts = names.map((name) => MOUNTS[name](context));
  let phase: Phase = 'starting';
  const addresses: { http: string } & Partial<ServedAddresses> = { http: '' };
  const served = () => (phase === 'starting' ? undefined : (addresses as ServedAddresses));
  const playground = playgroundOf(options, host);
  const target = (own: PlaygroundOptions): PlaygroundTarget => ({
    ...own,
    contract: transport.contract,
    // A receiver of webhooks on this machine is at a private address.
    protocols: names.filter((name) => name !== 'webhook' || options.allowPrivateWebhooks === true),
    addresses: served,
    onError: reported,
  });
  const handlers = [
    ...(options.handlers ?? []),
    ...mounts.flatMap(({ handler }) => handler ?? []),
    // The last one: a contract may have a route of its own at `/`.
    ...(playground ? [playgroundHandler(target(playground))] : []),
  ];
  const health = healthHandler(
    () => phase,
    () => mounts.flatMap(({ problems }) => problems?.() ?? []),
  );
  const handler = composeHandlers(
    health,
    startGate(() => phase, composeHandlers(...handlers)),
  );
  const check = isLoopback(host) ? hostCheck({ hosts, publicUrl }, reported) : undefined;
  const http = await listen(check ? checkingHosts(check, handler) : handler, {
    ...options.http,
    host,
    port,
    cors,
    onError,
    tls,
    publicUrl,
    caller,
  });
  if (check) refuseHosts(http.server, check);
  addresses.http = http.url;
  const openSockets = refuseSockets(http.server);

  const stopCalls = async (graceMs: number) => settleAll([http.close(graceMs), ...mounts.map(async (mount) => mount.stopCalls?.(graceMs))]);
  const closeMounts = async (graceMs: number) => settleAll(mounts.map(async (mount) => mount.close?.(graceMs)));
  try {
    // One after the other: if one fails, all that have begun are known.
    for (const { publish } of mounts) Object.assign(addresses, await publish?.(http));
    for (const { open } of mounts) Object.assign(addresses, await open?.(http));
    phase = 'up';
    openSockets();
  } catch (error) {
    await stopCalls(0)
      .finally(() => closeMounts(0))
      .catch(reported);
    throw error;
  }

  const close = async () => {
    if (drainMs > 0) {
      phase = 'draining';
      await delay(drainMs, new AbortController().signal);
    }
    phase = 'stopping';
    await stopCalls(graceMs).finally(() => closeMounts(graceMs));
  };
  let closing: Promise<void> | undefined;
  return closable({
    ...(addresses as ServedAddresses),
    ...(playground && { playground: `${http.url}/` }),
    close: () => (closing ??= close()),
  });
}

const PORT = { zero: true, infinity: false, most: 65_535 } as const;
const READERS = {
  port: count(4000, PORT),
  grpcPort: count(undefined, PORT),
  mqttPort: count(undefined, PORT),
  graceMs: ms(10_000, { zero: true }),
  drainMs: ms(0, { zero: true, infinity: false }),
};
const OTHERS = [
  'allowPrivateWebhooks', 'caller', 'connect', 'cors', 'graphql', 'grpc', 'handlers', 'host', 'hosts', 'http', 'mcp', 'mqtt', 'mqttBroker', 'mqttEventHeaders', 'mqttHost',
  'mqttPath', 'mqttPublishers', 'mqttUrl', 'onError', 'origins', 'playground', 'protocols', 'publicUrl', 'rest', 'soap', 'tls', 'webhook', 'websocket',
] as const; // prettier-ignore

/** The playground's options; `undefined` without it. */
function playgroundOf({ playground }: ServeOptions, host: string): PlaygroundOptions | undefined {
  const isWanted = playground ?? isPlaygroundDefault(host);
  if (isWanted === false) return undefined;
  return isWanted === true ? {} : isWanted;
}

/** Sockets are asked for their host too, before any protocol takes them. */
function refuseHosts(server: Server, check: HostCheck): void {
  attachUpgrade(server, (request, socket) => {
    if (check(request.headers.host)) return false;
    refuseUpgrade(socket, 421, WRONG_HOST);
    return true;
  });
}

/** Waits for all, then rejects with the first failure: one that fails must not leave the others open. */
async function settleAll(endings: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(endings)).find((each) => each.status === 'rejected');
  if (failed) throw failed.reason;
}

function socketOrigins({ cors, origins }: ServeOptions): { readonly origins?: Origins } {
  if (origins !== undefined) return { origins };
  const listed = typeof cors === 'object' ? cors.origins : undefined;
  return listed === undefined || listed === '*' ? {} : { origins: listed };
}

function checkProtocols(protocols: readonly string[] | undefined): void {
  const names: readonly string[] = PROTOCOL_NAMES;
  const unknown = protocols?.find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const near = nearest(unknown, names);
  throw new TypeError(
    `serve: there is no protocol '${unknown}'${near === undefined ? '' : `, do you mean '${near}'?`}: ${names.join(', ')}`,
  );
}
