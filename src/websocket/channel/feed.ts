import type { CloudEventsOption } from '../../events/cloud/cloud-event.ts';
import type { JsonObject } from '../../core/errors.ts';
import type { ReadContext } from '../../guard/mapped-sink.ts';
import type { Frame } from '../../socket/client/like.ts';

/** An event of a feed that someone else designed. */
export interface FeedEvent {
  /** The path of the feed, below the adapter's `url`; `''` is the url itself. @default the event's channel */
  readonly path?: string;
  /** Makes the frame that subscribes, or several as a list: text and bytes are sent as they are, anything else as JSON. It may be asynchronous, to sign. */
  readonly open?: (params: JsonObject) => unknown;
  /** Makes the frame that unsubscribes, sent when its last reader leaves. */
  readonly close?: (params: JsonObject) => unknown;
  /**
   * Returns the payload of a frame, or a list of payloads. `undefined` means that the frame is not this event's: a heartbeat, an
   * acknowledgement, another event. A frame that is not JSON comes as text, and a binary one as bytes if `session.binary` is set. An `ApiError` that it throws ends the subscription. `context` tells
   * of gaps. @default the frame
   */
  readonly read?: (frame: unknown, params: JsonObject, context: ReadContext) => unknown;
}

/** An operation that writes to a feed that someone else designed. */
export interface FeedOperation {
  /**
   * The path of the connection to write to, below the adapter's `url`; `''` is the url itself. The call is done when its frame was sent. It is needed
   * for an operation that is not the writer of an event. @default the channel of the event that the operation writes
   */
  readonly path?: string;
  /** Makes the frame of the input: text is sent as it is, bytes as a binary frame, anything else as JSON. @default the input */
  readonly input?: (input: unknown) => unknown;
}

/** How a feed that someone else designed is read and written. */
export interface FeedMapping {
  readonly operations: Readonly<Record<string, FeedOperation>>;
  readonly events: Readonly<Record<string, FeedEvent>>;
  /** Whether what is written comes back. */
  readonly echo: boolean;
  readonly onError: (error: unknown) => void;
}

/** A client's options for the feeds that it speaks to, as `ChannelOptions` explains them. */
export interface FeedOptions extends Partial<FeedMapping> {
  readonly cloudEvents?: CloudEventsOption<'structured'>;
}

/** The frames that a mapping made. */
export function framesOf(made: unknown): Frame[] {
  if (made === undefined) return [];
  return (Array.isArray(made) ? (made as unknown[]) : [made]).map(frameOf);
}

/** Text and bytes as they are, anything else as JSON. */
export function frameOf(made: unknown): Frame {
  return typeof made === 'string' || made instanceof Uint8Array ? made : JSON.stringify(made);
}

/** A frame as `onWire` is shown it. */
export function shownFrame(frame: Frame): string {
  return typeof frame === 'string' ? frame : `${frame.length} bytes`;
}
