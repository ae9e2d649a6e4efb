import type { EventDefinition } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import type { EventMessage, Transport } from '../../core/transport.ts';
import { isEventId, isPlace } from '../../events/event-id.ts';
import { compileMatch } from '../../events/hub.ts';
import type { StoredDelivery, StoredMessage, StoredSubscription } from '../store/store.ts';
import { NOTICE } from '../wire.ts';
import { Endpoint, type EndpointContext } from './endpoint.ts';
import type { HeldEvent } from './held-events.ts';
import { Source } from './source.ts';

export interface MembersInit {
  readonly transport: Transport;
  readonly endpoint: EndpointContext;
  readonly signal: AbortSignal;
  readonly report: (error: unknown) => void;
  /** A subscription has ended by itself. */
  readonly onEnd: (subscription: StoredSubscription, error: ApiError | undefined) => void;
  /** It is over and goes out of the store. */
  readonly remove: (id: string) => void;
  /** Writes the place at which the events of a subscription go on. */
  readonly keepPlaces: (id: string, lastEventIds: Readonly<Record<string, string>>) => Promise<void>;
}

/** A subscription that this process serves: its events come from its sources and go to its endpoint. */
interface Member {
  readonly endpoint: Endpoint;
  readonly sources: readonly Source[];
  /** Pending deliveries that others added and that were taken up. */
  strays: ReadonlySet<string>;
  /** The places of its sources that have given no event yet, by type. */
  readonly places: Map<string, string>;
  /** Stores an event that was held while the store was being read, unless the service gave it since, or it is not one of the subscription's. */
  readonly takeHeld: (held: HeldEvent) => Promise<void>;
}

/** The subscriptions that this process serves. */
export class Members {
  readonly #members = new Map<string, Member>();
  readonly #events: ReadonlyMap<string, EventDefinition>;
  #message: { readonly of: EventMessage; readonly stored: StoredMessage } | undefined;
  #reported: unknown;
  /** Whether events that come may have been held before. */
  #isRead = false;

  private readonly init: MembersInit;

  constructor(init: MembersInit) {
    this.init = init;
    this.#events = new Map(Object.values(init.transport.contract.events).map((event) => [event.type, event]));
  }

  get size(): number {
    return this.#members.size;
  }

