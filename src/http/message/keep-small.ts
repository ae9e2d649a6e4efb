import { ApiError } from '../../core/errors.ts';
import { concatBytes } from '../../schema/codec/concat.ts';
import { HttpError } from './error.ts';
import { codeOfRefusal } from './status.ts';

/** How many bytes of a request may still be kept in memory. */
export interface Held {
  left: number;
}

/** Pieces, and what is to be looked at after the last one before they count as complete. */
export interface Pieces extends AsyncIterator<Uint8Array> {
  readonly finish?: () => Promise<void>;
}

/** A content in memory if it is small enough; otherwise its pieces, of which the first are here and the others come when they are asked for. */
export async function keepSmall(pieces: Pieces, held: Held): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
  const kept: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const step = await pieces.next();
    if (step.done) break;
    kept.push(step.value);
    size += step.value.byteLength;
    if (size > held.left) return rest(kept, pieces);
  }
  held.left -= size;
  const whole = concatBytes(kept);
  // A copy, because a piece may be a part of what else was read with it.
  return kept.length === 1 ? whole.slice() : whole;
}

function rest(kept: Uint8Array[], pieces: Pieces): AsyncIterable<Uint8Array> {
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    const first = kept.shift();
    if (first) return { done: false, value: first };
    try {
      const step = await pieces.next();
      if (step.done) await pieces.finish?.();
      return step;
    } catch (error) {
      // A handler may hand it on, and must not be taken for broken.
      throw error instanceof HttpError ? new ApiError(codeOfRefusal(error.status), error.message) : error;
    }
  };
  const leave = async (): Promise<IteratorResult<Uint8Array>> => {
    kept.length = 0;
    await pieces.return?.();
    return { done: true, value: undefined };
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: leave }) };
}
