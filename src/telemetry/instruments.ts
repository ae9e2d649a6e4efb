import {
  createNoopMeter,
  metrics,
  type Attributes,
  type Histogram,
  type MeterProvider,
  type UpDownCounter,
  type Counter,
} from '@opentelemetry/api';
import { LIBRARY } from './library.ts';

/** The metrics of one side. */
export interface Instruments {
  /** Absent if nobody measures: a provider that comes later would not get what was made before it. */
  readonly duration: Histogram | undefined;
  readonly open: UpDownCounter;
  readonly events: Counter;
}

/** Seconds. Source: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/ */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Makes the metrics of a client or of a server. */
export function makeInstruments(side: 'client' | 'server', provider: MeterProvider | undefined): Instruments {
  const meter = (provider ?? metrics).getMeter(LIBRARY);
  const duration = meter.createHistogram(`api.${side}.call.duration`, {
    unit: 's',
    description: 'How long calls take.',
    advice: { explicitBucketBoundaries: BUCKETS },
  });
  return {
    duration: duration === createNoopMeter().createHistogram('') ? undefined : duration,
    open: meter.createUpDownCounter(`api.${side}.subscriptions`, {
      unit: '{subscription}',
      description: 'Subscriptions and streams that are open.',
    }),
    events: meter.createCounter(`api.${side}.events`, { unit: '{event}', description: 'Events and items of streams that were delivered.' }),
  };
}

/** The attributes of a metric: fewer than those of a span, because each combination is a series. */
export function metricAttributes(attributes: Attributes, errorType: string | undefined): Attributes {
  const { 'api.operation': operation, 'api.event': event, 'api.protocol': protocol } = attributes;
  return {
    ...(operation !== undefined && { 'api.operation': operation }),
    ...(event !== undefined && { 'api.event': event }),
    'api.protocol': protocol,
    ...(errorType !== undefined && { 'error.type': errorType }),
  };
}
