import { eventStreamHead } from '../../http/events/event-stream.ts';
import type { Heartbeat } from '../../http/events/heartbeat.ts';
import { encodeSse, encodeSseComment } from '../../http/events/sse.ts';
import type { HttpResponse, HttpWriter } from '../../http/message/message.ts';
import { Latch } from '../../life/latch.ts';
import { after, within, type StopTimer } from '../../life/timers.ts';
import { encodeNotification } from '../wire.ts';
import { Subscriptions } from './subscriptions.ts';

/** How long a subscription waits for the session's stream, in milliseconds: clients begin both at the same time. */
const OPENING_MS = 5000;
/** How long a session whose stream broke keeps its subscriptions. */
const AWAY_MS = 60_000;
/** How many such sessions are kept. */
const MOST_AWAY = 1000;
const COMMENT = encodeSseComment();

interface Session {
  readonly subscriptions: Subscriptions;
  readonly opened: Latch;
  writer: HttpWriter | undefined;
  stopWaiting: StopTimer | undefined;
}

/**
 * Sessions of the older revisions, each of which is held by the process that has its stream. A session without a stream is only a name.
 * Source: https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#listening-for-messages-from-the-server
 */
export class HttpSessions {
  readonly #sessions = new Map<string, Session>();
  /** Those without a stream, in the order in which they lost it. */
  readonly #away = new Set<string>();

  private readonly heartbeat: Heartbeat;
  private readonly maxSubscriptions: number;

  constructor(heartbeat: Heartbeat, maxSubscriptions: number) {
    this.heartbeat = heartbeat;
    this.maxSubscriptions = maxSubscriptions;
  }

  /** The stream of a session, which takes the place of one that it had. */
  stream(id: string, requestId: string | undefined): HttpResponse {
    return { status: 200, headers: eventStreamHead(requestId), body: (writer) => this.#attach(id, writer) };
  }

  /** The subscriptions of a session; `undefined` if its stream is not open here, nor soon. */
  async subscriptionsOf(id: string): Promise<Subscriptions | undefined> {
    const session = this.#session(id);
    if (!session.writer) await within(OPENING_MS, session.opened.wait());
    return session.writer && session.subscriptions;
  }

  /** Ends a session. */
  delete(id: string): void {
    const session = this.#sessions.get(id);
    this.#sessions.delete(id);
    this.#away.delete(id);
    session?.stopWaiting?.();
    session?.subscriptions.clear();
    session?.writer?.end();
  }

  #session(id: string): Session {
    let session = this.#sessions.get(id);
    if (session) return session;
    session = { subscriptions: new Subscriptions(this.maxSubscriptions), opened: new Latch(), writer: undefined, stopWaiting: undefined };
    this.#sessions.set(id, session);
    this.#wait(id, session, OPENING_MS);
    return session;
  }

  #wait(id: string, session: Session, ms: number): void {
    session.stopWaiting = after(ms, () => this.delete(id), { holds: false });
    this.#away.add(id);
    const [oldest] = this.#away;
    if (this.#away.size > MOST_AWAY && oldest !== undefined) this.delete(oldest);
  }

  #attach(id: string, writer: HttpWriter): void {
    const session = this.#session(id);
    session.stopWaiting?.();
    this.#away.delete(id);
    const before = session.writer;
    session.writer = writer;
    before?.end();
    const beat = () => writer.write(COMMENT);
    this.heartbeat.add(beat);
    // Something must be written for the head to be sent at once through every proxy.
    beat();
    const tell = (uri: string) => {
      writer.write(encodeSse({ data: encodeNotification('notifications/resources/updated', { uri }) }));
      return writer.drained();
    };
    writer.onClose(() => {
      this.heartbeat.delete(beat);
      session.subscriptions.detach(tell);
      if (session.writer !== writer || this.#sessions.get(id) !== session) return;
      session.writer = undefined;
      this.#wait(id, session, AWAY_MS);
    });
    writer.onStop(() => (session.writer === writer ? this.delete(id) : writer.end()));
    session.subscriptions.attach(tell);
    session.opened.release();
  }
}
