import { type ApiError, transportClosed } from '../core/errors.ts';
import type { EventSink, StreamRequest, SubscribeRequest, Transport } from '../core/transport.ts';
import { checkAsked } from '../events/check.ts';
import type { Check } from '../schema/check/issues.ts';
import { openSink, type OpenSink } from '../events/open-sink.ts';
import { passing } from '../events/open-sink.ts';
import { checkedSink } from './checked-sink.ts';
import { checkInput, type Checks } from './checks.ts';

/** The error of an operation's stream as the operation declares it. */
type Declare = (operation: StreamRequest['operation'], error: unknown) => Promise<unknown>;

/** The subscriptions and streams through a guard. */
export class GuardedEvents {
  readonly #opened = new Set<OpenSink>();

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
    const { payload, name } = request.event;
    await this.#open(request, this.checks.ofSchema(payload), name, sink);
  }

  async #stream(request: StreamRequest, sink: EventSink): Promise<void> {
    const { operation } = request;
    const { input: inputCheck, item } = this.checks.of(operation);
    const input = await checkInput(inputCheck, request);
    // The errors of a stream are as the operation declares them.
    const end = (error?: ApiError) =>
      error ? void this.declare(operation, error).then((declared) => sink.end(declared as ApiError)) : sink.end();
    try {
      await this.#open({ ...request, input }, item, operation.name, { ...passing(sink), end });
    } catch (error) {
      throw await this.declare(operation, error);
    }
  }

  async #open(request: SubscribeRequest, check: Check | undefined, name: string, sink: EventSink): Promise<void> {
    const open = openSink(sink, request.signal, this.#opened);
    try {
      await this.inner.subscribe(request, check ? checkedSink(check, name, open, request.event && request.params) : open);
    } catch (error) {
      open.leave();
      throw error;
    }
  }

  /** Ends all: a program that uses an adapter without a client hears that its subscriptions are over. */
  close(): void {
    for (const open of [...this.#opened]) open.end(transportClosed());
  }
}
