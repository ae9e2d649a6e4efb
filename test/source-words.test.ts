import { describe, expect, it } from 'vitest';
import { proseOfSource } from './support/prose-of-source.ts';

/**
 * How often comments of the sources, and texts such as messages of errors, have words that a reader must read twice. A number only becomes smaller.
 * A word that names a place in SQL counts too, so some never become 0.
 */
const WORDS_OF_SOURCE: readonly (readonly [word: RegExp, most: number])[] = [
  [/\b(?:he|his|him)\b/gi, 0],
  [/\bwhere\b/gi, 64],
  [/(?<!there )\b(?:is|are|was|were) no\b(?! (?:longer|more))/gi, 3],
  [/\bthat there is not\b/gi, 0],
  [/\bwhoever\b/gi, 2],
  [/\bin place of\b/gi, 0],
  [/\bother people's\b|\b(?:somebody|nobody|anybody) else's\b/gi, 2],
  [/(?:^|[.!] )(?:What|Who|Whose|Whom)\b[^?]*$/g, 12],
  [/\bbehind\b/gi, 40],
  [/\balone\b/gi, 16],
  [/\bonce\b/gi, 296],
  [/\bso that\b/gi, 155],
];

describe('words of the sources', () => {
  const all = proseOfSource();

  it.each(WORDS_OF_SOURCE)('%s stands in comments and messages at most so often: %i', (word, most) => {
    const found = all.flatMap(({ at, text }) => (text.match(word) ?? []).map(() => `${at}: ${text.slice(0, 120)}`));
    expect(found.length, found.join('\n')).toBeLessThanOrEqual(most);
  });

  it('stand in sentences of which at most 40 have more than 40', () => {
    const long = all.flatMap(({ at, text }) => text.split(/(?<=[.!?])\s+/).filter((sentence) => sentence.split(' ').length > 40).map(() => at)); // prettier-ignore
    expect(long.length, long.join('\n')).toBeLessThanOrEqual(40);
  });
});
