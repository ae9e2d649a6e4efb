import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Aedes, AedesOptions, AuthenticateError, Client, Subscription } from 'aedes';
import { onAbort } from '../../life/lifetime.ts';
import { after, type StopTimer } from '../../life/timers.ts';
import { printable } from '../../peer/text/printable.ts';
import type { ConnectedCaller } from './own-brokers.ts';
import { Access, Refusal, type AccessOptions, type Member } from './access.ts';
import { overlap } from '../filters.ts';
import { Holdings } from './holdings.ts';
import { Sessions, sizeOf, type Persistence, type SessionLimits } from './sessions.ts';
import { CONNECT_MS, Strangers, type End } from './strangers.ts';

/** Options of the door: the broker's, read. */
export interface DoorOptions extends Partial<AccessOptions>, SessionLimits {
  readonly onError: (error: unknown) => void;
  readonly maxBufferedBytes: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerCaller: number;
  readonly maxSubscriptions: number;
  readonly maxHeldBytes: number;
}

/** How long the service may take to say who calls, in milliseconds. */
const IDENTIFY_MS = 10_000;

/** A client that has said CONNECT. */
interface Arrival {
  readonly clientId: string;
  readonly clean: boolean;
  readonly will: { readonly topic: string; readonly payload: Uint8Array } | undefined;
  /** The filters that it asked for, and whether it may have them. */
  readonly filters: Map<string, boolean>;
  /** Subscriptions that outlive the connection, and are not stored yet. */
  readonly granted: Subscription[];
  /** Until its session is here again, its subscriptions are not new, and messages come that were meant for earlier ones. */
  isRestoring: boolean;
  isReplaying: boolean;
  /** Ends what is asked for the client when its connection does. */
  readonly controller: AbortController;
  member?: Member;
  stopTimer?: StopTimer;
}

/** The functions that aedes asks for the rights of clients. */
export class Door {
  readonly access: Access;
  readonly rules: AedesOptions;
  readonly #arrivals = new WeakMap<Client, Arrival>();
  /** Connected clients by id, and how many each caller has. */
  readonly #live = new Map<string, Client>();
  readonly #perCaller = new Map<string, number>();
  #sessions: Sessions | undefined;
  readonly #holdings: Holdings;
  readonly #strangers: Strangers;

  private readonly options: DoorOptions;

  constructor(options: DoorOptions) {
    this.options = options;
    const { open = false, publishers = {}, serviceCredentials, authenticate, onError } = options;
    this.#holdings = new Holdings(options.maxHeldBytes);
    this.#strangers = new Strangers(options.maxConnections);
    this.access = new Access({ open, publishers, serviceCredentials, authenticate, onError });
    this.rules = {
      // Its own default is MQTT 3.1's.
      maxClientsIdLength: 65_535,
      connectTimeout: CONNECT_MS,
      preConnect: (client, packet, done) => {
        // One without a name gets one here, so that its topics are known.
        packet.clientId ||= `anonymous-${randomUUID()}`;
        const { clientId, clean = true, will } = packet;
        const arrival: Arrival = {
          clientId,
          clean,
          will: will && { topic: will.topic, payload: Buffer.from(will.payload) },
          filters: new Map(),
          granted: [],
          isRestoring: !clean,
          isReplaying: !clean,
          controller: new AbortController(),
        };
        this.#arrivals.set(client, arrival);
        done(null, true);
      },
      authenticate: (client, username, password, done) => {
        this.#welcome(client, username, password?.toString()).then(
          () => done(null, true),
          (error: unknown) => done(refused(error, onError), null),
        );
      },
      authorizePublish: (client, packet, done) => {
        try {
          const member = client && this.#arrivals.get(client)?.member;
          if (client && !member) throw new Error('the client is not connected');
          if (member) this.access.checkPublish(member, packet.topic, Buffer.from(packet.payload));
          // A retained request would be run by each server that subscribes.
          if (member?.kind === 'caller' && packet.retain && !this.access.isEvent(packet.topic)) packet.retain = false;
          done(null);
        } catch (error) {
          done(error as Error);
        }
      },
      authorizeSubscribe: (client, subscription, done) => {
        const arrival = this.#arrivals.get(client);
        if (!arrival?.member || !this.#hasRoom(arrival, arrival.member, subscription.topic)) return done(null, null);
        this.access.maySubscribe(arrival.member, subscription.topic, arrival.controller.signal).then(
          (isAllowed) => {
            this.#answer(arrival, subscription, isAllowed);
            done(null, isAllowed ? subscription : null);
          },
          (error: unknown) => (onError(error), done(null, null)),
        );
      },
      authorizeForward: (client, packet) => {
        const arrival = this.#arrivals.get(client);
        const { member } = arrival ?? {};
        if (!arrival || !member || !this.access.mayHear(member, packet.topic)) return null;
        return arrival.isReplaying && member.kind === 'caller' && !isGranted(arrival, packet.topic) ? null : packet;
      },
    };
  }

