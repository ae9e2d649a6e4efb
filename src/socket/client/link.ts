import { ApiError, clientClosed } from '../../core/errors.ts';
import { now } from '../../life/now.ts';
import { attempt, reportToConsole } from '../../life/report.ts';

/** The state of a client's connection. */
export type WebSocketState = 'connecting' | 'open' | 'closed';

/** The `onState` option: told of each change, and of the reason if a connection failed or was lost. If it throws, the error is reported. */
export type OnState = (state: WebSocketState, error?: ApiError) => void;

/** A connection as the link sees it. */
export interface Linked {
  readonly isOpen: boolean;
  close(): Promise<void>;
}

/** Subscriptions that come back together after a failed attempt share its outcome for so long, in milliseconds. */
const SHARED_FAILURE_MS = 250;

/** One connection that is shared: made at its first use and at the first use after it was lost, by one attempt at a time. */
export class Link<T extends Linked, A> {
  #current: T | undefined;
  #attempt: Promise<T> | undefined;
  #failure: { readonly error: ApiError; readonly until: number } | undefined;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  private readonly open: (argument: A, signal: AbortSignal) => Promise<T>;
  private readonly onState: OnState | undefined;

  constructor(open: (argument: A, signal: AbortSignal) => Promise<T>, onState: OnState | undefined) {
    this.open = open;
    this.onState = onState;
  }

  /** The connection that stands, if one does. */
  get current(): T | undefined {
    return this.#current?.isOpen ? this.#current : undefined;
  }

  /** The connection, or the attempt to make one. One that `mayShare` takes the failure of a moment ago for its own. */
  connect(argument: A, mayShare = false): Promise<T> {
    if (this.#closing.signal.aborted) return Promise.reject(clientClosed(false));
    if (mayShare && !this.#attempt && this.#failure && this.#failure.until > now())
      return Promise.reject(this.#failure.error.with({ retryAfterMs: this.#failure.until - now() }));
    return (this.#attempt ??= this.#connect(argument).finally(() => (this.#attempt = undefined)));
  }

  /** The connection is gone. */
  lost(connection: T, error: ApiError): void {
    if (this.#current !== connection) return;
    this.#current = undefined;
    this.#tell('closed', error);
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#closing.abort(clientClosed(false));
    // An attempt may have succeeded just now.
    if (this.#attempt) await this.#attempt.catch(() => {});
    const connection = this.#current;
    this.#current = undefined;
    if (!connection) return;
    await connection.close();
    this.#tell('closed');
  }

  /** A function of the caller that fails must not keep from those who wait that the connection is gone. */
  #tell(state: WebSocketState, error?: ApiError): void {
    attempt(() => this.onState?.(state, error), reportToConsole);
  }

  async #connect(argument: A): Promise<T> {
    this.#tell('connecting');
    try {
      const connection = await this.open(argument, this.#closing.signal);
      this.#failure = undefined;
      this.#current = connection;
      this.#tell('open');
      return connection;
    } catch (error) {
      const failure = ApiError.from(error, 'UNAVAILABLE', 'connecting failed', { sent: false });
      if (failure.code === 'UNAVAILABLE') this.#failure = { error: failure, until: now() + SHARED_FAILURE_MS };
      this.#tell('closed', failure);
      throw failure;
    }
  }
}
