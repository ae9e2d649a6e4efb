import type { EventDefinition } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import { mayReconnect } from '../../life/mending.ts';
import { Subscription } from '../../events/reconnect.ts';
import type { EventMessage, Transport } from '../../core/transport.ts';

const LEFT = new ApiError('CANCELLED', 'the webhook subscription has ended');

export interface SourceInit {
  readonly transport: Transport;
  readonly event: EventDefinition;
  readonly params: Readonly<Record<string, unknown>>;
  /** On whose behalf the events are read: its owner. */
  readonly onBehalfOf: string | undefined;
  readonly lastEventId: string | undefined;
  readonly next: (event: EventDefinition, message: EventMessage) => Promise<void>;
  readonly gap: (event: EventDefinition) => void;
  /** The events after this id will come: the place to go on if none came before. */
  readonly place: (event: EventDefinition, id: string) => void;
  /** For good; without an error: nothing more will come. */
  readonly end: (error: ApiError | undefined) => void;
}

/** The events of one webhook subscription, from the service: goes on at its place when the service was away. */
export class Source {
  readonly #controller = new AbortController();
  readonly #subscription: Subscription;
  /** Whether it waits for a service that is not there yet. */
  #isPatient = false;

  private readonly init: SourceInit;

  constructor(init: SourceInit) {
    this.init = init;
    const { transport, event, params, onBehalfOf, lastEventId, next, gap, place, end } = init;
    this.#subscription = new Subscription({
      transport,
      event,
      params,
      headers: {},
      lastEventId,
      signal: this.#controller.signal,
      reconnect: {},
      request: { peer: { protocol: 'webhook' }, acknowledges: true, onBehalfOf },
      // Not UNAUTHENTICATED, because the subscriber must bring new credentials.
      mayRetry: (error, { acknowledged }) => mayReconnect(error, false) && (acknowledged || this.#isPatient),
      sink: { next: (message) => next(event, message), gap: () => gap(event), place: (id) => place(event, id), end },
    });
  }

  /** Resolves when the service has acknowledged; rejects if it refuses. */
  open(): Promise<void> {
    return this.#subscription.open();
  }

  /** As `open`, but waits for a service that is not there yet; a refusal is an end. Resolves when it was acknowledged or refused. */
  start(): Promise<void> {
    this.#isPatient = true;
    return this.#subscription.open().catch((error: ApiError) => {
      if (error !== LEFT) this.init.end(error);
    });
  }

  close(): void {
    this.#controller.abort(LEFT);
  }
}
