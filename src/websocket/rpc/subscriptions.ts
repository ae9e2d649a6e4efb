import { ApiError } from '../../core/errors.ts';
import { Chain } from '../../events/chain.ts';
import { localId } from '../../events/event-id.ts';
import { passing } from '../../events/open-sink.ts';
import { onAbort } from '../../life/lifetime.ts';
import { isoNow } from '../../life/now.ts';
import type { EventMessage, EventSink, Headers, OnResponse } from '../../core/transport.ts';
import { decodeError, isObject, STREAM_CREDITS } from '../wire.ts';

/** The callers that wait for a response. Both are called at once when it is there, before the next frame is read. */
export interface Waiter {
  readonly onResponse?: OnResponse | undefined;
  resolve(result: unknown): void;
  reject(error: ApiError): void;
}

interface Live {
  readonly sink: EventSink;
  readonly chain: Chain;
  readonly release: () => void;
}

/** A streamed operation that is asked for. */
export interface AskedStream {
  readonly name: string;
  readonly onResponse?: OnResponse | undefined;
}

/** The part of a connection that subscriptions need. */
interface SharedConnection {
  /** Sends a request and gives its id. */
  request(method: string, params: unknown, headers: Headers | undefined, waiter: Waiter): number;
  notify(method: string, params: unknown): void;
  /** Says that something is over. */
  rest(): void;
  /** The peer says which event it sent before, as servers of this library do: from now on it is known to be one. */
  isOurs(): void;
}

/** The subscriptions of one JSON-RPC connection. */
export class RpcSubscriptions {
  readonly #live = new Map<unknown, Live>();

  private readonly connection: SharedConnection;

  constructor(connection: SharedConnection) {
    this.connection = connection;
  }

  get size(): number {
    return this.#live.size;
  }

  /** Sends `subscribe`, or the name of a streamed operation, whose items the sink grants one by one. */
  subscribe(params: unknown, headers: Headers | undefined, signal: AbortSignal, sink: EventSink, stream?: AskedStream): Promise<void> {
    const { connection } = this;
    return new Promise((resolve, reject) => {
      let subscription: unknown;
      const id = connection.request(stream?.name ?? 'subscribe', params, headers, {
        onResponse: stream?.onResponse,
        resolve: (result) => {
          subscription = isObject(result) ? result['subscription'] : undefined;
          if (signal.aborted) return connection.notify('unsubscribe', { subscription });
          if (subscription === undefined) {
            unlink();
            return reject(new ApiError('DATA_LOSS', 'the peer did not say which subscription it made', { remote: true }));
          }
          const { after } = result as { readonly after?: unknown };
          if (typeof after === 'string') connection.isOurs();
          const chain = new Chain(isObject(params) ? (params['lastEventId'] as string | undefined) : undefined);
          const granting = stream === undefined ? sink : grantingSink(sink, (count) => connection.notify('more', { subscription, count }));
          this.#live.set(subscription, { sink: granting, chain, release: unlink });
          // Last, because its listener may leave.
          if (stream === undefined && chain.isBroken(after)) this.#gap({ sink, chain });
          resolve();
        },
        reject: (error) => {
          unlink();
          reject(error);
        },
      });
      const unlink = onAbort(signal, () => {
        if (subscription === undefined) connection.notify('cancel', { id });
        else if (this.#live.delete(subscription)) connection.notify('unsubscribe', { subscription });
        connection.rest();
        reject(signal.reason as Error);
      });
    });
  }

  /** Takes a notification. False for one that is unknown; `undefined` for one of a subscription that is not there. */
  notified(method: string, params: Readonly<Record<string, unknown>>): boolean | undefined {
    const { subscription, after, error } = params;
    const live = this.#live.get(subscription);
    if (!live) return undefined;
    if (method === 'event') {
      const message = messageOf(params);
      if (live.chain.isBroken(after, message.id)) live.sink.gap();
      void live.sink.next(message);
    } else if (method === 'gap') this.#gap(live);
    else if (method === 'end') {
      this.#live.delete(subscription);
      live.release();
      live.sink.end(error === undefined ? undefined : endOf(error));
      this.connection.rest();
    } else return false;
    return true;
  }

  #gap({ sink, chain }: Pick<Live, 'sink' | 'chain'>): void {
    chain.gap();
    sink.gap();
  }

  /** Ends the subscription of a message that is too large or too deep. */
  refuse(subscription: unknown, error: ApiError): void {
    const live = this.#live.get(subscription);
    if (this.#live.delete(subscription)) this.connection.notify('unsubscribe', { subscription });
    live?.release();
    live?.sink.end(error);
  }

  /** Forgets all of them, and returns how to end them. */
  take(): (error: ApiError) => void {
    const taken = [...this.#live.values()];
    this.#live.clear();
    return (error) => {
      for (const { sink, release } of taken) {
        release();
        sink.end(error);
      }
    };
  }
}

/** Grants as many items as the sink has taken, half of what may be on its way at a time. */
function grantingSink(sink: EventSink, grant: (count: number) => void): EventSink {
  let taken = 0;
  const done = () => {
    if (++taken < STREAM_CREDITS / 2) return;
    grant(taken);
    taken = 0;
  };
  return {
    ...passing(sink),
    next(message) {
      const taking = sink.next(message);
      if (!taking) return done();
      return taking.then(done);
    },
  };
}

/** Some servers give events no id or time. */
function messageOf({ id = localId(), time, data, traceparent }: Readonly<Record<string, unknown>>): EventMessage {
  return {
    id: String(id),
    time: typeof time === 'string' ? time : isoNow(),
    data,
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
  };
}

/** The error of an `end` is as it is everywhere but in a response. */
function endOf(error: unknown): ApiError {
  return isObject(error) ? decodeError({ ...error, data: error }) : decodeError(error);
}
