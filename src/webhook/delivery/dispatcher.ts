import type { EventDefinition } from '../../core/contract.ts';
import { ApiError, isApiError } from '../../core/errors.ts';
import { isPlace } from '../../events/event-id.ts';
import { compileMatch } from '../../events/hub.ts';
import { backoffMs } from '../../life/backoff.ts';
import { delay } from '../../life/lifetime.ts';
import type { EventMessage, Transport } from '../../core/transport.ts';
import { Deletions } from './deletions.ts';
import { Endpoint, unknownDelivery, type EndpointContext } from './endpoint.ts';
import { HeldEvents, type HeldEvent } from './held-events.ts';
import { makeWebhookSecret } from '../signing/secret.ts';
import { Source } from './source.ts';
import { Turns } from './turns.ts';
import type { DeliveryAttempt, StoredDelivery, StoredMessage, StoredSubscription, WebhookStore } from '../store/store.ts';
import type { TargetGuard } from './target.ts';
import { NOTICE, type SubscriptionInput } from '../wire.ts';

export interface DispatcherInit {
  readonly transport: Transport;
  readonly store: WebhookStore;
  readonly guard: TargetGuard;
  readonly endpoint: EndpointContext;
  readonly maxSubscriptions: number;
  /** The share of one caller. */
  readonly maxSubscriptionsPerCaller: number;
  /** Whether the store may hold subscriptions already. */
  readonly isStored: boolean;
  /** How long a publisher waits for a store that is still being read, in milliseconds. */
  readonly storeTimeoutMs: number;
  readonly graceMs: number;
  readonly report: (error: unknown) => void;
  /** A subscription has ended by itself. */
  readonly onEnd: (subscription: StoredSubscription, error: ApiError | undefined) => void;
}

/** How many secrets sign at once: each is a signature in the header of every request. */
const MAX_SECRETS = 8;

interface Member {
  readonly endpoint: Endpoint;
  readonly sources: readonly Source[];
  /** Stores an event that was held while the store was being read, unless the service gave it since, or it is none of its own. */
  readonly takeHeld: (held: HeldEvent) => Promise<void>;
}

const REFUSED = "the service refuses to give events to webhooks: let its context take 'onBehalfOf', the owner that is away";

/** Takes events from the service and brings them to the endpoints of all subscriptions. */
export class Dispatcher {
  readonly #members = new Map<string, Member>();
  readonly #events: ReadonlyMap<string, EventDefinition>;
  readonly #deletions: Deletions;
  /** Writes of one subscription follow each other: a late one must not bring back what was deleted. */
  readonly #turns = new Turns();
  readonly #held: HeldEvents;
  readonly #live = new AbortController();
  #problem: string | undefined;
  /** Subscriptions that are being checked and stored: they count. */
  readonly #creating = new Map<string, number>();
  /** Resolves once what the store held is taken up again. */
  readonly ready: Promise<void>;
  /** Resolves when reading the store was tried once, whatever came of it. */
  readonly tried: Promise<void>;
  #onTried = () => {};
  #message: { readonly of: EventMessage; readonly stored: StoredMessage } | undefined;
  #reported: unknown;
  #isRefusalTold = false;
  #isRead = false;
  #closing: Promise<void> | undefined;
  /** Ends the wait for a store that is still being read. */
  #abandon = () => {};

  private readonly init: DispatcherInit;

