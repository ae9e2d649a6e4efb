/** Gives the span that publishes an event now, as the header `traceparent`. */
type GivePublisher = () => string | undefined;

let give: GivePublisher | undefined;

/** From now on each event that a service publishes says which span published it. */
export function tracePublishers(publisher: GivePublisher): void {
  give = publisher;
}

/** The span that publishes an event now; `undefined` without tracing. */
export function publishingSpan(): string | undefined {
  return give?.();
}
