import { ApiError, isApiError } from '../../core/errors.ts';
import { networkError } from '../../http/client/network-error.ts';
import { onAbort } from '../../life/lifetime.ts';

/** How an answer is taken apart by a mapping's `split`. */
interface PiecesReading {
  /** The stream's name in messages. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly split: (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<unknown>;
  readonly onChunk: (text: string) => void;
  /** Takes one piece; `false` says that it was the last. No more is read while a promise is pending. */
  readonly onPiece: (piece: unknown) => boolean | Promise<boolean>;
  /** Without an error the answer is over. */
  readonly onEnd: (error?: ApiError) => void;
}

/** Reads an answer piece by piece, until its end, the last piece, or the signal aborts, after which nothing is told any more. */
export async function readPieces(body: ReadableStream<Uint8Array>, reading: PiecesReading): Promise<void> {
  const { name, signal, split, onPiece, onEnd } = reading;
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  const unlink = onAbort(signal, cancel);
  let failure: ApiError | undefined;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (;;) {
      let chunk;
      try {
        chunk = await reader.read();
      } catch (error) {
        throw (failure = networkError(error, name, signal));
      }
      if (chunk.done || signal.aborted) return;
      reading.onChunk(`${chunk.value.length} bytes`);
      yield chunk.value;
    }
  }
  try {
    for await (const piece of split(bytes())) if (signal.aborted || !(await onPiece(piece))) return;
    if (!signal.aborted) onEnd(failure);
  } catch (cause) {
    // A library for the format may wrap the connection's error in one of its own.
    const error = failure ?? (isApiError(cause) ? cause : undefined);
    const told = () => new ApiError('DATA_LOSS', `${name}: the mapping's 'split' cannot read the answer`, { remote: true, cause });
    if (!signal.aborted) onEnd(error ?? told());
  } finally {
    unlink();
    cancel();
  }
}
