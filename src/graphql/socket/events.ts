import type { ApiError } from '../../core/errors.ts';
import { HeldPieces, type PieceOutlet } from '../../events/held-pieces.ts';
import type { Lifetime } from '../../life/lifetime.ts';
import { SharedFrame } from '../../socket/shared-frame.ts';
import type { PayloadSink } from '../engine/encoding-sink.ts';
import { GAP } from '../wire.ts';

/** The events of one subscription as messages of a socket: holds those that come before it stands. */
export class SocketEvents implements PayloadSink {
  readonly #quotedId: string;
  readonly #pieces: HeldPieces<SharedFrame>;

  private readonly outlet: PieceOutlet<SharedFrame>;

  constructor(id: string, maxBufferedBytes: number, outlet: PieceOutlet<SharedFrame>) {
    this.outlet = outlet;
    this.#quotedId = JSON.stringify(id);
    this.#pieces = new HeldPieces(maxBufferedBytes, ({ bytes }) => bytes.length, outlet);
  }

  /** Resolves when it stands. Rejects with why it was refused. */
  subscribe(source: Lifetime, subscribe: () => Promise<void>): Promise<void> {
    return this.#pieces.subscribe(source, subscribe);
  }

  /** The subscription stands, of which a caller that asks is told by `acknowledgement`. */
  begin(acknowledgement: string | undefined): void {
    if (acknowledgement !== undefined) this.outlet.write(encodeNext(this.#quotedId, acknowledgement));
    this.#pieces.begin();
  }

  next(payload: string): void {
    if (!this.#pieces.hasEnded) this.#pieces.write(encodeNext(this.#quotedId, payload));
  }

  gap(): void {
    this.next(GAP);
  }

  end(error?: ApiError): void {
    this.#pieces.end(error);
  }
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
