import {
  context,
  createContextKey,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type MeterProvider,
  type Span,
  type SpanContext,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import { watch, type Watcher } from '../compose/watch.ts';
import { anyWithHeaders, compose, type Composed, type Source } from '../compose/wrap.ts';
import type { Operation } from '../core/contract.ts';
import { readOptions } from '../core/options.ts';
import type { CallRequest, EventRequest, EventSink, Headers, StreamRequest, SubscribeRequest, Transport } from '../core/transport.ts';
import { passing } from '../events/open-sink.ts';
import { tracePublishers } from '../events/publishing-span.ts';
import { changed } from '../life/call.ts';
import { now } from '../life/now.ts';
import { describeCall, describeEvent, outcomeOf, statusOf, type Convention, type Outcome } from './attributes.ts';
import { makeInstruments, metricAttributes, type Instruments } from './instruments.ts';
import { LIBRARY } from './library.ts';
import { publisherOf, rememberPublisher, spanIn, writeSpan } from './publishers.ts';
import { isPromiseLike } from '../life/maybe.ts';

/** Options of `telemetry`. */
export interface TelemetryOptions {
  /** Semantic conventions that are not stable yet and are wanted all the same: their names are added. @default none; those of HTTP are stable */
  readonly conventions?: readonly Convention[] | undefined;
  /** Whether each event has a span of its own at its subscriber, linked to its publisher. @default true */
  readonly eventSpans?: boolean | undefined;
  /** @default the global one */
  readonly tracerProvider?: TracerProvider | undefined;
  /** @default the global one */
  readonly meterProvider?: MeterProvider | undefined;
}

/** Protocols whose requests instrumentations of HTTP and gRPC see, one span each. */
const REQUESTS: ReadonlySet<string> = new Set(['rest', 'graphql', 'soap', 'connect', 'mcp', 'webhook', 'grpc']);
/** Set while a service serves a subscription, and in all that begins there, such as a loop that reads a hub: its span publishes nothing. */
const SUBSCRIBING = createContextKey('multi-api-sdk subscribing');
/** Spans of requests that say what was called. */
const DESCRIBED = new WeakSet<Span>();
/** As in `@opentelemetry/core`, which is not needed for anything else. */
const SUPPRESSED = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/**
 * Spans and metrics of OpenTelemetry around an adapter, `telemetry(rest({ url }))`, and around a service, `restHandler(telemetry(service))`. The context
 * travels in the headers of calls on every protocol, so client and service are one trace. If an instrumentation of HTTP or gRPC has made the
 * span of a request, a service describes that one instead of making another, and a client's requests get no second one.
 */
export function telemetry<S extends Source>(source: S, options: TelemetryOptions = {}): Composed<S> {
  const read = readOptions('telemetry', options, {}, ['conventions', 'eventSpans', 'tracerProvider', 'meterProvider']);
  const isServer = typeof source !== 'function';
  return compose(source, (inner) => {
    if (isServer) tracePublishers(inner, publishing);
    return new Observed(inner, isServer, read).changes();
  });
}

/** The common state of spans and metrics of one operation. */
class Described {
  readonly name: string;
  readonly attributes: Attributes;
  readonly #metric = new Map<string | undefined, Attributes>();

  constructor(name: string, attributes: Attributes) {
    this.name = name;
    this.attributes = attributes;
  }

  /** The attributes of its metrics. */
  metric(errorType: string | undefined): Attributes {
    let attributes = this.#metric.get(errorType);
    if (!attributes) this.#metric.set(errorType, (attributes = metricAttributes(this.attributes, errorType)));
    return attributes;
  }
}

/** The span that is active, unless that is of a subscription, which publishes nothing. */
function activeSpan(): SpanContext | undefined {
  const current = context.active();
  const span = current.getValue(SUBSCRIBING) === true ? undefined : trace.getSpanContext(current);
  return span && isSpanContextValid(span) ? span : undefined;
}

function publishing(): string | undefined {
  const span = activeSpan();
  return span && writeSpan(span);
}

class Observed {
  readonly #tracer: Tracer;
  readonly #instruments: Instruments;
  readonly #conventions: readonly Convention[];
  readonly #described = new Map<string, Map<Operation, Described>>();

  private readonly inner: Transport;
  private readonly isServer: boolean;
  private readonly options: TelemetryOptions;

  constructor(inner: Transport, isServer: boolean, options: TelemetryOptions) {
    this.inner = inner;
    this.isServer = isServer;
    this.options = options;
    this.#conventions = options.conventions ?? [];
    this.#tracer = (options.tracerProvider ?? trace).getTracer(LIBRARY);
    this.#instruments = makeInstruments(isServer ? 'server' : 'client', options.meterProvider);
  }

  changes(): Pick<Transport, 'call' | 'subscribe'> {
    return {
      call: (request) => this.#call(request),
      subscribe: (request, sink) => (request.operation ? this.#stream(request, sink) : this.#subscribe(request, sink)),
    };
  }

  #call(request: CallRequest): Promise<unknown> {
    const protocol = this.#protocolOf(request);
    const described = this.#describe(request, protocol);
    const { duration } = this.#instruments;
    const began = duration ? now() : 0;
    const { span, within, isOwn } = this.#begin(request, described.name, described.attributes, protocol);
    let status: number | undefined;
    const heard =
      protocol === 'rest'
        ? changed(request, {
            onResponse(head) {
              status = head.status;
              request.onResponse?.(head);
            },
          })
        : request;
    const done = (error?: unknown): void => {
      const outcome = outcomeOf(error, this.isServer);
      const { errorType } = outcome;
      duration?.record((now() - began) / 1000, described.metric(errorType));
      if (isOwn && protocol === 'rest') span.setAttributes(statusOf(this.isServer ? errorType : undefined, status));
      finish(span, isOwn, outcome);
    };
    return context
      .with(within, () => this.inner.call(this.#carried(heard, within)))
      .then(
        (output) => {
          done();
          return output;
        },
        (error: unknown) => {
          done(error ?? 'unknown');
          throw error;
        },
      );
  }

  /** One span from the start to the end. */
  async #stream(request: StreamRequest, sink: EventSink): Promise<void> {
    const protocol = this.#protocolOf(request);
    const described = this.#describe(request, protocol);
    const { span, within, isOwn } = this.#begin(request, described.name, described.attributes, protocol);
    const plain = described.metric(undefined);
    this.#instruments.open.add(1, plain);
    const heard: StreamRequest =
      protocol === 'rest'
        ? {
            ...request,
            onResponse: (head) => {
              if (isOwn && !this.isServer) span.setAttributes(statusOf(undefined, head.status));
              request.onResponse?.(head);
            },
          }
        : request;
    const watcher: Watcher = {
      onNext: () => this.#instruments.events.add(1, plain),
      onOver: (count, error) => {
        this.#instruments.open.add(-1, plain);
        span.setAttribute('api.items', count);
        finish(span, isOwn, outcomeOf(error, this.isServer));
      },
    };
    await watch(request, sink, watcher, (watched) =>
      context.with(within, () => this.inner.subscribe(this.#carried(heard, within), watched)),
    );
  }

  /** A span until it is acknowledged, because it may last for days, and one for each event. */
  async #subscribe(request: EventRequest, sink: EventSink): Promise<void> {
    const protocol = this.#protocolOf(request);
    const { name, attributes } = describeEvent(request, 'subscribe', protocol, this.#conventions);
    const { span, within, isOwn } = this.#begin(request, name, attributes, protocol);
    const plain = metricAttributes(attributes, undefined);
    this.#instruments.open.add(1, plain);
    const watcher: Watcher = {
      onNext: () => this.#instruments.events.add(1, plain),
      onOver: () => this.#instruments.open.add(-1, plain),
    };
    const told = this.isServer ? this.#publishing(request, sink) : this.#processing(request, sink, protocol, within);
    const opening = this.isServer ? within.setValue(SUBSCRIBING, true) : within;
    try {
      await watch(request, told, watcher, (watched) =>
        context.with(opening, () => this.inner.subscribe(this.#carried(request, within), watched)),
      );
      finish(span, isOwn, outcomeOf(undefined, this.isServer));
    } catch (error) {
      finish(span, isOwn, outcomeOf(error ?? 'unknown', this.isServer));
      throw error;
    }
  }

  /** Remembers the publishers of events: the span that is active while an event is delivered, unless that is a subscription. */
  #publishing({ event }: EventRequest, sink: EventSink): EventSink {
    return {
      ...passing(sink),
      next: (message) => {
        // A hub that is not ours may leave it out.
        const publisher = spanIn(message.traceparent) ?? activeSpan();
        if (publisher) rememberPublisher(event.name, message.id, publisher);
        return sink.next(message);
      },
    };
  }

  /** Gives what it is told to the caller, whose own requests are traced. */
  #processing(request: EventRequest, sink: EventSink, protocol: string, within: Context): EventSink {
    const outer = within.deleteValue(SUPPRESSED);
    return {
      ...passing(sink),
      next: (message) => this.#process(request, message, sink, protocol, outer),
      gap: () => context.with(outer, () => sink.gap()),
      end: (error) => context.with(outer, () => sink.end(error)),
    };
  }

  #process(
    request: EventRequest,
    message: Parameters<EventSink['next']>[0],
    sink: EventSink,
    protocol: string,
    outer: Context,
  ): void | Promise<void> {
    if (this.options.eventSpans === false) return context.with(outer, () => sink.next(message));
    const { name, attributes } = describeEvent(request, 'process', protocol, this.#conventions);
    const publisher = spanIn(message.traceparent) ?? publisherOf(request.event.name, message.id);
    const span = this.#tracer.startSpan(
      name,
      {
        kind: SpanKind.CONSUMER,
        attributes: { ...attributes, 'messaging.message.id': message.id },
        links: publisher ? [{ context: publisher }] : [],
      },
      outer,
    );
    const fail = (error: unknown): never => {
      finish(span, true, outcomeOf(error ?? 'unknown', false));
      throw error;
    };
    try {
      const taken = context.with(trace.setSpan(outer, span), () => sink.next(message));
      if (!isPromiseLike(taken)) {
        span.end();
        return taken;
      }
      const done = taken.then(() => span.end(), fail);
      // Only a transport that acknowledges looks at it.
      done.catch(() => {});
      return done;
    } catch (error) {
      return fail(error);
    }
  }

  /** The values that are the same for each call of an operation. */
  #describe(request: CallRequest | StreamRequest, protocol: string): Described {
    let ofProtocol = this.#described.get(protocol);
    if (!ofProtocol) this.#described.set(protocol, (ofProtocol = new Map<Operation, Described>()));
    let described = ofProtocol.get(request.operation);
    if (!described) {
      const { name, attributes } = describeCall(request, protocol, this.isServer, this.#conventions);
      ofProtocol.set(request.operation, (described = new Described(name, attributes)));
    }
    return described;
  }

  #protocolOf({ peer }: CallRequest | SubscribeRequest): string {
    return (this.isServer ? peer?.protocol : undefined) ?? this.inner.name;
  }

  /** Begins a span, or takes the one that an instrumentation made of the request. */
  #begin(
    request: CallRequest | SubscribeRequest,
    name: string,
    attributes: Attributes,
    protocol: string,
  ): { readonly span: Span; readonly within: Context; readonly isOwn: boolean } {
    const current = context.active();
    const active = current.getValue(SUBSCRIBING) === true ? current.deleteValue(SUBSCRIBING) : current;
    if (!this.isServer) {
      const span = this.#tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, active);
      const within = trace.setSpan(active, span);
      return { span, within: REQUESTS.has(protocol) ? within.setValue(SUPPRESSED, true) : within, isOwn: true };
    }
    const made = REQUESTS.has(protocol) ? trace.getSpan(active) : undefined;
    if (made?.isRecording() && (made as { readonly kind?: SpanKind }).kind === SpanKind.SERVER) {
      // One request may call several operations.
      if (DESCRIBED.has(made)) return this.#beginWithin(active, name, attributes);
      DESCRIBED.add(made);
      made.setAttributes(attributes);
      made.updateName(name);
      return { span: made, within: active, isOwn: false };
    }
    // Within one process the caller's context may be active, and headers say nothing then.
    const from = propagation.extract(trace.getSpan(active) ? active : ROOT_CONTEXT, request.headers, GETTER);
    const span = this.#tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, from);
    // Without an SDK there is nothing to hand on.
    return { span, within: span.isRecording() || isSpanContextValid(span.spanContext()) ? trace.setSpan(from, span) : active, isOwn: true };
  }

  #beginWithin(
    active: Context,
    name: string,
    attributes: Attributes,
  ): { readonly span: Span; readonly within: Context; readonly isOwn: true } {
    const span = this.#tracer.startSpan(name, { kind: SpanKind.INTERNAL, attributes }, active);
    return { span, within: trace.setSpan(active, span), isOwn: true };
  }

  /** The request with the context in its headers, from a client. */
  #carried<R extends CallRequest | SubscribeRequest>(request: R, within: Context): R {
    if (this.isServer) return request;
    const carried: Record<string, string> = {};
    propagation.inject(within.deleteValue(SUPPRESSED), carried);
    return Object.keys(carried).length === 0 ? request : anyWithHeaders(request, { ...request.headers, ...carried });
  }
}

const GETTER = {
  keys: (headers: Headers) => Object.keys(headers),
  get: (headers: Headers, name: string) => headers[name.toLowerCase()],
};

/** Ends a span, or tells one that somebody else ends what became of it. */
function finish(span: Span, isOwn: boolean, { errorType, isFailed, message }: Outcome): void {
  if (errorType !== undefined) span.setAttribute('error.type', errorType);
  if (isFailed) span.setStatus({ code: SpanStatusCode.ERROR, message });
  if (isOwn) span.end();
}
