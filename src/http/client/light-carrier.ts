// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- a declaration of a module, which has nothing to import
/// <reference path="./undici-agent.d.ts" />
import { env, execArgv } from 'node:process';
import type { Agent, Dispatcher } from 'undici';
import type { ClientTls, FetchLike } from './fetch-like.ts';

/** The place of the dispatcher that undici's `setGlobalDispatcher` sets for all requests of a process. */
const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1');
/** The functions that Node and undici put there by themselves. */
const OWN_DISPATCHERS = new Set(['Agent', 'EnvHttpProxyAgent']);

let lastFetch: unknown;
let isPatched = false;

/** The global `fetch` if it is not Node's. A program that mocks or watches requests has replaced it and wants to see ours too. */
export function patchedFetch(): FetchLike | undefined {
  const { fetch } = globalThis as { readonly fetch?: FetchLike };
  if (fetch !== lastFetch) {
    lastFetch = fetch;
    isPatched = typeof fetch === 'function' && !Function.prototype.toString.call(fetch).includes('internal/deps/undici/undici');
  }
  return isPatched ? fetch : undefined;
}

/** The carrier of all requests that the program has set: a mock, a proxy. */
export function globalDispatcher(): Dispatcher | undefined {
  const dispatcher = (globalThis as { readonly [GLOBAL_DISPATCHER]?: Dispatcher })[GLOBAL_DISPATCHER];
  return dispatcher && !OWN_DISPATCHERS.has(dispatcher.constructor.name) ? dispatcher : undefined;
}

/** Whether the environment names a proxy, and Node was told to heed it. Source: https://nodejs.org/api/cli.html#node_use_env_proxy1 */
export function usesProxy(): boolean {
  const isAsked = env['NODE_USE_ENV_PROXY'] === '1' || [...execArgv, ...(env['NODE_OPTIONS'] ?? '').split(' ')].includes('--use-env-proxy');
  return isAsked && ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'].some((name) => Boolean(env[name]));
}

/** The dispatcher of a client that was given none. */
export async function createDispatcher(connectTimeoutMs: number, tls: ClientTls | undefined): Promise<Dispatcher> {
  // The caller's signal is the deadline, and streams of events are silent for long.
  const options = {
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs === Infinity ? 0 : connectTimeoutMs, ...tls },
  } as Agent.Options;
  if (!usesProxy()) return new (await loadAgent())(options);
  const { EnvHttpProxyAgent } = await import('undici');
  return new EnvHttpProxyAgent({ ...options, ...(tls && { requestTls: tls as object }) });
}

/** The path is not part of undici's promises, so that another version may lack it. */
async function loadAgent(): Promise<typeof Agent> {
  try {
    return (await import('undici/lib/dispatcher/agent.js')).default;
  } catch {
    return (await import('undici')).Agent;
  }
}
