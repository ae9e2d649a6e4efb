import { acceptRanges } from '../http/message/accept.ts';
import { EVENT_STREAM_TYPE, JSON_TYPE, RESPONSE_TYPE } from './wire.ts';

/** Whether a caller takes subscriptions in parts, as Apollo's clients do. */
export function takesParts(accept: string | undefined): boolean {
  return accept !== undefined && /\bmultipart\/mixed\s*;[^,]*\bsubscriptionspec\s*=/i.test(accept);
}

/** The possible types of an answer. */
export type AnswerType = typeof JSON_TYPE | typeof RESPONSE_TYPE | typeof EVENT_STREAM_TYPE | 'text/html';

const EXACT: ReadonlyMap<string, AnswerType> = new Map([
  ['*/*', JSON_TYPE],
  [JSON_TYPE, JSON_TYPE],
  [RESPONSE_TYPE, RESPONSE_TYPE],
  [EVENT_STREAM_TYPE, EVENT_STREAM_TYPE],
  ['text/html', 'text/html'],
  ['application/*', RESPONSE_TYPE],
]);

const known = new Map<string, AnswerType | undefined>();

/**
 * The type that a caller likes best of those there are; `application/json` for a caller without a preference, `undefined` if none will do.
 * Source: https://graphql.github.io/graphql-over-http/draft/#sec-Accept
 */
export function negotiate(accept: string | undefined): AnswerType | undefined {
  if (accept === undefined || accept === '') return JSON_TYPE;
  if (known.has(accept)) return known.get(accept);
  let best: AnswerType | undefined;
  let bestQuality = 0;
  for (const { name, quality } of acceptRanges(accept)) {
    const type = EXACT.get(name);
    if (type === undefined || !(quality > bestQuality)) continue;
    best = type;
    bestQuality = quality;
  }
  if (known.size < 100) known.set(accept, best);
  return best;
}
