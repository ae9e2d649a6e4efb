import type { Transport } from '../core/transport.ts';

/** Gives the span that publishes an event now, as the header `traceparent`. */
type GivePublisher = () => string | undefined;

/** By service. */
const publishers = new WeakMap<Transport, GivePublisher>();
/** The transports inside each composition. */
const parts = new WeakMap<Transport, readonly Transport[]>();

/** Remembers what a composition is around, so that the service in it is found. */
export function composedOf<T extends Transport>(composition: T, inside: readonly Transport[]): T {
  parts.set(composition, inside);
  return composition;
}

/** From now on each event that this service publishes says which span published it; of a composition, each service in it. */
export function tracePublishers(service: Transport, publisher: GivePublisher): void {
  publishers.set(service, publisher);
  for (const part of parts.get(service) ?? []) tracePublishers(part, publisher);
}

/** The span that publishes an event of a service now; `undefined` without tracing. */
export function publishingSpan(service: Transport): string | undefined {
  return publishers.get(service)?.();
}
