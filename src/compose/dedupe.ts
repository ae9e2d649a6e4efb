import type { CallRequest, OnResponse, ResponseHead } from '../core/transport.ts';
import { changed, endingOf } from '../life/call.ts';
import { Lifetime } from '../life/lifetime.ts';
import { ApiError } from '../core/errors.ts';
import { queryKey } from './query-key.ts';
import { compose, type Composed, type Source } from './wrap.ts';

/** A query in flight, and how many wait for it. */
interface Flight {
  readonly lifetime: Lifetime;
  readonly output: Promise<unknown>;
  /** The head of the answer, when it is there. */
  readonly response: () => ResponseHead | undefined;
  waiting: number;
}

/**
 * Sends equal queries in flight only once. Queries are equal if input, selection and headers are the same, apart from headers of traces. Each caller gets a copy of the output
 * of its own, and may leave without ending it for the others. Mutations, streams and subscriptions pass.
 */
export function dedupe<S extends Source>(source: S): Composed<S> {
  return compose(source, (inner) => {
    const flights = new Map<string, Flight>();
    return {
      call(request) {
        if (request.operation.kind !== 'query') return inner.call(request);
        const key = queryKey(request);
        if (key === undefined) return inner.call(request);
        const known = flights.get(key);
        if (known) return join(known, request, true);
        // Without a deadline: each caller has one of its own, and the last that leaves ends it.
        const lifetime = new Lifetime();
        let response: ResponseHead | undefined;
        const onResponse: OnResponse = (given) => (response = given);
        const begun = lifetime.settle(() => inner.call(changed(request, { deadline: undefined, onResponse }, lifetime)));
        const flight: Flight = { lifetime, output: begun, response: () => response, waiting: 0 };
        flights.set(key, flight);
        const land = () => {
          if (flights.get(key) === flight) flights.delete(key);
        };
        begun.then(land, land);
        lifetime.listen(land);
        return join(flight, request, false);
      },
    };
  });
}

/** Waits for a flight as long as the caller does; the last that leaves ends it. */
function join(flight: Flight, request: CallRequest, isCopied: boolean): Promise<unknown> {
  flight.waiting++;
  return new Promise((resolve, reject) => {
    const leave = () => {
      if (--flight.waiting === 0) flight.lifetime.abort(new ApiError('CANCELLED', 'all callers have left'));
    };
    const unlisten = endingOf(request).listen((reason) => {
      leave();
      reject(reason);
    });
    const tell = () => {
      unlisten();
      const response = flight.response();
      if (response) request.onResponse?.(response);
    };
    flight.output.then(
      (output) => {
        tell();
        resolve(isCopied ? structuredClone(output) : output);
      },
      (error: unknown) => {
        tell();
        reject(error);
      },
    );
  });
}