  constructor(init: DispatcherInit) {
    this.init = init;
    this.#events = new Map(Object.values(init.transport.contract.events).map((event) => [event.type, event]));
    this.#deletions = new Deletions(init.store, this.#turns, this.#live.signal);
    this.#held = new HeldEvents(init.transport, init.storeTimeoutMs, init.isStored);
    this.tried = new Promise((resolve) => (this.#onTried = resolve));
    this.ready = new Promise((resolve, reject) => {
      this.#abandon = () => reject(stopping());
      void this.#loadUntilRead().then(resolve);
    });
    this.ready.catch(() => {});
  }

  /** What keeps the dispatcher from its work, for a check of health. */
  get problems(): readonly string[] {
    return this.#problem === undefined ? [] : [this.#problem];
  }

  /** Resolves once events from now on will be delivered; `onLeave` tells that nobody waits for the answer any more. */
  async create(input: SubscriptionInput, owner: string, onLeave: (listener: () => void) => void): Promise<StoredSubscription> {
    await this.#open();
    const { lastEventId, ...rest } = input;
    // A type that is named twice is still delivered once.
    const given = { ...rest, events: [...new Set(rest.events)] };
    const events = given.events.map((type) => this.#eventOf(type));
    if (lastEventId !== undefined && events.length > 1) {
      throw new ApiError('INVALID_ARGUMENT', 'lastEventId is a place among the events of one type: subscribe to that type alone');
    }
    const { guard, store } = this.init;
    this.#checkRoom(owner);
    const id = crypto.randomUUID();
    const subscription: StoredSubscription = {
      ...given,
      id,
      owner,
      secrets: [{ secret: makeWebhookSecret() }],
      createdAt: new Date(this.init.endpoint.clock.now()).toISOString(),
    };
    this.#creating.set(owner, (this.#creating.get(owner) ?? 0) + 1);
    try {
      await guard.check(given.url);
      this.init.endpoint.carrier.prepare();
      // Before the events: a delivery in the store is one of a subscription in the store.
      await this.#turns
        .run(id, () => store.saveSubscription(subscription))
        .catch((error: unknown) => {
          // It may be there after all, or come to be: nobody would know its secret.
          this.#deletions.run(id, owner).catch(this.init.report);
          throw error;
        });
    } finally {
      const left = (this.#creating.get(owner) ?? 1) - 1;
      if (left > 0) this.#creating.set(owner, left);
      else this.#creating.delete(owner);
    }
    if (this.#closing) {
      await this.#turns.run(id, () => store.deleteSubscription(id)).catch(this.init.report);
      throw stopping();
    }
    const member = this.#attach(subscription, events, lastEventId === undefined ? {} : { [events[0]?.type ?? '']: lastEventId });
    let left = false;
    onLeave(() => {
      left = true;
      this.#remove(id).catch(this.init.report);
    });
    try {
      await Promise.all(member.sources.map((source) => source.open()));
      if (left) throw new ApiError('CANCELLED', 'the caller has left');
    } catch (error) {
      await this.#remove(id).catch(this.init.report);
      if (owner !== '' && isApiError(error) && error.code === 'UNAUTHENTICATED') this.#reportRefusal(error);
      throw error;
    }
    return subscription;
  }

  list(owner: string): StoredSubscription[] {
    return [...this.#members.values()].map(({ endpoint }) => endpoint.subscription).filter((subscription) => subscription.owner === owner);
  }

  /** Throws NOT_FOUND, also for what belongs to somebody else. */
  get(id: string, owner: string): StoredSubscription {
    return this.#member(id, owner).endpoint.subscription;
  }

  async delete(id: string, owner: string): Promise<void> {
    if (this.#deletions.ownerOf(id) !== owner) this.#member(id, owner);
    this.#detach(id);
    await this.#deletions.run(id, owner);
  }

  /** Throws RESOURCE_EXHAUSTED if a caller has its share, or if all together have all. */
  #checkRoom(owner: string): void {
    const { maxSubscriptions, maxSubscriptionsPerCaller } = this.init;
    const creating = [...this.#creating.values()].reduce((sum, each) => sum + each, 0);
    const own = this.list(owner).length + (this.#creating.get(owner) ?? 0);
    // If all callers are one, they have no shares.
    if (owner !== '' && own >= maxSubscriptionsPerCaller)
      throw new ApiError('RESOURCE_EXHAUSTED', `you have ${maxSubscriptionsPerCaller} webhook subscriptions already: delete some`);
    if (this.#members.size + creating >= maxSubscriptions)
      throw new ApiError('RESOURCE_EXHAUSTED', `there are ${maxSubscriptions} webhook subscriptions already`);
  }

  /** A new secret; the old one signs too for `overlapMs`. */
  async rotate(id: string, owner: string, overlapMs: number): Promise<string> {
    const { endpoint } = this.#member(id, owner);
    const now = this.init.endpoint.clock.now();
    const secret = makeWebhookSecret();
    const before = endpoint.subscription;
    const old = before.secrets
      .map((each) => ({ ...each, expiresAt: Math.min(each.expiresAt ?? Infinity, now + overlapMs) }))
      .filter(({ expiresAt }) => expiresAt > now)
      .slice(0, MAX_SECRETS - 1);
    const rotated = { ...before, secrets: [{ secret }, ...old] };
    endpoint.subscription = rotated;
    try {
      await this.#save(rotated);
    } catch (error) {
      // The caller never learns the new one, and the store may have it after all.
      if (endpoint.subscription === rotated) {
        endpoint.subscription = before;
        this.#save(before).catch(this.init.report);
      }
      throw error;
    }
    // Deleted meanwhile.
    this.#member(id, owner);
    return secret;
  }

  /** Writes a subscription, unless it was deleted since: then nothing is written. */
  #save(subscription: StoredSubscription): Promise<void> {
    const { id } = subscription;
    return this.#turns.run(id, async () => (this.#members.has(id) ? this.init.store.saveSubscription(subscription) : undefined));
  }

  /** Sends a test event once. */
  async test(id: string, owner: string): Promise<DeliveryAttempt> {
    const { retryAfter: _, ...attempt } = await this.#member(id, owner).endpoint.attempt(this.#notice(NOTICE.test, {}));
    return attempt;
  }

  async deliveries(id: string, owner: string, limit: number): Promise<readonly StoredDelivery[]> {
    this.#member(id, owner);
    return this.init.store.deliveries(id, limit);
  }

  /** Delivers again what was delivered or given up: the same event, with its id. */
  async redeliver(id: string, owner: string, deliveryId: string): Promise<void> {
    const { endpoint } = this.#member(id, owner);
    const delivery = await this.init.store.delivery(id, deliveryId);
    if (!delivery) throw unknownDelivery(deliveryId);
    if (delivery.state === 'pending') throw new ApiError('FAILED_PRECONDITION', `the delivery '${deliveryId}' is still under way`);
    await endpoint.add(delivery.message, true);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#abandon();
    this.#live.abort();
    this.#held.abandon(stopping());
    const members = [...this.#members.values()];
    for (const { sources } of members) for (const source of sources) source.close();
    await Promise.all(members.map(({ endpoint }) => endpoint.stop(this.init.graceMs)));
    // The store may be closed after this.
    await this.init.endpoint.intake.idle();
    await this.init.endpoint.carrier.close();
  }

  async #open(): Promise<void> {
    await this.ready;
    if (this.#closing) throw stopping();
  }

  /** A store that cannot be read now may be read later: a full disk, a database that is away. Tries until it is read or the handler closes. */
  async #loadUntilRead(): Promise<void> {
    for (let attempt = 0; !this.#closing; attempt++) {
      try {
        await this.#load();
        this.#problem = undefined;
        this.#isRead = true;
        return this.#onTried();
      } catch (error) {
        if (attempt === 0) this.init.report(error);
        this.#onTried();
        this.#problem = 'the webhook store cannot be read: no webhooks are delivered';
        await delay(backoffMs(attempt, { baseDelayMs: 500, maxDelayMs: 10_000 }), this.#live.signal).catch(() => {});
      }
    }
  }

  async #load(): Promise<void> {
    const { subscriptions, pending } = await this.init.store.load();
    if (this.#closing) return;
    const starts: Promise<void>[] = [];
    const byId = new Map<string, StoredDelivery[]>();
    for (const delivery of pending) {
      const list = byId.get(delivery.subscriptionId);
      if (list) list.push(delivery);
      else byId.set(delivery.subscriptionId, [delivery]);
    }
    for (const subscription of subscriptions) {
      // A contract of today may have fewer events.
      const events = subscription.events.flatMap((type) => this.#events.get(type) ?? []);
      const { endpoint, sources } = this.#attach(subscription, events, subscription.lastEventIds ?? {});
      endpoint.restore(byId.get(subscription.id) ?? []);
      for (const source of sources) starts.push(source.start());
    }
    // What was held goes to the subscriptions to which the service gives its events.
    await this.#held.release(starts, (held) => Promise.all([...this.#members.values()].map((member) => member.takeHeld(held))));
  }

  #attach(subscription: StoredSubscription, events: readonly EventDefinition[], lastEventIds: Readonly<Record<string, string>>): Member {
    const { transport, endpoint: context, report } = this.init;
    const { id, params, owner } = subscription;
    let isOver = false;
    const over = (error: ApiError | undefined) => {
      if (!isOver) this.init.onEnd(endpoint.subscription, error);
      isOver = true;
    };
    const endpoint = new Endpoint(subscription, context, (status) => {
      this.#remove(id).catch(report);
      over(status === undefined ? undefined : new ApiError('CANCELLED', `the endpoint answered ${status}: it is gone`));
    });
    const notify = (type: string, data: object) => {
      if (subscription.notices) endpoint.add(this.#notice(type, data)).catch(this.#reportOnce);
    };
    /** What was taken before the store was read whole: the service may give it once more. */
    const taken = new Set<string>();
    const take = async (definition: EventDefinition, message: EventMessage): Promise<void> => {
      if (taken.has(message.id)) return;
      if (!this.#isRead) taken.add(message.id);
      const stored = endpoint.add(this.#stored(definition, message));
      stored.catch(this.#reportOnce);
      return stored;
    };
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
          end: (error) => {
            for (const source of sources) source.close();
            notify(NOTICE.end, error ? { error: error.toJSON() } : {});
            over(error);
            endpoint.drain();
          },
        }),
    );
    const takeHeld = async ({ event, message }: HeldEvent) => {
      const matches = compileMatch({ event, params, headers: {}, signal: this.#live.signal });
      if (!isOver && events.includes(event) && matches(message)) await take(event, message);
    };
    const member = { endpoint, sources, takeHeld };
    this.#members.set(id, member);
    return member;
  }

  async #remove(id: string): Promise<void> {
    const { owner = '' } = this.#members.get(id)?.endpoint.subscription ?? {};
    if (this.#detach(id)) await this.#deletions.run(id, owner);
  }

  /** Ends what is under way for a subscription; tells whether there was one. */
  #detach(id: string): boolean {
    const member = this.#members.get(id);
    if (!member) return false;
    this.#members.delete(id);
    for (const source of member.sources) source.close();
    void member.endpoint.stop(0);
    this.init.endpoint.intake.forget(id);
    return true;
  }

  #member(id: string, owner: string): Member {
    const member = this.#members.get(id);
    if (member?.endpoint.subscription.owner === owner) return member;
    throw new ApiError('NOT_FOUND', `there is no webhook subscription '${id}'`);
  }

  #eventOf(type: string): EventDefinition {
    const event = this.#events.get(type);
    if (event) return event;
    throw new ApiError('UNIMPLEMENTED', `there is no event '${type}': there are ${[...this.#events.keys()].join(', ')}`);
  }

  /** A hub hands the same message to all of its subscribers in a row: it is made ready for them once. */
  #stored(event: EventDefinition, message: EventMessage): StoredMessage {
    if (this.#message?.of !== message) {
      const { time, data } = message;
      // One that was made here would come again in the next process, and receivers would take its event for a repetition.
      const id = isPlace(message.id) ? message.id : crypto.randomUUID();
      this.#message = { of: message, stored: { id, type: event.type, time, data: JSON.stringify(data) } };
    }
    return this.#message.stored;
  }

  /** The service knows the caller, and refuses to give events on its behalf: it would after a restart too. */
  #reportRefusal(cause: ApiError): void {
    if (this.#isRefusalTold || !this.init.transport.identify) return;
    this.#isRefusalTold = true;
    this.init.report(new Error(REFUSED, { cause }));
  }

  /** Deliveries that were stored in one call fail together. */
  readonly #reportOnce = (error: unknown): void => {
    if (error !== this.#reported) this.init.report(error);
    this.#reported = error;
  };

  #notice(type: string, data: object): StoredMessage {
    return { id: crypto.randomUUID(), type, time: new Date(this.init.endpoint.clock.now()).toISOString(), data: JSON.stringify(data) };
  }
}

function stopping(): ApiError {
  return new ApiError('UNAVAILABLE', 'the webhooks are stopping', { sent: false });
}
