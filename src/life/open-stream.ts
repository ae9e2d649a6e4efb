import { ApiError } from '../core/errors.ts';
import { onAbort } from './lifetime.ts';

/** A stream that is open: `controller` ends it, and `release` says that it has ended by itself. */
export interface OpenStream {
  readonly controller: AbortController;
  readonly release: () => void;
}

/** Opens a stream that any of three ends: the caller's `signal`, the end of all that are in `open`, or its own end. */
export function openStream(signal: AbortSignal, open: Set<AbortController>): OpenStream {
  const controller = new AbortController();
  const unlink = onAbort(signal, () => controller.abort(signal.reason));
  open.add(controller);
  const release = () => {
    unlink();
    open.delete(controller);
    controller.abort(new ApiError('CANCELLED', 'the stream is over'));
  };
  return { controller, release };
}