  get ids(): readonly string[] {
    return [...this.#members.keys()];
  }

  /** Versions of the subscriptions as they were claimed; of one that was made here there is none yet. */
  get versions(): ReadonlyMap<string, number> {
    return new Map([...this.#members].map(([id, { endpoint }]) => [id, endpoint.subscription.version ?? -1]));
  }

  subscription(id: string): StoredSubscription | undefined {
    return this.#members.get(id)?.endpoint.subscription;
  }

  endpoint(id: string): Endpoint | undefined {
    return this.#members.get(id)?.endpoint;
  }

  event(type: string): EventDefinition {
    const event = this.#events.get(type);
    if (event) return event;
    throw new ApiError('UNIMPLEMENTED', `there is no event '${type}': there are ${[...this.#events.keys()].join(', ')}`);
  }

  /** Serves a new subscription; resolves when the service has acknowledged its events. */
  async open(subscription: StoredSubscription, lastEventIds: Readonly<Record<string, string>>): Promise<void> {
    const events = subscription.events.map((type) => this.event(type));
    const { sources } = this.#attach(subscription, events, lastEventIds);
    await Promise.all(sources.map((source) => source.open()));
    await this.#keepPlaces(subscription.id);
  }

  /** Serves a subscription of the store; resolves when the service has acknowledged or refused its events. */
  async start(subscription: StoredSubscription, pending: readonly StoredDelivery[]): Promise<void> {
    // A contract of today may have fewer events.
    const events = subscription.events.flatMap((type) => this.#events.get(type) ?? []);
    const member = this.#attach(subscription, events, subscription.lastEventIds ?? {});
    // The next claim gives those of them again that no dispatcher added.
    member.strays = new Set(pending.map(({ id }) => id));
    member.endpoint.restore(pending);
    await Promise.all(member.sources.map((source) => source.start()));
    await this.#keepPlaces(subscription.id).catch(this.init.report);
  }

  /** Takes up what has changed in the store. */
  update(subscription: StoredSubscription): void {
    const member = this.#members.get(subscription.id);
    if (member) member.endpoint.subscription = subscription;
  }

  /** Takes up deliveries that others added. */
  restore(id: string, pending: readonly StoredDelivery[]): void {
    const member = this.#members.get(id);
    if (!member) return;
    member.endpoint.restore(pending.filter((delivery) => !member.strays.has(delivery.id)));
    member.strays = new Set(pending.map((delivery) => delivery.id));
  }

  async takeHeld(held: HeldEvent): Promise<void> {
    await Promise.all([...this.#members.values()].map((member) => member.takeHeld(held)));
  }

  /** Events that come from now on come once. */
  onRead(): void {
    this.#isRead = true;
  }

  resume(): void {
    for (const { endpoint } of this.#members.values()) endpoint.resume();
  }

  /** Ends what is under way for a subscription; tells whether there was one. */
  detach(id: string): boolean {
    const member = this.#members.get(id);
    if (!member) return false;
    this.#members.delete(id);
    for (const source of member.sources) source.close();
    void member.endpoint.stop(0);
    this.init.endpoint.intake.forget(id);
    return true;
  }

  /** As `detach`, but lets requests under way end. Resolves when the store has all of it. */
  async leave(ids: readonly string[], graceMs: number): Promise<void> {
    const leaving = ids.flatMap((id) => this.#members.get(id) ?? []);
    for (const id of ids) this.#members.delete(id);
    for (const { sources } of leaving) for (const source of sources) source.close();
    await Promise.all(leaving.map(({ endpoint }) => endpoint.stop(graceMs)));
    await this.init.endpoint.intake.idle();
  }

  notice(type: string, data: object): StoredMessage {
    return { id: crypto.randomUUID(), type, time: new Date(this.init.endpoint.clock.now()).toISOString(), data: JSON.stringify(data) };
  }

  #attach(subscription: StoredSubscription, events: readonly EventDefinition[], lastEventIds: Readonly<Record<string, string>>): Member {
    const { transport, endpoint: context, signal, remove, onEnd } = this.init;
    const { id, params, owner } = subscription;
    let isOver = false;
    const over = (error: ApiError | undefined) => {
      if (!isOver) onEnd(endpoint.subscription, error);
      isOver = true;
    };
    const endpoint = new Endpoint(subscription, context, (status) => {
      remove(id);
      over(status === undefined ? undefined : new ApiError('CANCELLED', `the endpoint answered ${status}: it is gone`));
    });
    const notify = (type: string, data: object) => {
      if (subscription.notices) endpoint.add(this.notice(type, data)).catch(this.#reportOnce);
    };
    /** Events that were taken before the store was read whole: the service may give them once more. */
    const taken = new Set<string>();
    const take = async (definition: EventDefinition, message: EventMessage): Promise<void> => {
      if (taken.has(message.id)) return;
      if (!this.#isRead) taken.add(message.id);
      const stored = endpoint.add(this.#stored(definition, message));
      stored.catch(this.#reportOnce);
      return stored;
    };
    const places = new Map<string, string>();
    const sources = events.map(
      (event) =>
        new Source({
          transport,
          event,
          params,
          onBehalfOf: owner === '' ? undefined : owner,
          lastEventId: lastEventIds[event.type],
          next: take,
          gap: ({ type }) => notify(NOTICE.gap, { event: type }),
          place: ({ type }, place) => void places.set(type, place),
          end: (error) => {
            for (const source of sources) source.close();
            notify(NOTICE.end, error ? { error: error.toJSON() } : {});
            over(error);
            endpoint.drain();
          },
        }),
    );
    const takeHeld = async ({ event, message }: HeldEvent) => {
      const matches = compileMatch({ event, params, headers: {}, signal });
      if (!isOver && events.includes(event) && matches(message)) await take(event, message);
    };
    const member: Member = { endpoint, sources, places, strays: new Set(), takeHeld };
    this.#members.set(id, member);
    return member;
  }

  /** Of a source that has given no event yet the store learns its place, so that another process goes on from there. */
  async #keepPlaces(id: string): Promise<void> {
    const member = this.#members.get(id);
    if (!member || member.places.size === 0) return;
    await this.init.keepPlaces(id, Object.fromEntries(member.places));
  }

  /** A hub hands the same message to all of its subscribers in a row: it is made ready for them once. */
  #stored(event: EventDefinition, message: EventMessage): StoredMessage {
    if (this.#message?.of !== message) {
      const { time, data, traceparent } = message;
      // One that was made here would come again in the next process, and receivers would take its event for a repetition.
      const id = isPlace(message.id) && isEventId(message.id) ? message.id : crypto.randomUUID();
      this.#message = {
        of: message,
        stored: { id, type: event.type, time, data: JSON.stringify(data), ...(traceparent !== undefined && { traceparent }) },
      };
    }
    return this.#message.stored;
  }

  /** Deliveries that were stored in one call fail together. */
  readonly #reportOnce = (error: unknown): void => {
    if (error !== this.#reported) this.init.report(error);
    this.#reported = error;
  };
}
