import type { SpanContext } from '@opentelemetry/api';

/** How many events are remembered. */
const MOST = 10_000;

/**
 * The spans that published the last events of this process, by event and id, for links of the spans that process them. Between processes an event
 * carries no context: there its id is on both spans.
 */
const publishers = new Map<string, SpanContext>();

/** Remembers the span in which an event was published. */
export function rememberPublisher(event: string, id: string, span: SpanContext): void {
  const key = `${event} ${id}`;
  if (publishers.has(key)) return;
  publishers.set(key, span);
  if (publishers.size <= MOST) return;
  for (const oldest of publishers.keys()) {
    publishers.delete(oldest);
    break;
  }
}

/** The span in which an event was published, if this process knows it. */
export function publisherOf(event: string, id: string): SpanContext | undefined {
  return publishers.get(`${event} ${id}`);
}
