import type { EventDefinition, Operation } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import type { Lifetime } from '../../life/lifetime.ts';
import { parseMessage } from '../../guard/max-items.ts';
import { acceptHeaders, serveCall } from '../../guard/serve-call.ts';
import type { EventMessage, EventSink, Headers, Peer, Transport } from '../../core/transport.ts';
import { HeldPieces } from '../../events/held-pieces.ts';
import type { PeerSocket } from '../../socket/peer-socket.ts';
import type { SocketSession } from '../../socket/server.ts';
import type { SharedFrame } from '../../socket/shared-frame.ts';
import { sendEvent } from '../slow-reader.ts';
import { CLOSE, codeOfClose } from '../../socket/close.ts';
import { CLOSE_CODES, NOT_INITIALIZED } from '../status.ts';
import { isObject } from '../wire.ts';
import type { ChannelFormat } from './format.ts';
import { toldError } from '../../guard/told-error.ts';

/** Frames of one peer that wait for those before them; a peer that sends faster is not read from until they are done. */
const MAX_QUEUED = 64;

/** The purpose of one connection to a channel. */
export interface ChannelInit {
  readonly transport: Transport;
  readonly event: EventDefinition;
  /** The operation whose input each frame of the peer is, if there is one. */
  readonly operation: Operation | undefined;
  /** Channel parameters that the path fixes: payloads that are written have them too. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
  readonly peer: Peer;
  readonly format: ChannelFormat;
  readonly maxBufferedBytes: number;
  readonly maxMessageBytes: number;
  readonly maxItems: number;
  readonly onError: (error: unknown) => void;
}

/** One connection to the plain channel of an event: a frame out is a payload, a frame in is the input of the operation that writes there. */
export class ChannelSession implements EventSink, SocketSession {
  #socket: PeerSocket | undefined;
  readonly #pieces: HeldPieces<SharedFrame>;
  #queue: Promise<void> = Promise.resolve();
  #queued = 0;
  #isHeld = false;
  #cancel: (() => void) | undefined;
  #isStopping = false;

  private readonly init: ChannelInit;
  private readonly lifetime: Lifetime;

  constructor(init: ChannelInit, lifetime: Lifetime) {
    this.init = init;
    this.lifetime = lifetime;
    this.#pieces = new HeldPieces(init.maxBufferedBytes, ({ bytes }) => bytes.length, {
      write: (frame) => this.#socket && sendEvent(this.#socket, frame),
      end: (error) => this.#close(error),
    });
  }

  attach(socket: PeerSocket): void {
    this.#socket = socket;
    this.#pieces.begin();
  }

  /** Frames are taken one after the other, so they are heard in the order in which they were sent. */
  receive(text: string | undefined): void {
    if (this.#isStopping) return;
    if (text === undefined) return this.#refuse(new ApiError('INVALID_ARGUMENT', 'this is a binary frame: send JSON as text'));
    if (++this.#queued >= MAX_QUEUED && !this.#isHeld) {
      this.#isHeld = true;
      this.#socket?.hold();
    }
    this.#queue = this.#queue.then(async () => {
      try {
        if (!this.lifetime.reason) await this.#write(text);
      } catch (error) {
        this.#refuse(error);
      }
      this.#queued--;
      if (this.#isHeld && this.#queued < MAX_QUEUED / 2) {
        this.#isHeld = false;
        this.#socket?.release();
      }
      if (this.#isStopping && this.#queued === 0) this.#goAway();
    });
  }

  refuse(): void {
    this.#refuse(new ApiError('INVALID_ARGUMENT', `a frame holds ${this.init.maxMessageBytes} bytes at most`));
  }

  next(message: EventMessage): void {
    if (!this.#pieces.hasEnded) this.#pieces.write(this.init.format.frame(message));
  }

  /** A plain channel has no words for it, and does not resume. */
  gap(): void {}

  end(error?: ApiError): void {
    this.#pieces.end(error);
  }

  leave(): void {
    this.#cancel?.();
    this.lifetime.abort(LEFT);
  }

  /** Lets what was sent be done, then closes with 1001. */
  stop(): void {
    this.#isStopping = true;
    if (this.#queued === 0) this.#goAway();
  }

  #goAway(): void {
    this.#socket?.close(CLOSE.GOING_AWAY, 'the server is stopping');
  }

  /** Why the service ended the subscription, as a close code. */
  #close(error: ApiError | undefined): void {
    if (!error) return this.#socket?.close(CLOSE.NORMAL, '');
    this.#tell(error);
    const code = CLOSES.find((each) => codeOfClose(each, CLOSE_CODES) === error.code) ?? 1011;
    this.#socket?.close(code, error.code);
  }

  async #write(text: string): Promise<void> {
    const { operation, params, peer, transport, format } = this.init;
    if (!operation) throw new ApiError('UNIMPLEMENTED', `nothing can be written to the channel ${this.init.event.channel}`);
    const value = format.payload(parseMessage(text, this.init.maxItems));
    if (!isObject(value)) throw new ApiError('INVALID_ARGUMENT', `a frame is a JSON object: the input of ${operation.name}`);
    const headers = acceptHeaders(this.init.headers);
    try {
      await serveCall(transport, {
        operation,
        input: { ...value, ...params },
        headers,
        deadline: undefined,
        peer,
        onLeave: (listener) => (this.#cancel = listener),
      });
    } finally {
      this.#cancel = undefined;
    }
  }

  #refuse(error: unknown): void {
    this.#tell(toldError(error, this.init.onError));
  }

  #tell(error: ApiError): void {
    this.#socket?.send(this.init.format.error(error.toJSON()));
  }
}

const CLOSES = [CLOSE.GOING_AWAY, CLOSE.TRY_AGAIN_LATER, NOT_INITIALIZED, 4403] as const;

const LEFT = new ApiError('CANCELLED', 'the peer has left');
