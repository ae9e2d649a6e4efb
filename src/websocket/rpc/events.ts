import { ApiError } from '../../core/errors.ts';
import type { Lifetime } from '../../life/lifetime.ts';
import type { EventMessage, EventSink } from '../../core/transport.ts';
import { HeldPieces } from '../../events/held-pieces.ts';
import type { PeerSocket } from '../../socket/peer-socket.ts';
import { SharedFrame } from '../../socket/shared-frame.ts';
import { sendEvent } from '../slow-reader.ts';
import { encodeNotification } from '../wire.ts';

/**
 * Encodes the notifications of one event. A hub hands the same message to all subscribers in a row, and subscriptions are
 * numbered from 1 on each connection and mostly got the same event before it, so that most of them share one frame.
 */
export class EventEncoder {
  #last: EventMessage | undefined;
  #tail = '';
  /** The frames for those who got `#after` before it, by their subscription. */
  readonly #frames = new Map<number, SharedFrame>();
  #after = '';

  /** `after` is the event that the subscription got before it. */
  frame(message: EventMessage, subscription: number, after: string): SharedFrame {
    if (after !== this.#after) {
      this.#after = after;
      this.#frames.clear();
    }
    if (message !== this.#last) {
      this.#last = message;
      this.#frames.clear();
      const { id, time, data, traceparent } = message;
      const traced = traceparent === undefined ? '' : `,"traceparent":${JSON.stringify(traceparent)}`;
      this.#tail = `,"id":${JSON.stringify(id)},"time":${JSON.stringify(time)}${traced},"data":${JSON.stringify(data)}}}`;
    }
    let frame = this.#frames.get(subscription);
    if (!frame) {
      frame = new SharedFrame(
        `{"jsonrpc":"2.0","method":"event","params":{"subscription":${subscription},"after":${JSON.stringify(after)}${this.#tail}`,
      );
      this.#frames.set(subscription, frame);
    }
    return frame;
  }
}

/** The sink of one subscription of a connection: holds what comes before its acknowledgement has been sent. */
export class RpcSubscription implements EventSink {
  readonly #pieces: HeldPieces<SharedFrame>;

  readonly id: number;
  /** The event that was sent last, or from which it resumes: so its reader notices that one is missing. */
  #after: string;
  private readonly encoder: EventEncoder;
  readonly lifetime: Lifetime;
  private readonly onEnd: () => void;

  constructor(
    { id, after }: { readonly id: number; readonly after: string },
    socket: PeerSocket,
    encoder: EventEncoder,
    lifetime: Lifetime,
    maxBufferedBytes: number,
    onEnd: () => void,
  ) {
    this.id = id;
    this.#after = after;
    this.encoder = encoder;
    this.lifetime = lifetime;
    this.onEnd = onEnd;
    // A source may still refuse what it has ended, and then that is the answer.
    const leave = () => lifetime.abort(OVER);
    this.#pieces = new HeldPieces(maxBufferedBytes, ({ bytes }) => bytes.length, {
      write: (frame) => sendEvent(socket, frame),
      end: (error) => {
        sendEvent(socket, new SharedFrame(encodeNotification('end', { subscription: id, ...(error && { error }) })));
        leave();
      },
      cut: () => (onEnd(), leave()),
    });
  }

  /** Resolves when it stands. Rejects with why it was refused. */
  subscribe(subscribe: () => Promise<void>): Promise<void> {
    return this.#pieces.subscribe(this.lifetime, subscribe);
  }

  /** The answer to `subscribe` has been sent. */
  acknowledged(): void {
    this.#pieces.begin();
  }

  next(message: EventMessage): void {
    if (this.#pieces.hasEnded) return;
    this.#pieces.write(this.encoder.frame(message, this.id, this.#after));
    this.#after = message.id;
  }

  gap(): void {
    this.#after = '';
    this.#pieces.write(new SharedFrame(encodeNotification('gap', { subscription: this.id })));
  }

  end(error?: ApiError): void {
    if (this.#pieces.hasEnded) return;
    this.#pieces.end(error);
    this.onEnd();
  }
}

const OVER = new ApiError('CANCELLED', 'the subscription is over');
