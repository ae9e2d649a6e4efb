import { isWellFormed } from '../../peer/text/well-formed.ts';

/** The text of a message. Throws a `TypeError` for half of a surrogate pair, which has no UTF-8: written, it would be another text. */
export function utf8(text: string): string {
  if (!isWellFormed(text)) throw new TypeError('the text has half of a surrogate pair, which UTF-8 cannot carry');
  return text;
}
