import type { ApiError } from '../core/errors.ts';
import type { EventSink } from '../core/transport.ts';
import type { Lifetime } from '../life/lifetime.ts';
import type { Maybe } from '../life/maybe.ts';
import { isoNow } from '../life/now.ts';

/** The steps that the items of a run go through. */
export interface StreamRun {
  readonly lifetime: Lifetime;
  readonly sink: EventSink;
  /** Makes the wire form of an item. Throws if it breaks the contract. */
  readonly encode: (item: unknown) => Maybe<unknown>;
  /** The part of the error that the caller may see. */
  readonly present: (error: unknown) => Maybe<ApiError>;
  /** Whether the caller wants no more, and so hears of no end either. */
  readonly isLeft: () => boolean;
}

/** The iterator of what a handler returned. Throws a `TypeError` if it cannot be iterated. */
export function iteratorOf(result: unknown, name: string): AsyncIterator<unknown> {
  const { [Symbol.asyncIterator]: iterate } = (result ?? {}) as { readonly [Symbol.asyncIterator]?: () => AsyncIterator<unknown> };
  if (typeof iterate !== 'function')
    throw new TypeError(`the handler of the stream ${name} must return an async iterable, such as an async generator`);
  return iterate.call(result);
}

/** Takes one item after the other to the sink, each once the sink is done with the one before; resolves when the handler has been left. */
export async function runStream(iterator: AsyncIterator<unknown>, { lifetime, sink, encode, present, isLeft }: StreamRun): Promise<void> {
  let isDone = false;
  try {
    for (let number = 1; ; number++) {
      const step = await lifetime.alive(iterator.next());
      if (step.done) break;
      const data = await encode(step.value);
      if (lifetime.reason) throw lifetime.reason;
      const taken = sink.next({ id: String(number), time: isoNow(), data });
      if (taken) await lifetime.alive(taken);
    }
    isDone = true;
    if (!isLeft()) sink.end();
  } catch (error) {
    if (!isLeft()) sink.end(await present(error));
  } finally {
    // A failure of a generator that was left concerns nobody any more.
    if (!isDone) await leave(iterator).catch(() => {});
  }
}

async function leave(iterator: AsyncIterator<unknown>): Promise<void> {
  await iterator.return?.();
}
