import type { Client, Subscription } from 'aedes';
import { now } from '../../life/now.ts';
import { printable } from '../../peer/text/printable.ts';
import type { Holdings } from './holdings.ts';

/** Limits of what the embedded broker keeps in memory. */
export interface SessionLimits {
  /** Bytes that wait for all clients. */
  readonly maxQueuedBytes: number;
  /** Bytes that wait for the clients of one caller. */
  readonly maxQueuedBytesPerCaller: number;
  /** Sessions that outlive their connections. */
  readonly maxSessions: number;
  readonly maxSessionsPerCaller: number;
  /** How long a session is kept without a connection, in milliseconds. */
  readonly sessionExpiryMs: number;
  /** Bytes of retained messages. */
  readonly maxRetainedBytes: number;
}

interface Packet {
  readonly topic?: string;
  readonly payload?: { readonly length: number };
  readonly messageId?: number | undefined;
}

/** The store in which aedes keeps its sessions. */
export interface Persistence {
  outgoingEnqueue(sub: { clientId: string }, packet: Packet): Promise<void>;
  outgoingEnqueueCombi(subs: readonly { clientId: string }[], packet: Packet): Promise<void>;
  outgoingClearMessageId(client: { id: string }, packet: Packet): Promise<Packet | undefined>;
  outgoingStream(client: { id: string }): AsyncIterable<Packet>;
  cleanSubscriptions(client: { id: string }): Promise<void>;
  storeRetained(packet: Packet): Promise<void>;
  addSubscriptions(client: Client, subscriptions: readonly Subscription[]): Promise<void>;
  incomingStorePacket(client: Client, packet: Packet): Promise<void>;
  incomingDelPacket(client: Client, packet: Packet): Promise<void>;
}

interface Session {
  readonly caller: string;
  bytes: number;
  /** When its connection ended, on the monotonic clock; undefined while there is one. */
  since: number | undefined;
}

/** The cost of a packet or subscription beside its content. */
const PACKET_BYTES = 256;

