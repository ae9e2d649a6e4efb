/** A request of MQTT 3.1.1, and of callers that name no response topic: its properties are in its JSON. */
import { ApiError, type JsonObject } from '../../core/errors.ts';
import { outlineOf } from '../../guard/json-outline.ts';
import { parseMessage } from '../../guard/max-items.ts';
import type { RawHeaders } from '../../guard/serve-call.ts';
import { isObject } from '../../peer/error-body.ts';
import { isTextId, MAX_ID_CHARS } from '../../peer/json.ts';
import { printable } from '../../peer/text/printable.ts';
import { checkHeaderSize, type Outcome } from '../wire.ts';

/** The facts about a request that are needed before its input is read. */
export interface Envelope {
  readonly replyTo: string;
  readonly id: string | number;
  /** Those that are text. */
  readonly headers: RawHeaders;
}

/** The topic to which a request wants its reply. The rest of it is not built: its caller may not be allowed to ask. */
export function replyTopicOf(text: string): unknown {
  return outlineOf(text, ['replyTo'])['replyTo'];
}

/** Reads an envelope but for its input. Throws INVALID_ARGUMENT that says what is missing: nobody can be answered then. */
export function decodeEnvelope(text: string): Envelope {
  const { replyTo, id, headers } = outlineOf(text, ['replyTo', 'id', 'headers']);
  if (typeof replyTo !== 'string')
    throw new ApiError(
      'INVALID_ARGUMENT',
      "a request without a response topic is an object { replyTo, id, input, headers }, and names one in 'replyTo'",
    );
  // `1e400` is JSON, but nothing that JSON could give back.
  if (!isTextId(id) && !(typeof id === 'number' && Number.isFinite(id)))
    throw new ApiError('INVALID_ARGUMENT', `a request without correlation data has an 'id' of at most ${MAX_ID_CHARS} characters`);
  return { replyTo, id, headers: isObject(headers) ? textsOf(headers) : {} };
}

/** Reads the input of an envelope. Throws INVALID_ARGUMENT, which its caller can be told. */
export function inputOf(text: string, maxItems: number): unknown {
  // For its limit of nesting: the envelope is a level of its own.
  const value = parseMessage(text, maxItems, 65);
  const { input, headers } = isObject(value) ? value : {};
  const mistake = mistakeOf(headers);
  if (mistake !== undefined) throw new ApiError('INVALID_ARGUMENT', mistake);
  // So large ones were not built before.
  if (isObject(headers)) checkHeaderSize(textsOf(headers));
  return input;
}

/** The reply to an envelope. */
export function encodeEnvelopeReply(outcome: Outcome, id: string | number): string {
  const { headers } = outcome;
  return JSON.stringify('error' in outcome ? { id, error: outcome.error, headers } : { id, output: outcome.output ?? null, headers });
}

function mistakeOf(headers: unknown): string | undefined {
  if (headers === undefined) return undefined;
  if (!isObject(headers)) return "'headers' must be an object";
  const wrong = Object.entries(headers).find(([, value]) => typeof value !== 'string');
  return wrong && `the header '${printable(wrong[0], 100)}' must be a string`;
}

function textsOf(headers: JsonObject): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
