import { ApiError } from '../../core/errors.ts';
import { parseRetryAfter } from '../../http/message/retry-after.ts';
import { Latch } from '../../life/latch.ts';
import { after } from '../../life/timers.ts';
import type { Intake } from './intake.ts';
import type { Post } from './post.ts';
import { elapsedMs, retryDelayMs, waitLeftMs, type WebhookClock } from './schedule.ts';
import { verdictOf } from '../status.ts';
import type { DeliveryAttempt, StoredDelivery, StoredMessage, StoredSubscription, WebhookStore } from '../store/store.ts';

/** The common state of endpoints. */
export interface EndpointContext {
  readonly store: WebhookStore;
  readonly intake: Intake;
  readonly post: Post;
  readonly clock: WebhookClock;
  readonly scheduleMs: readonly number[];
  /** Requests to one endpoint at a time. */
  readonly maxInFlight: number;
  /** Deliveries under way to one endpoint, or waiting for it. */
  readonly maxPending: number;
  readonly backlog: Backlog;
  /** The dispatcher, by the name that it has in the store. */
  readonly worker: string;
  /** Closed while another dispatcher may hold the subscriptions: then no request begins. */
  readonly gate: { isOpen: boolean };
  readonly report: (error: unknown) => void;
  readonly onDeadLetter: (delivery: StoredDelivery) => void;
}

/** The limit of all endpoints together, so that many dead ones cannot fill the memory that one of them may not. */
export class Backlog {
  /** Deliveries that are pending. */
  pending = 0;
  endpoints = 0;

  /** Characters of the events that wait, each of them once, however many endpoints it waits for. */
  #size = 0;
  readonly #events = new Map<StoredMessage, number>();
  /** The same by type and id: a store may give each delivery a copy of its own. */
  readonly #named = new Map<string, StoredMessage>();

  private readonly maxPending: number;
  private readonly maxBytes: number;

  constructor(maxPending: number, maxBytes: number) {
    this.maxPending = maxPending;
    this.maxBytes = maxBytes;
  }

  hold(message: StoredMessage): void {
    const holders = this.#events.get(message) ?? 0;
    if (holders === 0) {
      this.#size += message.data.length;
      this.#named.set(nameOf(message), message);
    }
    this.#events.set(message, holders + 1);
  }

  /** The event that is held already, if it is the same: so its text is held, and counted, once. */
  shared(message: StoredMessage): StoredMessage {
    const held = this.#named.get(nameOf(message));
    return held && held.data === message.data && held.time === message.time ? held : message;
  }

