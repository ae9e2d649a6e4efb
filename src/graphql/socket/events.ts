import { ApiError } from '../../core/errors.ts';
import { SharedFrame } from '../../socket/shared-frame.ts';
import type { PayloadSink } from '../engine/encoding-sink.ts';
import { GAP, SUBSCRIBED } from '../wire.ts';

/** Where the messages of one subscription go. */
export interface SocketOutlet {
  write(frame: SharedFrame): void;
  end(error: ApiError | undefined): void;
}

/** The events of one subscription as messages of a socket: holds those that come before it stands. */
export class SocketEvents implements PayloadSink {
  readonly #quotedId: string;
  #waiting: SharedFrame[] | undefined = [];
  #waitingBytes = 0;
  #ended: { readonly error: ApiError | undefined } | undefined;

  private readonly maxBufferedBytes: number;
  private readonly outlet: SocketOutlet;

  constructor(id: string, maxBufferedBytes: number, outlet: SocketOutlet) {
    this.maxBufferedBytes = maxBufferedBytes;
    this.outlet = outlet;
    this.#quotedId = JSON.stringify(id);
  }

  /** The subscription stands, of which a caller that asks is told. */
  begin(isAsked: boolean): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    if (isAsked) this.outlet.write(encodeNext(this.#quotedId, SUBSCRIBED));
    for (const frame of waiting) this.outlet.write(frame);
    if (this.#ended) this.outlet.end(this.#ended.error);
  }

  next(payload: string): void {
    if (this.#ended) return;
    const frame = encodeNext(this.#quotedId, payload);
    if (!this.#waiting) return this.outlet.write(frame);
    this.#waiting.push(frame);
    this.#waitingBytes += frame.bytes.length;
    if (this.#waitingBytes > this.maxBufferedBytes) this.end(fellBehind());
  }

  gap(): void {
    this.next(GAP);
  }

  end(error?: ApiError): void {
    if (this.#ended) return;
    this.#ended = { error };
    if (!this.#waiting) this.outlet.end(error);
  }
}

export function fellBehind(): ApiError {
  return new ApiError('RESOURCE_EXHAUSTED', 'the reader fell behind: resume from the last event');
}

let lastId = '';
let lastPayload: string | undefined;
let lastFrame = new SharedFrame('');

/** Sockets of like clients have like ids, so that the message of an event is often the same for all of them: its frame is built once. */
function encodeNext(quotedId: string, payload: string): SharedFrame {
  if (payload !== lastPayload || quotedId !== lastId) {
    lastPayload = payload;
    lastId = quotedId;
    lastFrame = new SharedFrame(`{"id":${quotedId},"type":"next","payload":${payload}}`);
  }
  return lastFrame;
}