/**
 * Bounds what an embedded broker keeps for clients: their queues, their sessions, retained messages. A queue that overflows ends its session, so that
 * its client sees at its next connection that events are missing.
 */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #perCaller = new Map<string, { sessions: number; bytes: number }>();
  readonly #retained = new Map<string, number>();
  #bytes = 0;
  #retainedBytes = 0;

  private readonly persistence: Persistence;
  private readonly limits: SessionLimits;
  private readonly holdings: Holdings;
  /** Ends the connection of a client whose session has ended. */
  private readonly disconnect: (clientId: string) => void;
  private readonly onError: (error: unknown) => void;

  constructor(
    persistence: Persistence,
    limits: SessionLimits,
    holdings: Holdings,
    disconnect: (clientId: string) => void,
    onError: (error: unknown) => void,
  ) {
    this.limits = limits;
    this.holdings = holdings;
    this.disconnect = disconnect;
    this.onError = onError;
    const { outgoingEnqueue, outgoingEnqueueCombi, outgoingClearMessageId, storeRetained } = persistence;
    this.persistence = persistence;
    persistence.outgoingEnqueue = (sub, packet) =>
      this.#take(sub.clientId, packet) ? outgoingEnqueue.call(persistence, sub, packet) : DONE;
    persistence.outgoingEnqueueCombi = (subs, packet) => {
      const taken = subs.filter(({ clientId }) => this.#take(clientId, packet));
      return outgoingEnqueueCombi.call(persistence, taken, packet);
    };
    persistence.outgoingClearMessageId = async (client, packet) => {
      const cleared = await outgoingClearMessageId.call(persistence, client, packet);
      if (cleared) this.#release(client.id, sizeOf(cleared));
      return cleared;
    };
    persistence.storeRetained = (packet) => (this.#retain(packet) ? storeRetained.call(persistence, packet) : DONE);
  }

  /** The owner of a client id: the caller of its session. */
  callerOf(clientId: string): string | undefined {
    return this.#sessions.get(clientId)?.caller;
  }

  /** Whether a caller may have one more session that outlives its connection. */
  hasRoom(clientId: string, caller: string): boolean {
    if (this.#sessions.has(clientId)) return true;
    this.#expire();
    const { maxSessions, maxSessionsPerCaller } = this.limits;
    return this.#sessions.size < maxSessions && (this.#perCaller.get(caller)?.sessions ?? 0) < maxSessionsPerCaller;
  }

  /** A connection with a session that outlives it. */
  onConnect(clientId: string, caller: string): void {
    const known = this.#sessions.get(clientId);
    if (known) known.since = undefined;
    else {
      this.#sessions.set(clientId, { caller, bytes: 0, since: undefined });
      this.#shareOf(caller).sessions++;
    }
  }

  onDisconnect(clientId: string): void {
    const session = this.#sessions.get(clientId);
    if (session) session.since = now();
  }

  /** Forgets a session, its subscriptions and what waits for it. */
  async end(clientId: string): Promise<void> {
    const session = this.#sessions.get(clientId);
    if (!session) return;
    this.#sessions.delete(clientId);
    this.holdings.forget(clientId);
    const share = this.#shareOf(session.caller);
    share.sessions--;
    share.bytes -= session.bytes;
    this.#bytes -= session.bytes;
    if (share.sessions === 0) this.#perCaller.delete(session.caller);
    const client = { id: clientId };
    await this.persistence.cleanSubscriptions(client);
    for await (const { messageId } of this.persistence.outgoingStream(client)) {
      await this.persistence.outgoingClearMessageId(client, { messageId });
    }
  }

  #take(clientId: string, packet: Packet): boolean {
    const session = this.#sessions.get(clientId);
    // A session that has just ended.
    if (!session) return false;
    const size = sizeOf(packet);
    const share = this.#shareOf(session.caller);
    const { maxQueuedBytes, maxQueuedBytesPerCaller } = this.limits;
    if (share.bytes + size > maxQueuedBytesPerCaller) {
      this.#overflow(clientId);
      return false;
    }
    if (this.#bytes + size > maxQueuedBytes) {
      const largest = [...this.#sessions].reduce((most, each) => (each[1].bytes > most[1].bytes ? each : most));
      this.#overflow(largest[0]);
      if (largest[0] === clientId) return false;
    }
    session.bytes += size;
    share.bytes += size;
    this.#bytes += size;
    return true;
  }

  #release(clientId: string, size: number): void {
    const session = this.#sessions.get(clientId);
    if (!session) return;
    session.bytes -= size;
    this.#shareOf(session.caller).bytes -= size;
    this.#bytes -= size;
  }

  #overflow(clientId: string): void {
    this.end(clientId).catch(this.onError);
    this.disconnect(clientId);
    this.onError(new Error(`the session of the client '${printable(clientId)}' was ended: too much waited for it`));
  }

  #retain({ topic = '', payload }: Packet): boolean {
    const before = this.#retained.get(topic) ?? 0;
    const size = payload === undefined || payload.length === 0 ? 0 : sizeOf({ topic, payload });
    const after = this.#retainedBytes - before + size;
    if (after > this.limits.maxRetainedBytes && size > before) {
      this.onError(new Error(`a message on '${printable(topic)}' was not retained: ${this.limits.maxRetainedBytes} bytes at most`));
      return false;
    }
    this.#retainedBytes = after;
    if (size === 0) this.#retained.delete(topic);
    else this.#retained.set(topic, size);
    return true;
  }

  #shareOf(caller: string): { sessions: number; bytes: number } {
    let share = this.#perCaller.get(caller);
    if (!share) this.#perCaller.set(caller, (share = { sessions: 0, bytes: 0 }));
    return share;
  }

  /** Ends the sessions of clients that did not come back. */
  #expire(): void {
    const oldest = now() - this.limits.sessionExpiryMs;
    for (const [clientId, { since }] of this.#sessions) if (since !== undefined && since < oldest) this.end(clientId).catch(this.onError);
  }
}

const DONE = Promise.resolve();

/** The cost of a packet or a subscription, in bytes. */
export function sizeOf({ topic, payload }: Packet): number {
  return (topic?.length ?? 0) + (payload?.length ?? 0) + PACKET_BYTES;
}
