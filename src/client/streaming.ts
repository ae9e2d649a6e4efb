import type { Operation } from '../core/contract.ts';
import { ApiError } from '../core/errors.ts';
import type { EventSink, Headers, StreamRequest, Transport } from '../core/transport.ts';
import { checkedSink, inputOf } from '../guard/guard.ts';
import type { Lifetime } from '../life/lifetime.ts';
import { converterOf } from '../schema/codec/codec.ts';
import { decodedError } from './application-form.ts';
import { ItemReader } from './item-stream.ts';

/** What a streamed operation is run with. */
interface Run {
  readonly transport: Transport;
  readonly operation: Operation;
  readonly input: unknown;
  readonly headers: Headers;
  /** Begins the call's life: the deadline is for the whole stream if the caller gave one, else for the start alone. */
  readonly begin: () => Lifetime;
  readonly isTimed: boolean;
  /** Why a stream cannot be run as asked, if so. */
  readonly refused: ApiError | undefined;
}

const LEFT = new ApiError('CANCELLED', 'the loop was left');

/** Runs a streamed operation; failures come out of the loop. */
export function openStream(run: Run): ItemReader<unknown> {
  let lifetime: Lifetime | undefined;
  const reader = new ItemReader<unknown>(() => lifetime?.abort(LEFT));
  const { operation, transport } = run;
  const finish = (error?: unknown) => {
    reader.end(
      error === undefined ? undefined : ApiError.from(error, 'UNKNOWN', `${operation.name} failed in the transport ${transport.name}`),
    );
    lifetime?.abort(LEFT);
  };
  try {
    if (run.refused) throw run.refused;
    lifetime = run.begin();
    const life = lifetime;
    // The reason comes out of the loop, also if the far side is not there to say it.
    life.listen((reason) => reader.end(reason === LEFT ? undefined : reason));
    start(run, life, reader, finish).catch(finish);
  } catch (error) {
    finish(error);
  }
  return reader;
}

async function start(
  { transport, operation, input, headers, isTimed }: Run,
  lifetime: Lifetime,
  reader: ItemReader<unknown>,
  finish: (error?: unknown) => void,
): Promise<void> {
  const encoder = converterOf(operation.input);
  const decoder = converterOf(operation.item);
  const wire = encoder ? inputOf(await encoder.encode(input), operation) : input;
  const items: EventSink = {
    next: ({ data }) => reader.push(data),
    gap: () => {},
    end: (error) => void (error ? decodedError(operation, error).then(finish) : finish()),
  };
  const sink = decoder ? checkedSink(decoder.decode, operation.name, items) : items;
  const request: StreamRequest = {
    operation,
    input: wire,
    headers,
    signal: lifetime.signal,
    ...(isTimed && lifetime.deadline !== undefined && { deadline: lifetime.deadline }),
  };
  const opening = transport.subscribe(request, sink).catch(async (error: unknown) => Promise.reject(await decodedError(operation, error)));
  if (isTimed) await opening;
  else await lifetime.start(() => opening);
}
