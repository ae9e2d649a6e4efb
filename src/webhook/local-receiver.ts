import { listen } from '../http/node/listen.ts';
import type { Adapter } from '../core/transport.ts';
import type { OnWire } from '../peer/on-wire.ts';
import { webhook } from './client.ts';
import { SUBSCRIPTIONS_PATH } from './wire.ts';

/** Starts a receiver on a free port of this machine, whose listeners subscribe it; closing the transport stops it. */
export async function connectWebhook({ url, onWire }: { readonly url: string; readonly onWire?: OnWire }): Promise<Adapter<'subscribe'>> {
  const base = url.replace(/\/$/, '');
  if (!URL.canParse(base)) throw new TypeError(`--url '${url}' is not a URL`);
  const server = await listen((request) => hooks.handler(request));
  const hooks = webhook({
    subscribe: { url: `${base}${SUBSCRIPTIONS_PATH}`, callbackUrl: `${server.url}/webhook/callback` },
    ...(onWire && { onWire }),
  });
  return (contract) => {
    const inner = hooks(contract);
    return {
      contract,
      name: inner.name,
      call: (request) => inner.call(request),
      subscribe: (request, sink) => inner.subscribe(request, sink),
      async close() {
        await inner.close();
        await server.close(0);
      },
    };
  };
}
