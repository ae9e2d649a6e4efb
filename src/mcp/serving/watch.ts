import type { EventSink, Transport } from '../../core/transport.ts';
import type { RouteMatch } from '../../http/serve/router.ts';
import { isObject } from '../../peer/error-body.ts';
import { inputOf, type Resource } from '../resources.ts';
import type { Exchange } from './exchange.ts';
import type { Watcher } from './subscriptions.ts';

/** Subscribes to the events that tell of a resource, for a caller. Resolves when all subscriptions stand. */
export async function watchResource(
  transport: Transport,
  { value: { events, ...resource }, params }: RouteMatch<Resource>,
  { headers, peer }: Pick<Exchange, 'headers' | 'peer'>,
  { signal, changed, ended }: Watcher,
): Promise<void> {
  const fixed = Object.entries(inputOf({ events, ...resource }, params) ?? {});
  const sink: EventSink = {
    next({ data }) {
      if (isObject(data) && fixed.every(([name, value]) => data[name] === value)) changed();
    },
    // It may have changed unseen.
    gap: changed,
    end: ended,
  };
  const subscribed = events.map((event) => {
    const known = event.params.filter((name) => Object.hasOwn(params, name)).map((name) => [name, params[name]] as const);
    return transport.subscribe({ event, params: Object.fromEntries(known), headers, peer, signal }, sink);
  });
  await Promise.all(subscribed);
}