  release(message: StoredMessage): void {
    const holders = (this.#events.get(message) ?? 1) - 1;
    if (holders > 0) return void this.#events.set(message, holders);
    if (!this.#events.delete(message)) return;
    this.#size -= message.data.length;
    if (this.#named.get(nameOf(message)) === message) this.#named.delete(nameOf(message));
  }

  /** How large the events may be that one endpoint holds: once all together are too large, its share. */
  get sizeShare(): number {
    return this.#size <= this.maxBytes ? Infinity : Math.floor(this.maxBytes / this.endpoints);
  }

  /** How many deliveries one endpoint may hold: once all together hold too many, its share. */
  get share(): number {
    return this.pending <= this.maxPending ? Infinity : Math.max(1, Math.floor(this.maxPending / this.endpoints));
  }
}

function nameOf({ type, id }: StoredMessage): string {
  return `${type}\n${id}`;
}

/** The deliveries of one subscription: a queue of its own, so that an endpoint that is dead slows no other. */
export class Endpoint {
  /** Waits for its first attempt or, if `ordered`, for its turn. */
  readonly #ready: StoredDelivery[] = [];
  /** Waits for a later attempt, the earliest first. */
  readonly #waiting: StoredDelivery[] = [];
  /** When those may begin that were tried, by `#elapsed`: a wall clock that is set back lengthens no wait. */
  readonly #dueAt = new WeakMap<StoredDelivery, number>();
  /** Ends each request under way at once. */
  readonly #cuts = new Set<() => void>();
  #isCut = false;
  /** Deliveries that are on their way into the store, wait, or are under way. */
  #pending = 0;
  /** The events of these. */
  readonly #held = new Set<StoredMessage>();
  /** How large they are together, in characters. */
  #size = 0;
  #inFlight = 0;
  /** An endpoint that fails gets one request at a time until it answers again. */
  #isFailing = false;
  /** When the next request may begin, if the endpoint allows only so many in a minute. */
  #freeAt = 0;
  #cancelTimer: (() => void) | undefined;
  #isStopped = false;
  readonly #idle = new Latch();
  #isDraining = false;
  /** Outcomes on their way into the store; they never reject. */
  readonly #saving = new Set<Promise<void>>();

  subscription: StoredSubscription;
  private readonly context: EndpointContext;
  /** Called when when it is over: with the status that said so, or without one if all is delivered after `drain`. */
  private readonly onGone: (status: number | undefined) => void;

  constructor(subscription: StoredSubscription, context: EndpointContext, onGone: (status: number | undefined) => void) {
    this.subscription = subscription;
    this.context = context;
    this.onGone = onGone;
    context.backlog.endpoints++;
  }

  /** Takes what the store had, in its order. */
  restore(deliveries: readonly StoredDelivery[]): void {
    for (const given of deliveries) {
      const delivery = { ...given, message: this.context.backlog.shared(given.message) };
      this.#hold(delivery);
      this.#enqueue(delivery);
    }
    this.#pump();
  }

  /** Resolves when the delivery is in the store; `outOfTurn` says that the event was accepted before. */
  async add(message: StoredMessage, outOfTurn?: true): Promise<void> {
    if (this.#isStopped) return;
    const delivery: StoredDelivery = {
      id: crypto.randomUUID(),
      subscriptionId: this.subscription.id,
      message,
      state: 'pending',
      attempts: [],
      ...(outOfTurn && { outOfTurn }),
    };
    this.#hold(delivery);
    try {
      await this.context.intake.add(delivery);
    } finally {
      // Also if it could not be stored: it can still be delivered, as long as this process lives.
      if (!this.#isStopped) {
        this.#enqueue(delivery);
        if (this.#pending > Math.min(this.context.maxPending, this.context.backlog.share)) this.#makeRoom();
        this.#makeRoomFor(message.data.length);
        this.#pump();
      }
    }
  }

  /** Ends when all is delivered or given up. */
  drain(): void {
    this.#isDraining = true;
    this.#pump();
  }

  /** Begins what may begin, after the gate was closed. */
  resume(): void {
    this.#pump();
  }

  /** Ends it: waiting deliveries stay in the store. Resolves when what is on its way has come to an end, and is in the store. */
  async stop(graceMs: number): Promise<void> {
    this.#end();
    if (this.#inFlight > 0) await this.#settled(graceMs);
    await Promise.all(this.#saving);
  }

  async #settled(graceMs: number): Promise<void> {
    const idle = this.#idle.wait();
    if (graceMs === 0) this.#cut();
    const stop = after(graceMs, () => this.#cut());
    await idle;
    stop();
  }

  #end(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.context.backlog.pending -= this.#pending;
    for (const message of this.#held) this.context.backlog.release(message);
    this.context.backlog.endpoints--;
  }

  #hold({ message }: StoredDelivery): void {
    if (this.#isStopped) return;
    this.#pending++;
    this.context.backlog.pending++;
    if (this.#held.has(message)) return;
    this.#held.add(message);
    this.#size += message.data.length;
    this.context.backlog.hold(message);
  }

  #release({ message }: StoredDelivery): void {
    if (this.#isStopped) return;
    this.#pending--;
    this.context.backlog.pending--;
    if (!this.#held.delete(message)) return;
    this.#size -= message.data.length;
    this.context.backlog.release(message);
  }

  #cut(): void {
    this.#isCut = true;
    for (const cut of this.#cuts) cut();
  }

  #enqueue(delivery: StoredDelivery): void {
    if (delivery.nextAttemptAt === undefined) return void this.#ready.push(delivery);
    this.#dueAt.set(delivery, this.#elapsed() + waitLeftMs(delivery, this.context.clock.now()));
    if (this.subscription.ordered) this.#ready.push(delivery);
    else this.#wait(delivery);
  }

  #wait(delivery: StoredDelivery): void {
    const at = this.#due(delivery);
    let index = this.#waiting.length;
    while (index > 0 && this.#due(this.#waiting[index - 1]) > at) index--;
    this.#waiting.splice(index, 0, delivery);
  }

  #due(delivery: StoredDelivery | undefined): number {
    return (delivery && this.#dueAt.get(delivery)) ?? 0;
  }

  #elapsed(): number {
    return elapsedMs(this.context.clock);
  }

  /** Starts what may start; sets the timer for what comes next. */
  #pump(): void {
    if (this.#isStopped || !this.context.gate.isOpen) return;
    const { ordered } = this.subscription;
    const limit = ordered || this.#isFailing ? 1 : this.context.maxInFlight;
    while (this.#inFlight < limit) {
      const delivery = this.#take();
      if (!delivery) break;
      void this.#deliver(delivery);
    }
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const next = this.#nextAt();
    if (next !== undefined && this.#inFlight < limit) {
      this.#cancelTimer = this.context.clock.after(Math.max(0, next - this.#elapsed()), () => this.#pump());
    } else if (this.#isDraining && this.#pending === 0) {
      this.#end();
      this.onGone(undefined);
    }
  }

  /** When the first of what waits may begin. */
  #nextAt(): number | undefined {
    const times = [this.#ready[0], this.#waiting[0]].flatMap((delivery) => (delivery ? [this.#due(delivery)] : []));
    return times.length === 0 ? undefined : Math.max(this.#freeAt, Math.min(...times));
  }

  #take(): StoredDelivery | undefined {
    const now = this.#elapsed();
    if (now < this.#freeAt) return undefined;
    const isDue = (delivery: StoredDelivery | undefined) => delivery !== undefined && this.#due(delivery) <= now;
    if (isDue(this.#waiting[0])) return this.#waiting.shift();
    return isDue(this.#ready[0]) ? this.#ready.shift() : undefined;
  }

  async #deliver(delivery: StoredDelivery): Promise<void> {
    this.#inFlight++;
    const { ratePerMinute } = this.subscription.grant ?? {};
    if (ratePerMinute !== undefined) this.#freeAt = this.#elapsed() + 60_000 / ratePerMinute;
    const { retryAfter, ...attempt } = await this.context.post(this.subscription, delivery.message, this.#cuts);
    this.#inFlight--;
    // Cut by `stop`: it counts as not tried.
    if (!this.#isCut) this.#settle(delivery, attempt, retryAfter);
    if (this.#isStopped && this.#inFlight === 0) this.#idle.release();
    this.#pump();
  }

  #settle(delivery: StoredDelivery, attempt: DeliveryAttempt, retryAfter: string | undefined): void {
    const { clock, scheduleMs } = this.context;
    const tried: StoredDelivery = { ...delivery, attempts: [...delivery.attempts, attempt] };
    const verdict = verdictOf(attempt.status);
    this.#isFailing = verdict !== 'delivered';
    if (verdict === 'delivered') {
      this.#release(delivery);
      return this.#save(finished(tried, 'delivered'));
    }
    if (verdict === 'gone') {
      this.#save(finished(tried, 'dead'));
      if (this.#isStopped) return;
      this.#end();
      return this.onGone(attempt.status);
    }
    const waitMs = retryDelayMs(scheduleMs, tried.attempts.length, parseRetryAfter(retryAfter, clock.now()));
    if (waitMs === undefined) return this.#giveUp(tried);
    const later = { ...tried, nextAttemptAt: Math.ceil(clock.now() + waitMs) };
    this.#save(later);
    this.#dueAt.set(later, this.#elapsed() + waitMs);
    if (this.subscription.ordered) this.#ready.unshift(later);
    else this.#wait(later);
  }

  /** Gives up as much as has come, when the events of all endpoints are too large and this one has more than its share of them. */
  #makeRoomFor(size: number): void {
    const least = this.#size - size;
    while (this.#size > Math.max(least, this.context.backlog.sizeShare) && this.#makeRoom());
  }

  /** Gives up the oldest event that waits; false if none does. */
  #makeRoom(): boolean {
    let [oldest] = this.#ready;
    let at = -1;
    for (const [index, delivery] of this.#waiting.entries()) {
      if (oldest && delivery.message.time >= oldest.message.time) continue;
      oldest = delivery;
      at = index;
    }
    if (!oldest) return false;
    if (at < 0) this.#ready.shift();
    else this.#waiting.splice(at, 1);
    const attempt = {
      at: new Date(this.context.clock.now()).toISOString(),
      durationMs: 0,
      error: `given up: ${this.#pending - 1} later events wait for this endpoint`,
    };
    this.#giveUp({ ...oldest, attempts: [...oldest.attempts, attempt] });
    return true;
  }

  #giveUp(delivery: StoredDelivery): void {
    const dead = finished(delivery, 'dead');
    this.#release(delivery);
    this.#save(dead);
    this.context.onDeadLetter(dead);
  }

  #save(delivery: StoredDelivery): void {
    const { intake, store, worker, report } = this.context;
    intake.update(delivery);
    const saving = store
      .saveDelivery(delivery, worker)
      .catch(report)
      .then(() => void this.#saving.delete(saving));
    this.#saving.add(saving);
  }
}

function finished({ nextAttemptAt: _, ...delivery }: StoredDelivery, state: 'delivered' | 'dead'): StoredDelivery {
  return { ...delivery, state };
}

/** No delivery of the subscription has this id. */
export function unknownDelivery(id: string): ApiError {
  return new ApiError('NOT_FOUND', `there is no delivery '${id}' of this subscription`);
}
