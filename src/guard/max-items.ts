import { ApiError } from '../core/errors.ts';
import { endOfText } from './json-outline.ts';
import { parseJson } from '../peer/json.ts';

/** Items of lists and members of objects that one message may hold, unless the option `maxItems` says otherwise. */
export const MAX_ITEMS = 100_000;

/** A message has more items than a server reads. */
export function tooManyItems(maxItems: number): ApiError {
  return new ApiError('INVALID_ARGUMENT', `the message has more than ${maxItems} items`);
}

/** As `parseJson`, of a message with `maxItems` items of lists and members of objects at most, which are counted before any is made. */
export function parseMessage(text: string, maxItems: number, maxDepth?: number): unknown {
  if (hasMoreItems(text, maxItems)) throw tooManyItems(maxItems);
  return parseJson(text, maxDepth);
}

const QUOTE = 0x22;

/** Whether a JSON text has more items on all its levels together. Every item takes two characters at least, so that most texts are not looked at. */
export function hasMoreItems(text: string, maxItems: number): boolean {
  return text.length > 2 * maxItems && countItems(text, maxItems) > maxItems;
}

/** How many items a JSON text has, or one more than `enough`. */
export function countItems(text: string, enough: number): number {
  let items = 0;
  // Whether a list or an object has begun and nothing has been seen in it.
  let isEmpty = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char <= 0x20) continue;
    if (char === 0x5d || char === 0x7d) {
      isEmpty = false;
      continue;
    }
    // A comma stands before each item but the first.
    if (isEmpty || char === 0x2c) if (++items > enough) return items;
    isEmpty = char === 0x5b || char === 0x7b;
    if (char === QUOTE) at = endOfText(text, at);
  }
  return items;
}
