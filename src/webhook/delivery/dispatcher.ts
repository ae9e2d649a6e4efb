import { ApiError, isApiError, callerLeft } from '../../core/errors.ts';
import type { Transport } from '../../core/transport.ts';
import { within } from '../../life/timers.ts';
import { makeWebhookSecret } from '../signing/secret.ts';
import type { SharedStore } from '../store/sharing.ts';
import type { WebhookClaim, DeliveryAttempt, StoredDelivery, StoredSubscription } from '../store/store.ts';
import { NOTICE, type SubscriptionInput } from '../wire.ts';
import type { Carrier } from './carrier.ts';
import { Claims } from './claims.ts';
import { Deletions } from './deletions.ts';
import { unknownDelivery, type EndpointContext } from './endpoint.ts';
import { HeldEvents } from './held-events.ts';
import { Members } from './members.ts';
import type { AskPermission } from './permission.ts';
import type { TargetGuard } from './target.ts';
import { Turns } from './turns.ts';

export interface DispatcherInit {
  readonly transport: Transport;
  readonly store: SharedStore;
  readonly guard: TargetGuard;
  readonly carrier: Carrier;
  readonly endpoint: EndpointContext;
  /** Asks an endpoint before anything is sent to it. */
  readonly permission: AskPermission | undefined;
  readonly maxSubscriptions: number;
  /** The share of one caller. */
  readonly maxSubscriptionsPerCaller: number;
  /** Whether the store may hold subscriptions already. */
  readonly isStored: boolean;
  /** How long subscriptions stay with a dispatcher that gives no sign of life, in milliseconds; `Infinity` if the store has no other. */
  readonly leaseMs: number;
  /** How long a publisher waits for a store that is still being read, in milliseconds. */
  readonly storeTimeoutMs: number;
  readonly graceMs: number;
  readonly report: (error: unknown) => void;
  /** A subscription has ended by itself. */
  readonly onEnd: (subscription: StoredSubscription, error: ApiError | undefined) => void;
}

/** How often a change is tried again after another dispatcher was faster. */
const EDITS = 10;

type OnLeave = (listener: () => void) => void;
/** How many secrets sign at once: each is a signature in the header of every request. */
const MAX_SECRETS = 8;

const REFUSED = "the service refuses to give events to webhooks: let its context take 'onBehalfOf', the owner that is away";

/** Takes events from the service and brings them to the endpoints of the subscriptions that it holds. Any dispatcher of a store answers for all of its subscriptions. */
export class Dispatcher {
  readonly #members: Members;
  readonly #claims: Claims;
  readonly #deletions: Deletions;
  /** Writes of one subscription follow each other: a late one must not bring back what was deleted. */
  readonly #turns = new Turns();
  readonly #held: HeldEvents;
  readonly #live = new AbortController();
  /** Subscriptions that are being checked and stored: they count. */
  readonly #creating = new Map<string, number>();
  /** Subscriptions that were made or deleted here, or are being given back, while a claim is under way: it may know nothing of that. */
  readonly #changing = new Set<string>();
  /** Whether no claim comes any more: a store of only this dispatcher is claimed once. */
  #isClaimed = false;
  /** Subscriptions that are being stored, or whose events the service has not acknowledged yet: they are not given back. */
  readonly #opening = new Set<string>();
  /** Subscriptions that are being given back. */
  readonly #leaving = new Set<string>();
  /** Each resolves when what is being given back is released; they never reject. */
  readonly #givingBack = new Set<Promise<void>>();
  /** Resolves when what the store held is taken up again. */
  readonly ready: Promise<void>;
  #isRefusalTold = false;
  #closing: Promise<void> | undefined;
  /** Ends the wait for a store that is still being read. */
  #abandon = () => {};

  private readonly init: DispatcherInit;

