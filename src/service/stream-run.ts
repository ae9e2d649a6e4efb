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
  /** The part of the error that the caller may see; the service is told of the rest. */
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
  let told: unknown;
  let pending: Promise<unknown> | undefined;
  // Nobody waits for what fails after the stream was left, but the service is told, as it is of calls.
  const late = (error: unknown) => void (error !== told && present(error));
  try {
    for (let number = 1; ; number++) {
      const next = Promise.resolve(iterator.next());
      pending = next;
      const step = await lifetime.alive(next);
      if (step.done) break;
      const data = await encode(step.value);
      if (lifetime.reason) throw lifetime.reason;
      const taken = sink.next({ id: String(number), time: isoNow(), data });
      if (taken) await lifetime.alive(taken);
    }
    isDone = true;
    if (!isLeft()) sink.end();
  } catch (error) {
    told = error;
    const failure = await present(error);
    if (!isLeft()) sink.end(failure);
  } finally {
    pending?.catch(late);
    if (!isDone) await leave(iterator).catch(late);
  }
}

async function leave(iterator: AsyncIterator<unknown>): Promise<void> {
  await iterator.return?.();
}
