import type { IncomingMessage } from 'node:http';
import { after, type StopTimer } from '../../life/timers.ts';
import { cutOff, tooLarge, tooSlow } from '../message/body.ts';
import type { HttpError } from '../message/error.ts';

/** Collects a body piece by piece: gives all of it to `done`, and why there is none to `failed`. */
export function collectBody(
  raw: IncomingMessage,
  { maxBytes, timeoutMs }: { readonly maxBytes: number; readonly timeoutMs: number },
  done: (bytes: Buffer) => void,
  failed: (error: HttpError) => void,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  let isOver = false;
  let stopWaiting: StopTimer | undefined;
  const onData = (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes) return fail(tooLarge(maxBytes));
    chunks.push(chunk);
  };
  // Listeners that will hear no more are left in place: taking them off costs more than the rest of a small body.
  const onEnd = () => {
    stopWaiting?.();
    isOver = true;
    done(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size));
  };
  const onCut = () => isOver || fail(cutOff());
  const fail = (error: HttpError) => {
    stopWaiting?.();
    isOver = true;
    raw.off('data', onData).off('end', onEnd).off('close', onCut);
    // The rest stays in the socket until the answer has been sent.
    raw.pause();
    failed(error);
  };
  if (raw.destroyed) return void onCut();
  raw.on('data', onData).on('end', onEnd).on('close', onCut);
  // One that is complete by now needs no timer.
  queueMicrotask(() => {
    if (!isOver && !raw.complete) stopWaiting = after(timeoutMs, () => fail(tooSlow(timeoutMs)));
  });
}
