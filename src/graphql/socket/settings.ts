import type { EventDefinition } from '../../core/contract.ts';
import type { ApiError, JsonObject } from '../../core/errors.ts';
import type { EventSink, Headers } from '../../core/transport.ts';
import type { FetchResponse } from '../../http/client/fetch-like.ts';
import type { ClientDocument } from '../document/document.ts';
import type { SocketClassOptions } from '../../socket/client/socket-class.ts';

/** How a client's subscriptions come. */
export type SubscriptionForm = 'ws' | 'sse' | 'multipart';

/** The messages that go out and come in, as text. */
export type OnFrame = (direction: 'out' | 'in', start: string, headers: Headers, body: string) => void;

/** The common state of all sockets of one client. */
export interface SubscriptionSettings extends SocketClassOptions {
  readonly url: string;
  /** The payload of `connection_init`, instead of the headers. */
  readonly connectionParams: JsonObject | (() => JsonObject | Promise<JsonObject>) | undefined;
  readonly connectTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly maxMessageBytes: number;
  readonly maxBufferedBytes: number;
  readonly onFrame: OnFrame | undefined;
  /** Gets the errors of single events. */
  readonly onEventError: (error: ApiError) => void;
}

/** The requests that a socket takes. */
export interface SubscriptionPayload {
  readonly query: string;
  readonly variables: JsonObject;
  readonly extensions: JsonObject;
}

/** One subscription that is asked for. */
export interface Subscribing {
  readonly headers: Headers;
  readonly document: ClientDocument;
  readonly payload: SubscriptionPayload;
  /** Whether it gets the items of a streamed operation, not events. */
  readonly isStream: boolean;
  /** The event, if a mapping reads it. */
  readonly mapped?: EventDefinition | undefined;
  readonly signal: AbortSignal;
  readonly sink: EventSink;
  /** Gets the answer, if the form has one. */
  readonly tell: (response: FetchResponse) => void;
}

/** The carrier of one client's subscriptions. */
export interface Subscriptions {
  /** Resolves when the subscription stands. Rejects with why it does not. */
  open(asked: Subscribing): Promise<void>;
  /** Ends them all. */
  close(): Promise<void>;
}
