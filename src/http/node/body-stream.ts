import type { IncomingMessage } from 'node:http';
import { cutOff, tooLarge, tooSlow } from '../message/body.ts';
import { inTime } from '../../life/timers.ts';

/** How a body is read piece by piece. */
export interface BodyStreamOptions {
  readonly maxBytes: number;
  /** How long each piece may take. */
  readonly timeoutMs: number;
  /** Called before the first piece is read. */
  readonly begin: () => void;
}

/** The body of a request, piece by piece, each read when it is asked for. Leaving it does not end the connection, on which an answer is to be sent. */
export function streamOf(raw: IncomingMessage, { maxBytes, timeoutMs, begin }: BodyStreamOptions): AsyncIterable<Uint8Array> {
  let pieces: AsyncIterator<Buffer> | undefined;
  let size = 0;
  const leave = async (): Promise<IteratorResult<Uint8Array>> => {
    await pieces?.return?.();
    return { done: true, value: undefined };
  };
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    if (!pieces) {
      if (raw.destroyed && !raw.complete) throw cutOff();
      begin();
      pieces = raw.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    }
    const step = await within(pieces.next(), timeoutMs);
    if (step.done) {
      if (!raw.complete) throw cutOff();
      return step;
    }
    size += step.value.length;
    if (size <= maxBytes) return step;
    void leave();
    throw tooLarge(maxBytes);
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: leave }) };
}

/** The pieces that come in time. A caller that sends nothing for so long gets 408, and one that is gone has cut its body. */
function within<T>(piece: Promise<T>, timeoutMs: number): Promise<T> {
  const whole = piece.catch(() => Promise.reject<T>(cutOff()));
  return inTime(timeoutMs, whole, () => tooSlow(timeoutMs));
}

/** Pieces that are here. */
export async function* piecesOf(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}