  /** Whether a client may ask for one more filter. It has it in any case until the service has answered. */
  #hasRoom({ clientId, filters }: Arrival, member: Member, filter: string): boolean {
    if (filters.has(filter) || member.kind === 'service') return true;
    if (filters.size >= this.options.maxSubscriptions) return false;
    if (!this.#holdings.take(clientId, keyOf(member), `filter ${filter}`, sizeOf({ topic: filter }))) return false;
    filters.set(filter, false);
    return true;
  }

  #answer({ clientId, clean, filters, granted, isRestoring }: Arrival, subscription: Subscription, isAllowed: boolean): void {
    const { topic } = subscription;
    if (isAllowed) {
      filters.set(topic, true);
      if (!clean && !isRestoring) granted.push(subscription);
    } else if (filters.get(topic) === false) this.#forgetFilter(clientId, filters, topic);
  }

  #forgetFilter(clientId: string, filters: Map<string, boolean>, filter: string): void {
    filters.delete(filter);
    this.#holdings.give(clientId, `filter ${filter}`);
  }

  /** The caller behind a connected client; nothing of others, whose replies may go anywhere. */
  callerOf(clientId: string): ConnectedCaller | undefined {
    const client = this.#live.get(clientId);
    const member = client && this.#arrivals.get(client)?.member;
    return member?.kind === 'caller' ? member : undefined;
  }

  /** Bounds what the broker keeps, and hears of clients that leave. */
  watch(aedes: Aedes): void {
    const { onError } = this.options;
    // The types of aedes leave it out.
    const { persistence } = aedes as unknown as { readonly persistence: Persistence };
    this.#guard(persistence);
    this.#sessions = new Sessions(
      persistence,
      this.options,
      this.#holdings,
      (clientId) => this.#live.get(clientId)?.conn.destroy(),
      onError,
    );
    const report = (error: Error) => {
      // A client of MQTT 5 that is refused comes back with MQTT 3.1.1.
      if ((error as { readonly errorCode?: unknown }).errorCode !== 1) onError(error);
    };
    aedes.on('clientError', (_, error) => report(error));
    aedes.on('connectionError', (_, error) => report(error));
    aedes.on('connackSent', (_, client) => {
      const arrival = this.#arrivals.get(client);
      if (arrival) arrival.isRestoring = false;
    });
    aedes.on('clientReady', (client) => {
      const arrival = this.#arrivals.get(client);
      if (arrival) arrival.isReplaying = false;
    });
    aedes.on('unsubscribe', (left, client) => {
      const arrival = this.#arrivals.get(client);
      if (arrival) for (const filter of left) this.#forgetFilter(arrival.clientId, arrival.filters, filter);
    });
  }

  /** Stores only what a client was granted, and of messages that it has not released no more than its caller's share. */
  #guard(persistence: Persistence): void {
    const { addSubscriptions, incomingStorePacket, incomingDelPacket } = persistence;
    // Called for each subscription that was granted, with all of its packet, those that were refused too.
    persistence.addSubscriptions = (client) =>
      addSubscriptions.call(persistence, client, this.#arrivals.get(client)?.granted.splice(0) ?? []);
    persistence.incomingStorePacket = async (client, packet) => {
      const member = this.#arrivals.get(client)?.member;
      if (!member) throw new Error('the client has left');
      const part = `message ${packet.messageId}`;
      if (member.kind !== 'service' && !this.#holdings.take(client.id, keyOf(member), part, sizeOf(packet)))
        throw new Error(`the client '${printable(client.id)}' was ended: it does not release its messages of QoS 2`);
      await incomingStorePacket.call(persistence, client, packet);
    };
    persistence.incomingDelPacket = async (client, packet) => {
      await incomingDelPacket.call(persistence, client, packet);
      this.#holdings.give(client.id, `message ${packet.messageId}`);
    };
  }

  /** Counts a connection until it has said who it is; ends it if there are too many. `end` is the socket below it. */
  arrive(connection: Duplex, { remoteAddress, remotePort }: End): boolean {
    const end = { remoteAddress, remotePort };
    if (!this.#strangers.enter(end)) {
      connection.destroy();
      return false;
    }
    connection.once('close', () => this.#strangers.leave(end));
    return true;
  }

  /** A new connection. */
  handle(client: Client): void {
    const { maxBufferedBytes } = this.options;
    // The types of aedes leave it out.
    const waiting = client as unknown as { waitForDrain(done: (error: Error | null) => void): void };
    const waitForDrain = waiting.waitForDrain.bind(client);
    // The deliveries of all clients wait for one that does not read: here it has a buffer, and is ended if that overflows.
    waiting.waitForDrain = (done) => {
      if (!client.connected) return waitForDrain(done);
      if (client.conn.writableLength > maxBufferedBytes) {
        client.conn.destroy(new Error(`the client '${printable(client.id)}' was ended: it does not read`));
      }
      setImmediate(done, null);
    };
    client.conn.once('close', () => this.#leave(client));
  }

  async #welcome(client: Client, username: string | undefined, password: string | undefined): Promise<void> {
    const arrival = this.#arrivals.get(client);
    if (!arrival) throw new Refusal(3, 'the client has left');
    const { clientId, clean, will, controller } = arrival;
    const stopTimer = after(IDENTIFY_MS, () => controller.abort(new Refusal(3, 'the service did not say in time who calls')));
    let unlink = (): void => {};
    const late = new Promise<never>((_, reject) => {
      unlink = onAbort(controller.signal, () => reject(controller.signal.reason as Error));
    });
    const request: IncomingMessage | undefined = client.req;
    const end: End = request?.socket ?? (client.conn as Partial<Socket>);
    const address = end.remoteAddress;
    try {
      const asked = this.access.connect({ clientId, username, password, request, address, signal: controller.signal });
      arrival.member = await Promise.race([asked, late]);
    } finally {
      stopTimer();
      unlink();
      late.catch(() => {});
    }
    const { member } = arrival;
    try {
      if (will) this.access.checkPublish(member, will.topic, will.payload);
    } catch (error) {
      throw new Refusal(5, `the last will of the client '${printable(clientId)}' was refused: ${(error as Error).message}`);
    }
    this.#checkPlace(member, clean);
    await this.#enter(client, arrival, member);
    this.#strangers.leave(end);
  }

  /** Throws if the client id is another caller's, or there are too many. */
  #checkPlace({ clientId, caller, kind }: Member, clean: boolean): void {
    const { maxConnections, maxConnectionsPerCaller } = this.options;
    const holder = this.#live.get(clientId);
    const held = (holder && this.#arrivals.get(holder)?.member) ?? undefined;
    const owner = held ? keyOf(held) : this.#sessions?.callerOf(clientId);
    if (owner !== undefined && owner !== keyOf({ caller, kind }))
      throw new Refusal(2, `the client id '${printable(clientId)}' is another caller's`);
    if (kind === 'service') return;
    const key = keyOf({ caller, kind });
    if (this.#live.size >= maxConnections || (!held && (this.#perCaller.get(key) ?? 0) >= maxConnectionsPerCaller))
      throw new Refusal(3, 'there are too many connections');
    if (!clean && this.#sessions?.hasRoom(clientId, key) === false) throw new Refusal(3, 'there are too many sessions');
  }

  async #enter(client: Client, arrival: Arrival, member: Member): Promise<void> {
    const { clientId, clean } = arrival;
    const key = keyOf(member);
    if (clean) {
      await this.#sessions?.end(clientId);
      // Others may have taken the name or the last places meanwhile.
      this.#checkPlace(member, clean);
    } else this.#sessions?.onConnect(clientId, key);
    if (client.conn.destroyed) throw new Refusal(3, 'the client has left');
    const holder = this.#live.get(clientId);
    if (holder) this.#leave(holder);
    const { will } = arrival;
    if (will && !this.#holdings.take(clientId, key, 'will', sizeOf(will))) throw new Refusal(3, 'there is no room for the last will');
    if (!clean) this.#sessions?.onConnect(clientId, key);
    this.#live.set(clientId, client);
    this.#perCaller.set(key, (this.#perCaller.get(key) ?? 0) + 1);
    if (member.expiresAtMs === undefined) return;
    const end = () => {
      const left = (member.expiresAtMs ?? 0) - Date.now();
      if (left > 0) arrival.stopTimer = after(left, end, { holds: false });
      else client.conn.destroy(new Error(`the credentials of the client '${printable(clientId)}' have expired`));
    };
    end();
  }

  #leave(client: Client): void {
    const arrival = this.#arrivals.get(client);
    if (!arrival) return;
    const { clientId, member, controller } = arrival;
    arrival.stopTimer?.();
    controller.abort(new Refusal(3, 'the client has left'));
    if (this.#live.get(clientId) !== client || !member) return;
    this.#live.delete(clientId);
    if (arrival.clean) this.#holdings.forget(clientId);
    else this.#holdings.give(clientId, 'will');
    const key = keyOf(member);
    const left = (this.#perCaller.get(key) ?? 1) - 1;
    if (left > 0) this.#perCaller.set(key, left);
    else this.#perCaller.delete(key);
    this.#sessions?.onDisconnect(clientId);
  }
}

/** Whether a topic is one of those that a client asked for and may hear. */
function isGranted({ filters }: Arrival, topic: string): boolean {
  for (const [filter, isAllowed] of filters) if (isAllowed && overlap(filter, topic)) return true;
  return false;
}

/** The service's own connections share a name that no caller can have. */
function keyOf({ caller, kind }: Pick<Member, 'caller' | 'kind'>): string {
  return `${kind}:${caller}`;
}

function refused(error: unknown, onError: (error: unknown) => void): AuthenticateError {
  if (error instanceof Refusal) {
    if (error.returnCode === 2 || error.returnCode === 5) onError(error);
    return error;
  }
  onError(error);
  return new Refusal(3, 'the broker could not tell who calls');
}