  constructor(init: DispatcherInit) {
    this.init = init;
    const { transport, store, endpoint, report, onEnd, leaseMs } = init;
    const signal = this.#live.signal;
    this.#deletions = new Deletions(store, this.#turns, signal, (id) => this.#change(id));
    this.#held = new HeldEvents(transport, init.storeTimeoutMs, init.isStored, init.report);
    const remove = (id: string) => void this.#remove(id).catch(report);
    const keepPlaces = (id: string, lastEventIds: Readonly<Record<string, string>>) => this.#keepPlaces(id, lastEventIds);
    this.#members = new Members({ transport, endpoint, signal, report, onEnd, remove, keepPlaces });
    this.#claims = new Claims({
      sharing: store.sharing,
      worker: endpoint.worker,
      leaseMs,
      storeTimeoutMs: init.storeTimeoutMs,
      known: () => {
        this.#changing.clear();
        for (const id of this.#opening) this.#changing.add(id);
        return this.#members.versions;
      },
      take: (claim, isFirst) => this.#take(claim, isFirst),
      gate: endpoint.gate,
      onOpen: () => this.#members.resume(),
      signal,
      report,
    });
    this.ready = new Promise((resolve, reject) => {
      this.#abandon = () => reject(stopping());
      void this.#claims.start().then(resolve);
    });
    this.ready.catch(() => {});
  }

  /** Resolves when reading the store was tried once, whatever came of it. */
  get tried(): Promise<void> {
    return this.#claims.tried;
  }

  /** Resolves when the store was read. Throws UNAVAILABLE if that failed; it is tried again all the same. */
  readable(): Promise<void> {
    return this.#claims.readable(this.ready);
  }

  /** The reason why the dispatcher does not work, for a check of health. */
  get problems(): readonly string[] {
    const { problem } = this.#claims;
    return problem === undefined ? [] : [problem];
  }

  /** Resolves when events from now on will be delivered. `origin` is the name by which the endpoint is asked for its permission; `onLeave` tells that nobody waits for the answer any more. */
  async create(input: SubscriptionInput, owner: string, origin: string, onLeave: OnLeave): Promise<StoredSubscription> {
    await this.#open();
    const { lastEventId, ...rest } = input;
    // A type that is named twice is still delivered once.
    const given = { ...rest, events: [...new Set(rest.events)] };
    for (const type of given.events) this.#members.event(type);
    if (lastEventId !== undefined && given.events.length > 1) {
      throw new ApiError('INVALID_ARGUMENT', 'lastEventId is a place among the events of one type: subscribe only to that type');
    }
    const { guard, store, endpoint, carrier, permission } = this.init;
    const id = crypto.randomUUID();
    let subscription: StoredSubscription = {
      ...given,
      id,
      owner,
      secrets: [{ secret: makeWebhookSecret() }],
      createdAt: new Date(endpoint.clock.now()).toISOString(),
    };
    this.#creating.set(owner, (this.#creating.get(owner) ?? 0) + 1);
    try {
      await this.#checkRoom(owner);
      await guard.check(given.url);
      carrier.prepare();
      if (permission) subscription = { ...subscription, grant: await permission(given.url, origin) };
      this.#change(id);
      this.#opening.add(id);
      // Before the events: a delivery in the store is one of a subscription in the store.
      await this.#turns
        .run(id, () => store.saveSubscription(subscription, endpoint.worker))
        .catch((error: unknown) => {
          this.#opening.delete(id);
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
      this.#opening.delete(id);
      await this.#turns.run(id, () => store.deleteSubscription(id)).catch(this.init.report);
      throw stopping();
    }
    const opened = this.#members.open(subscription, lastEventId === undefined ? {} : { [given.events[0] ?? '']: lastEventId });
    let left = false;
    onLeave(() => {
      left = true;
      this.#remove(id).catch(this.init.report);
    });
    try {
      await opened;
      if (left) throw callerLeft();
    } catch (error) {
      await this.#remove(id).catch(this.init.report);
      if (owner !== '' && isApiError(error) && error.code === 'UNAUTHENTICATED') this.#reportRefusal(error);
      throw error;
    } finally {
      this.#opening.delete(id);
    }
    return subscription;
  }

  async list(owner: string): Promise<readonly StoredSubscription[]> {
    const all = await this.init.store.sharing.subscriptions(owner);
    return all.filter(({ id }) => this.#deletions.ownerOf(id) === undefined);
  }

  /** Throws NOT_FOUND, also for what belongs to somebody else. */
  async get(id: string, owner: string): Promise<StoredSubscription> {
    const subscription = this.#deletions.ownerOf(id) === undefined ? await this.init.store.sharing.subscription(id) : undefined;
    if (subscription?.owner === owner) return subscription;
    throw new ApiError('NOT_FOUND', `there is no webhook subscription '${id}'`);
  }

  async delete(id: string, owner: string): Promise<void> {
    if (this.#deletions.ownerOf(id) !== owner && this.#members.subscription(id)?.owner !== owner) await this.get(id, owner);
    this.#change(id);
    this.#members.detach(id);
    await this.#deletions.run(id, owner);
  }

  /** Throws RESOURCE_EXHAUSTED if a caller has its share, or if all together have all. The one that is being made counts already. */
  async #checkRoom(owner: string): Promise<void> {
    const { maxSubscriptions, maxSubscriptionsPerCaller, store } = this.init;
    const [all, own] = await Promise.all([store.sharing.count(), owner === '' ? 0 : store.sharing.count(owner)]);
    const creating = [...this.#creating.values()].reduce((sum, each) => sum + each, 0);
    // If all callers are one, they have no shares.
    if (owner !== '' && own + (this.#creating.get(owner) ?? 0) > maxSubscriptionsPerCaller)
      throw new ApiError('RESOURCE_EXHAUSTED', `you have ${maxSubscriptionsPerCaller} webhook subscriptions already: delete some`);
    if (all + creating > maxSubscriptions)
      throw new ApiError('RESOURCE_EXHAUSTED', `there are ${maxSubscriptions} webhook subscriptions already`);
  }

  /** A new secret; the old one signs too for `overlapMs`. */
  async rotate(id: string, owner: string, overlapMs: number): Promise<StoredSubscription> {
    const { endpoint, report } = this.init;
    const secret = makeWebhookSecret();
    let before: StoredSubscription | undefined;
    const withSecret = (current: StoredSubscription): StoredSubscription => {
      before = current;
      const now = endpoint.clock.now();
      const old = current.secrets
        .map((each) => ({ ...each, expiresAt: Math.min(each.expiresAt ?? Infinity, now + overlapMs) }))
        .filter(({ expiresAt }) => expiresAt > now)
        .slice(0, MAX_SECRETS - 1);
      return { ...current, secrets: [{ secret }, ...old] };
    };
    // Written in any case: a write that is still under way finds another version then.
    const withoutSecret = (current: StoredSubscription): StoredSubscription => ({
      ...current,
      secrets: current.secrets[0]?.secret === secret && before ? before.secrets : current.secrets,
    });
    return this.#turns.run(id, async () => {
      try {
        const rotated = await this.#edit(id, () => this.get(id, owner), withSecret);
        this.#members.update(rotated);
        return rotated;
      } catch (error) {
        // The caller never learns the new one, and the store may have it after all.
        if (before) await this.#edit(id, () => this.get(id, owner), withoutSecret).catch(report);
        throw error;
      }
    });
  }

  /** Writes the place at which the events of a subscription go on. */
  #keepPlaces(id: string, lastEventIds: Readonly<Record<string, string>>): Promise<void> {
    const { sharing } = this.init.store;
    const read = async () => (this.#members.subscription(id) ? sharing.subscription(id) : undefined);
    return this.#turns.run(id, async () => void (await this.#edit(id, read, (current) => ({ ...current, lastEventIds }))));
  }

  /** Changes a subscription from what the store has: another dispatcher may change or delete it at the same time. `undefined` leaves it as it is. */
  async #edit<T extends StoredSubscription | undefined>(
    id: string,
    read: () => Promise<T>,
    edit: (current: StoredSubscription) => StoredSubscription | undefined,
  ): Promise<T> {
    for (let tries = 0; tries < EDITS; tries++) {
      const current = await read();
      const edited = current && edit(current);
      if (!edited) return current;
      if (await this.init.store.sharing.replace(edited)) return edited as T;
    }
    throw new ApiError('ABORTED', `others change the webhook subscription '${id}' all the time: try again`);
  }

  /** Sends a test event once. */
  async test(id: string, owner: string): Promise<DeliveryAttempt> {
    const subscription = await this.get(id, owner);
    const { retryAfter: _, ...attempt } = await this.init.endpoint.post(subscription, this.#members.notice(NOTICE.test, {}), new Set());
    return attempt;
  }

  async deliveries(id: string, owner: string, limit: number): Promise<readonly StoredDelivery[]> {
    await this.get(id, owner);
    return this.init.store.deliveries(id, limit);
  }

  /** Delivers again what was delivered or given up: the same event, with its id. */
  async redeliver(id: string, owner: string, deliveryId: string): Promise<void> {
    const { store } = this.init;
    await this.get(id, owner);
    const delivery = await store.delivery(id, deliveryId);
    if (!delivery) throw unknownDelivery(deliveryId);
    if (delivery.state === 'pending') throw new ApiError('FAILED_PRECONDITION', `the delivery '${deliveryId}' is still under way`);
    const endpoint = this.#members.endpoint(id);
    if (endpoint) return endpoint.add(delivery.message, true);
    // Another dispatcher finds it with its next claim.
    const { message } = delivery;
    await store.addDeliveries([{ id: crypto.randomUUID(), subscriptionId: id, message, state: 'pending', attempts: [], outOfTurn: true }]);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const { store, endpoint, graceMs, report, carrier } = this.init;
    this.#abandon();
    this.#live.abort();
    this.#held.abandon(stopping());
    // A claim or a release that came later would take back what is released here, or use a store that was closed.
    const underWay = Promise.all([this.#claims.answered, ...this.#givingBack]);
    await Promise.all([this.#members.leave(this.#members.ids, graceMs), within(graceMs, underWay)]);
    // Another dispatcher need not wait until the lease is over. The store may be closed after this.
    await store.sharing.release(endpoint.worker).catch(report);
    await carrier.close();
  }

  async #open(): Promise<void> {
    await this.ready;
    if (this.#closing) throw stopping();
  }

  async #take(claim: WebhookClaim, isFirst: boolean): Promise<void> {
    const held = new Set(claim.held);
    for (const id of this.#members.ids) if (!held.has(id) && !this.#changing.has(id)) this.#members.detach(id);
    const pending = new Map<string, StoredDelivery[]>();
    for (const delivery of claim.pending) {
      const list = pending.get(delivery.subscriptionId);
      if (list) list.push(delivery);
      else pending.set(delivery.subscriptionId, [delivery]);
    }
    const starts: Promise<void>[] = [];
    for (const subscription of claim.subscriptions) {
      const { id } = subscription;
      if (this.#members.subscription(id)) this.#members.update(subscription);
      else if (!this.#isOver(id)) {
        starts.push(this.#members.start(subscription, pending.get(id) ?? []));
        pending.delete(id);
      }
    }
    // Deliveries of one that was made here meanwhile are known.
    for (const [id, deliveries] of pending) if (!this.#changing.has(id)) this.#members.restore(id, deliveries);
    this.#giveBack(this.#members.size - claim.share);
    if (!isFirst) return;
    this.#isClaimed = this.init.leaseMs === Infinity;
    // Held events go to the subscriptions to which the service gives them.
    await this.#held.release(starts, (event) => this.#members.takeHeld(event));
    this.#members.onRead();
  }

  /** Keeps in mind that a claim under way, or the next, may not know what happened to a subscription. */
  #change(id: string): void {
    if (!this.#isClaimed) this.#changing.add(id);
  }

  /** Whether a subscription of a claim has changed or gone meanwhile. */
  #isOver(id: string): boolean {
    return this.#changing.has(id) || this.#leaving.has(id) || this.#deletions.ownerOf(id) !== undefined;
  }

  /** Gives subscriptions to the other dispatchers, which have fewer. */
  #giveBack(count: number): void {
    if (count <= 0) return;
    const { store, endpoint, graceMs, report } = this.init;
    const ids = this.#members.ids.filter((id) => !this.#opening.has(id)).slice(-count);
    for (const id of ids) this.#leaving.add(id);
    const givingBack = this.#members
      .leave(ids, graceMs)
      .then(() => store.sharing.release(endpoint.worker, ids))
      .catch(report)
      .finally(() => {
        for (const id of ids) {
          this.#leaving.delete(id);
          this.#change(id);
        }
        this.#givingBack.delete(givingBack);
      });
    this.#givingBack.add(givingBack);
  }

  async #remove(id: string): Promise<void> {
    const { owner } = this.#members.subscription(id) ?? {};
    this.#change(id);
    if (this.#members.detach(id)) await this.#deletions.run(id, owner ?? '');
  }

  /** The service knows the caller, and refuses to give events on its behalf: it would after a restart too. */
  #reportRefusal(cause: ApiError): void {
    if (this.#isRefusalTold || !this.init.transport.identify) return;
    this.#isRefusalTold = true;
    this.init.report(new Error(REFUSED, { cause }));
  }
}

function stopping(): ApiError {
  return new ApiError('UNAVAILABLE', 'the webhooks are stopping', { sent: false });
}
