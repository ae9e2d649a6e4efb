import cluster from 'node:cluster';
import process from 'node:process';
import type { Transport } from '../core/transport.ts';
import { ownStoresOf } from '../stores/own-stores.ts';

const WHAT = {
  hub: 'subscribers hear only what this process publishes',
  idempotencyStore: 'a call with an idempotency key runs once in each process',
  'webhook.store': 'webhooks that are asked for here are sent by this process only, and forgotten when it ends',
} as const;

let isWarned = false;

/** Warns once of stores in memory if this process looks like one of several, which need stores that they share. */
export function warnOfOwnStores(transport: Transport, hasOwnWebhooks: boolean): void {
  const where = isWarned ? undefined : severalProcesses(process.env, cluster.isWorker);
  const own: (keyof typeof WHAT)[] = [...ownStoresOf(transport), ...(hasOwnWebhooks ? (['webhook.store'] as const) : [])];
  if (where === undefined || own.length === 0) return;
  isWarned = true;
  process.emitWarning(
    `serve: ${where}, and these options have their defaults, which keep everything in the memory of one process: ` +
      `${own.map((name) => `${name} (${WHAT[name]})`).join(', ')}. Share the stores of redisStores() or postgresStores(), or start with ` +
      '--redis <url> or --postgres <url>. If there is only one process, give memoryHub(), memoryIdempotencyStore() and memoryWebhookStore(): then this is not said',
    { code: 'MULTI_API_SDK_OWN_STORES' },
  );
}

/** How this process comes to be one of several, as far as its environment says so. */
export function severalProcesses(env: Readonly<Record<string, string | undefined>>, isWorker: boolean): string | undefined {
  const { NODE_APP_INSTANCE: instance, KUBERNETES_SERVICE_HOST: kubernetes } = env;
  if (isWorker) return 'this process is a worker of node:cluster';
  if (instance !== undefined && instance !== '0') return `this process is instance ${instance} under PM2`;
  if (kubernetes !== undefined) return 'this process runs in Kubernetes, which may run several';
  return undefined;
}
