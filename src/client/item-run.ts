import type { Operation } from '../core/contract.ts';
import type { EventSink, Headers, OnResponse, StreamRequest, Transport } from '../core/transport.ts';
import { openSink } from '../events/open-sink.ts';
import type { PushStream } from '../events/push-stream.ts';
import { checkedSink } from '../guard/checked-sink.ts';
import { inputOf } from '../guard/checks.ts';
import type { Lifetime } from '../life/lifetime.ts';
import type * as ApplicationForm from './application-form.ts';

/** A streamed operation that has begun. */
export interface ItemRun {
  readonly transport: Transport;
  readonly operation: Operation;
  readonly input: unknown;
  readonly headers: Headers;
  readonly lifetime: Lifetime;
  /** Whether the deadline is for the whole stream, because the caller gave it, or only for the start. */
  readonly isTimed: boolean;
  readonly onResponse: OnResponse | undefined;
}

/** Functions that convert items, inputs and errors with codecs. */
type Form = Pick<typeof ApplicationForm, 'converterOf' | 'decodedError'>;

/** Runs a streamed operation into a stream; `finish` is told of its end. Rejects if it cannot be started. */
export async function runItems(
  run: ItemRun,
  form: Form | undefined,
  stream: PushStream<unknown>,
  finish: (error?: unknown) => void,
): Promise<void> {
  const { transport, operation, input, headers, lifetime, isTimed, onResponse } = run;
  const encoder = form?.converterOf(operation.input);
  const decoder = form?.converterOf(operation.item);
  const wire = encoder ? inputOf(await encoder.encode(input), operation) : input;
  const items: EventSink = {
    next: ({ data }) => stream.give(data),
    gap: () => {},
    end: (error) => void (error && form ? form.decodedError(operation, error).then(finish) : finish(error)),
  };
  const sink = decoder ? checkedSink(decoder.decode, operation.name, openSink(items, lifetime.signal)) : items;
  const request: StreamRequest = {
    operation,
    input: wire,
    headers,
    signal: lifetime.signal,
    onResponse,
    ...(isTimed && lifetime.deadline !== undefined && { deadline: lifetime.deadline }),
  };
  const open = () =>
    transport
      .subscribe(request, sink)
      .catch(async (error: unknown) => Promise.reject(form ? await form.decodedError(operation, error) : error));
  if (lifetime.reason) throw lifetime.reason;
  await (isTimed ? open() : lifetime.start(open));
}
