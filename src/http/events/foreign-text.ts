import { tryParseJson } from '../../peer/json.ts';

/** The meaning of a text from a foreign peer: JSON, or the text itself. An integer that no number holds, such as an id of Mastodon, stays text. */
export function jsonOrText(text: string, maxDepth?: number): unknown {
  const value = tryParseJson(text, maxDepth);
  if (value === undefined) return text;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? text.trim() : value;
}
