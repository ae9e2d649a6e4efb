import type { Contract, EventDefinition, Operation, Schema } from '../core/contract.ts';
import { ApiError, isApiError, type JsonObject } from '../core/errors.ts';
import { own } from '../core/own.ts';
import { shapeOf } from '../core/shape.ts';
import type { EventSink, Selection } from '../core/transport.ts';
import { cancelled, onAbort } from '../life/lifetime.ts';
import { checkedSink } from '../guard/checked-sink.ts';
import { inputOf } from '../guard/checks.ts';
import { planSelection } from '../guard/select.ts';
import type { FileBody } from '../schema/codec/file-body.ts';
import { isFileBody } from '../schema/codec/file-class.ts';
import { converterOf } from '../schema/codec/codec.ts';
import { issuesError } from '../schema/check/issues.ts';
import { isPromiseLike } from '../life/maybe.ts';

export { converterOf } from '../schema/codec/codec.ts';

/** Makes a call with application values by a function that sends wire values. */
export async function callInApplicationForm(
  contract: Contract,
  operation: Operation,
  select: Selection | undefined,
  input: unknown,
  send: (wire: unknown) => Promise<unknown>,
  signal?: AbortSignal,
): Promise<unknown> {
  const encoder = converterOf(operation.input);
  const wire = encoder ? inputOf(await encoder.encode(input), operation) : input;
  const output = await send(wire).catch(async (error: unknown) => Promise.reject(await decodedError(operation, error)));
  const converter = converterOf(select ? planSelection(contract, operation, select).schema : operation.output);
  const decoded = await converter?.decode(output);
  if (!decoded) return output;
  if (decoded.issues) throw issuesError('DATA_LOSS', `${operation.name}: the reply breaks the contract`, decoded.issues);
  return signal && isFileBody(decoded.value) ? until(decoded.value, signal) : decoded.value;
}

/** A file whose content ends with the caller's signal, also before it is read. */
function until(file: FileBody, signal: AbortSignal): FileBody {
  return file.through((content) => {
    const pieces = content[Symbol.asyncIterator]();
    let reason: ApiError | undefined;
    let refuse: ((reason: ApiError) => void) | undefined;
    const unlisten = onAbort(signal, () => {
      reason = cancelled(signal);
      refuse?.(reason);
      void Promise.resolve(pieces.return?.()).catch(() => {});
    });
    const next = () =>
      new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        if (reason) return reject(reason);
        refuse = reject;
        pieces.next().then((step) => {
          if (step.done) unlisten();
          resolve(step);
        }, reject);
      });
    const leave = async (): Promise<IteratorResult<Uint8Array>> => {
      unlisten();
      await pieces.return?.();
      return { done: true, value: undefined };
    };
    return { [Symbol.asyncIterator]: () => ({ next, return: leave }) };
  });
}

/** An input in wire form, `undefined` for one that has none. */
export async function wireInput(schema: Schema, input: unknown): Promise<unknown> {
  const encoded = await converterOf(schema)?.encode(input);
  return encoded?.issues ? undefined : encoded?.value;
}

/** The error with its details in application form. */
export async function decodedError({ errors }: Operation, error: unknown): Promise<unknown> {
  if (!isApiError(error) || error.reason === undefined) return error;
  const decoded = await converterOf(own(errors, error.reason)?.details)?.decode(error.details);
  if (!decoded) return error;
  // If the guard took a value for the wire side and no codec reads it, the value is its code.
  return error.with(
    decoded.issues ? { reason: undefined, cause: error.cause } : { details: decoded.value as JsonObject, cause: error.cause },
  );
}

/** Brings an event into its application form, if it has codecs. */
export function decodingOf(event: EventDefinition): ((sink: EventSink) => EventSink) | undefined {
  const decoder = converterOf(event.payload);
  return decoder && ((sink) => checkedSink(decoder.decode, event.name, sink));
}

/** The wire form of what a subscriber fixes. Throws INVALID_ARGUMENT. */
export function paramsOnWire(event: EventDefinition, params: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!converterOf(event.payload)) return params;
  const shape = shapeOf(event.payload);
  const fields = shape.kind === 'object' ? shape.fields : {};
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => {
      const encoded = value === undefined ? undefined : converterOf(own(fields, name))?.encode(value);
      if (isPromiseLike(encoded))
        throw new ApiError('INVALID_ARGUMENT', `${event.name}: the codec of the parameter '${name}' is asynchronous`, { sent: false });
      return [name, encoded ? inputOf(encoded, event) : value];
    }),
  );
}
