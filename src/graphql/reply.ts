import { ApiError, type JsonObject } from '../core/errors.ts';
import { MAX_LEVELS, tryParseJson } from '../peer/json.ts';
import type { ClientDocument } from './document/document.ts';
import { decodeErrors, decodeFailure, isObject, readNotes, type ReplyNotes } from './wire.ts';

/** The answer to one request, as far as it could be read. */
export interface Reply {
  readonly status: number;
  /** The body as it came. */
  readonly text: string;
  readonly notes: ReplyNotes;
  /** The address to which a redirect leads. */
  readonly location: string | null;
  /** Whether the body was a JSON object. */
  readonly isObject: boolean;
  readonly data?: unknown;
  readonly errors?: readonly unknown[] | undefined;
  readonly extensions?: JsonObject | undefined;
}

/** Reads an answer by its body, whatever its media type says. */
export function readReply(
  response: { readonly status: number; readonly headers: { get(name: string): string | null } },
  text: string,
  body: unknown = tryParseJson(text.replace(/^\uFEFF/, ''), MAX_LEVELS),
): Reply {
  const { status, headers } = response;
  const { data, errors, extensions } = isObject(body) ? body : {};
  return {
    status,
    text,
    notes: readNotes(status, headers),
    location: headers.get('location'),
    isObject: isObject(body),
    data,
    errors: listOf(errors),
    extensions: isObject(extensions) ? extensions : undefined,
  };
}

/** The output in an answer. Throws what its errors mean, or that it is not GraphQL. */
export function decode(document: ClientDocument, reply: Reply): unknown {
  const failure = failureOf(reply);
  if (failure) throw failure;
  const { status, data } = reply;
  if (data === undefined && status >= 200 && status < 300 && !reply.isObject)
    throw new ApiError('DATA_LOSS', 'the answer is not GraphQL, or too deep: is the url right?', {
      remote: true,
    });
  if (data === undefined || status < 200 || status >= 300) throw decodeFailure(reply.text, reply.location, reply.notes);
  return document.read(data, reply.extensions?.['absent']);
}

/** The error that the errors of an answer mean; `undefined` if it has none. */
export function failureOf({ errors, data, notes }: Reply): ApiError | undefined {
  return errors && errors.length > 0 ? decodeErrors(errors, data, notes) : undefined;
}

/** Servers write a list; some write one error, or its text. */
function listOf(errors: unknown): readonly unknown[] | undefined {
  if (errors === undefined || errors === null) return undefined;
  if (Array.isArray(errors)) return errors as readonly unknown[];
  return [typeof errors === 'string' ? { message: errors } : errors];
}
