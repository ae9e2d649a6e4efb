import { ApiError } from '../../core/errors.ts';
import type { Lifetime } from '../../life/lifetime.ts';
import type { EventMessage, EventSink } from '../../core/transport.ts';
import type { PeerSocket } from '../../socket/peer-socket.ts';
import { SharedFrame } from '../../socket/shared-frame.ts';
import { sendEvent } from '../slow-reader.ts';
import { encodeNotification } from '../wire.ts';

/**
 * Encodes the notifications of one event. A hub hands the same message to all subscribers in a row, and subscriptions are
 * numbered from 1 on each connection, so that most of them share one frame.
 */
export class EventEncoder {
  #last: EventMessage | undefined;
  #tail = '';
  readonly #frames = new Map<number, SharedFrame>();

  frame(message: EventMessage, subscription: number): SharedFrame {
    if (message !== this.#last) {
      this.#last = message;
      this.#frames.clear();
      this.#tail = `,"id":${JSON.stringify(message.id)},"time":${JSON.stringify(message.time)},"data":${JSON.stringify(message.data)}}}`;
    }
    let frame = this.#frames.get(subscription);
    if (!frame) {
      frame = new SharedFrame(`{"jsonrpc":"2.0","method":"event","params":{"subscription":${subscription}${this.#tail}`);
      this.#frames.set(subscription, frame);
    }
    return frame;
  }
}

/** The sink of one subscription of a connection: holds what comes before its acknowledgement has been sent. */
export class RpcSubscription implements EventSink {
  #waiting: SharedFrame[] | undefined = [];
  #waitingBytes = 0;
  #ended = false;
  #isCut = false;

  readonly id: number;
  private readonly socket: PeerSocket;
  private readonly encoder: EventEncoder;
  readonly lifetime: Lifetime;
  private readonly maxBufferedBytes: number;
  private readonly onEnd: () => void;

  constructor(id: number, socket: PeerSocket, encoder: EventEncoder, lifetime: Lifetime, maxBufferedBytes: number, onEnd: () => void) {
    this.id = id;
    this.socket = socket;
    this.encoder = encoder;
    this.lifetime = lifetime;
    this.maxBufferedBytes = maxBufferedBytes;
    this.onEnd = onEnd;
  }

  /** Whether it was ended here, not by its source. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** The answer to `subscribe` has been sent. */
  acknowledged(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const frame of waiting) sendEvent(this.socket, frame);
    if (this.#ended) this.lifetime.abort(OVER);
  }

  next(message: EventMessage): void {
    if (!this.#ended) this.#send(this.encoder.frame(message, this.id));
  }

  gap(): void {
    if (!this.#ended) this.#send(new SharedFrame(encodeNotification('gap', { subscription: this.id })));
  }

  end(error?: ApiError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#send(new SharedFrame(encodeNotification('end', { subscription: this.id, ...(error && { error }) })));
    this.onEnd();
    // A source may still refuse what it has ended, and then that is the answer.
    if (!this.#waiting) this.lifetime.abort(OVER);
  }

  #send(frame: SharedFrame): void {
    if (!this.#waiting) return sendEvent(this.socket, frame);
    this.#waiting.push(frame);
    this.#waitingBytes += frame.bytes.length;
    if (this.#waitingBytes <= this.maxBufferedBytes || this.#ended) return;
    this.end(new ApiError('RESOURCE_EXHAUSTED', 'the reader fell behind: resume from the last event'));
    this.#isCut = true;
    this.lifetime.abort(OVER);
  }
}

const OVER = new ApiError('CANCELLED', 'the subscription is over');
