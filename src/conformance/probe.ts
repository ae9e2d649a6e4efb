import { onAbort } from '../life/lifetime.ts';
import type { EventDefinition } from '../core/contract.ts';
import type { EventHub, HubEvent } from '../events/hub.ts';
import type { EventSink, Headers, EventRequest } from '../core/transport.ts';

/** One run of the operation `wait`, as its handler saw it. */
export interface WaitRun {
  readonly deadline: number | undefined;
  /** Whether the handler's signal has aborted. */
  readonly aborted: boolean;
  /** The reason it aborted with. */
  readonly reason: unknown;
  /** Lets the run go on. */
  release(): void;
}

/** One run of the streamed operation `flow`. */
export interface FlowRun {
  /** How many items the handler was asked for. */
  made: number;
  /** Whether the handler has been left. */
  left: boolean;
  /** The reason with which its signal had aborted by then. */
  reason: unknown;
}

/** The parts of the reference service that a case can see and steer past the protocol. */
export class Probe {
  /** How often each operation's handler ran. */
  readonly runs = new Map<string, number>();
  /** The runs of `wait` by their id. */
  readonly waits = new Map<string, WaitRun>();
  /** The runs of `flow` by their id. */
  readonly flows = new Map<string, FlowRun>();
  /** The headers that each subscription came with, in order. */
  readonly subscribed: Headers[] = [];
  /** The values that the handler of `convert` saw last: the types of an instant, a whole number and bytes, and a text. */
  converted: readonly unknown[] = [];
  /** Makes the hub refuse to publish. */
  hubIsBroken = false;
  #open = 0;

  /** Subscriptions open at the hub. */
  get subscriptions(): number {
    return this.#open;
  }

  /** How often the operation has run. */
  runsOf(operation: string): number {
    return this.runs.get(operation) ?? 0;
  }

  /** Counts a run, and returns how many there are now. */
  ran(operation: string): number {
    const runs = this.runsOf(operation) + 1;
    this.runs.set(operation, runs);
    return runs;
  }

  /** A hub that counts the subscriptions of another one, and that breaks when told to. */
  hub(inner: EventHub): EventHub {
    return {
      publish: async (event: EventDefinition, published: HubEvent) => {
        if (this.hubIsBroken) throw new Error('the hub is broken');
        await inner.publish(event, published);
      },
      subscribe: async (request: EventRequest, sink: EventSink) => {
        this.subscribed.push(request.headers);
        await inner.subscribe(request, sink);
        if (request.signal.aborted) return;
        this.#open++;
        onAbort(request.signal, () => this.#open--);
      },
      ...(inner.publishIn && { publishIn: inner.publishIn.bind(inner) }),
      ...(inner.lease && { lease: inner.lease.bind(inner) }),
      close: () => inner.close(),
    };
  }
}
