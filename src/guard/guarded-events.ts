import { ApiError } from '../core/errors.ts';
import type { EventMessage, EventSink, StreamRequest, SubscribeRequest, Transport } from '../core/transport.ts';
import { checkAsked } from '../events/check.ts';
import { onAbort } from '../life/lifetime.ts';
import { checkedSink } from './checked-sink.ts';
import { checkInput, type Checks } from './checks.ts';

/** The error of an operation's stream as the operation declares it. */
type Declare = (operation: StreamRequest['operation'], error: unknown) => unknown;

/** The subscriptions and streams through a guard. */
export class GuardedEvents {
  readonly #open = new Set<OpenSink>();

  private readonly inner: Transport;
  private readonly checks: Checks;
  private readonly declare: Declare;

  constructor(inner: Transport, checks: Checks, declare: Declare) {
    this.inner = inner;
    this.checks = checks;
    this.declare = declare;
  }

  async subscribe(request: SubscribeRequest, sink: EventSink): Promise<void> {
    if (request.operation) return this.#stream(request, sink);
    checkAsked(request);
    const open = new OpenSink(sink, request.signal, this.#open);
    try {
      const { payload, name } = request.event;
      await this.inner.subscribe(request, checkedSink(this.checks.ofSchema(payload), name, open));
    } catch (error) {
      open.release();
      throw error;
    }
  }

  async #stream(request: StreamRequest, sink: EventSink): Promise<void> {
    const { operation } = request;
    const { input: inputCheck, item } = this.checks.of(operation);
    const input = await checkInput(inputCheck, request);
    const open = new OpenSink(sink, request.signal, this.#open);
    const declared = this.#declaredSink(operation, open);
    try {
      await this.inner.subscribe({ ...request, input }, item ? checkedSink(item, operation.name, declared) : declared);
    } catch (error) {
      open.release();
      throw await this.declare(operation, error);
    }
  }

  /** Hands on the end of a stream with its error as the operation declares it. */
  #declaredSink(operation: StreamRequest['operation'], sink: EventSink): EventSink {
    return {
      next: (message) => sink.next(message),
      gap: () => sink.gap(),
      end: (error) => {
        if (!error) return sink.end();
        void Promise.resolve(this.declare(operation, error)).then((declared) => sink.end(declared as ApiError));
      },
    };
  }

  /** Ends all: a program that uses an adapter without a client hears that its subscriptions are over. */
  close(): void {
    for (const open of [...this.#open]) open.end(new ApiError('CANCELLED', 'the transport was closed'));
  }
}

/** The sink of a subscription, one of `all` for as long as it may get more. */
class OpenSink implements EventSink {
  readonly #unlink: () => void;

  private readonly sink: EventSink;
  private readonly all: Set<OpenSink>;

  constructor(sink: EventSink, signal: AbortSignal, all: Set<OpenSink>) {
    this.sink = sink;
    this.all = all;
    all.add(this);
    this.#unlink = onAbort(signal, () => all.delete(this));
  }

  next(message: EventMessage): void | Promise<void> {
    if (this.all.has(this)) return this.sink.next(message);
  }

  gap(): void {
    if (this.all.has(this)) this.sink.gap();
  }

  place(id: string): void {
    if (this.all.has(this)) this.sink.place?.(id);
  }

  end(error?: ApiError): void {
    if (!this.all.has(this)) return;
    this.release();
    this.sink.end(error);
  }

  release(): void {
    this.all.delete(this);
    this.#unlink();
  }
}
