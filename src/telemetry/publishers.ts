import { isSpanContextValid, type SpanContext } from '@opentelemetry/api';

/** How many events are remembered. */
const MOST = 10_000;

/**
 * The spans that published the last events that this process served, by event and id: for wires and peers that do not say it with the event.
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

/**
 * A span as an event carries it.
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function writeSpan({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & 1}`;
}

/** The span that an event names; `undefined` for anything else. */
export function spanIn(traceparent: unknown): SpanContext | undefined {
  if (typeof traceparent !== 'string') return undefined;
  const [, traceId = '', spanId = '', flags = ''] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent) ?? [];
  const span: SpanContext = { traceId, spanId, traceFlags: Number(`0x${flags}`) & 1, isRemote: true };
  return isSpanContextValid(span) ? span : undefined;
}
