import type { Random } from './random.ts';

/** How often something open-ended (`*`, `+`, `{2,}`) is repeated beyond its least. */
const EXTRA = 3;
const MAX_REPEAT = 200;
/** How many repetitions a text may have in all. */
const MAX_PARTS = 10_000;
const TRIES = 20;

const DIGIT = '0123456789';
const LETTER = 'abcdefghijklmnopqrstuvwxyz';
const WORD = `${LETTER}${LETTER.toUpperCase()}${DIGIT}_`;
const ANY = `${LETTER}${DIGIT}`;
const PRINTABLE = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join('');

/** Makes a piece of text; each is one part of a pattern. */
type Maker = () => string;

/**
 * Text that matches a regular expression, made from its parts: literals, classes, groups, alternatives and repetitions.
 * `undefined` if none was found, as for look-around and back-references, which are not read, and for texts of more than 10,000 repetitions.
 */
export function samplePattern(source: string, random: Random): string | undefined {
  const tester = testerOf(source);
  if (!tester) return undefined;
  try {
    const make = new PatternReader(source, random).read();
    for (let tried = 0; tried < TRIES; tried++) {
      const text = make();
      if (tester.test(text)) return text;
    }
  } catch {
    // It is not read, or longer than anyone wants.
  }
  return undefined;
}

function testerOf(source: string): RegExp | undefined {
  for (const flags of ['u', '']) {
    try {
      return new RegExp(source, flags);
    } catch {
      // Read by the older rules next, and then not at all.
    }
  }
  return undefined;
}

class PatternReader {
  #at = 0;
  #parts = 0;
  private readonly source: string;
  private readonly random: Random;

  constructor(source: string, random: Random) {
    this.source = source;
    this.random = random;
  }

  read(): Maker {
    const make = this.#alternatives();
    if (this.#at < this.source.length) throw new SyntaxError('a bracket too many');
    return () => {
      this.#parts = 0;
      return make();
    };
  }

  #alternatives(): Maker {
    const choices = [this.#sequence()];
    while (this.#take('|')) choices.push(this.#sequence());
    return () => this.#pick(choices)();
  }

  #sequence(): Maker {
    const parts: Maker[] = [];
    while (this.#at < this.source.length && !'|)'.includes(this.#peek())) parts.push(this.#repeated(this.#atom()));
    return () => parts.map((make) => make()).join('');
  }

  #atom(): Maker {
    const char = this.#next();
    if (char === '^' || char === '$') return () => '';
    if (char === '.') return () => this.#pick([...ANY]);
    if (char === '[') return this.#class();
    if (char === '\\') return this.#escape();
    if (char !== '(') return () => char;
    if (this.#take('?') && !this.#take(':')) {
      const [name] = /^<[A-Za-z]\w*>/.exec(this.source.slice(this.#at)) ?? [];
      if (name === undefined) throw new SyntaxError('look-around');
      this.#at += name.length;
    }
    const make = this.#alternatives();
    if (!this.#take(')')) throw new SyntaxError('a bracket is open');
    return make;
  }

  #escape(): Maker {
    const char = this.#next();
    if (char === 'b' || char === 'B') return () => '';
    const set = setOf(char);
    if (set !== undefined) return () => this.#pick([...set]);
    if (/[1-9kpPucx]/.test(char)) throw new SyntaxError('an escape that is not read');
    const literal = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', 0: '\0' }[char] ?? char;
    return () => literal;
  }

  #class(): Maker {
    const isNegated = this.#take('^');
    const members = new Set<string>();
    while (!this.#take(']')) {
      let from = this.#next();
      if (from === '\\') {
        const escaped = this.#next();
        const set = setOf(escaped);
        if (set !== undefined) {
          for (const member of set) members.add(member);
          continue;
        }
        if (/[pPucx]/.test(escaped)) throw new SyntaxError('an escape that is not read');
        from = { n: '\n', r: '\r', t: '\t' }[escaped] ?? escaped;
      }
      if (this.#peek() !== '-' || this.source[this.#at + 1] === ']') {
        members.add(from);
        continue;
      }
      this.#next();
      this.#take('\\');
      const to = this.#next();
      for (let code = from.charCodeAt(0); code <= to.charCodeAt(0); code++) members.add(String.fromCharCode(code));
    }
    const chars = isNegated ? [...ANY, ...PRINTABLE].filter((char) => !members.has(char)) : [...members];
    if (chars.length === 0) throw new SyntaxError('an empty class');
    return () => this.#pick(chars);
  }

  #repeated(make: Maker): Maker {
    const [text, least, comma, most] = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})/.exec(this.source.slice(this.#at)) ?? [];
    if (text === undefined) return make;
    this.#at += text.length;
    this.#take('?');
    const from = text === '*' || text === '?' ? 0 : text === '+' ? 1 : Number(least);
    const open = text === '*' || text === '+' || (comma === ',' && most === '');
    const to = text === '?' ? 1 : open ? from + EXTRA : comma === ',' ? Number(most) : from;
    const limit = Math.max(from, Math.min(to, from + EXTRA, MAX_REPEAT));
    return () => {
      const length = from + Math.floor(this.random() * (limit - from + 1));
      this.#parts += length;
      if (this.#parts > MAX_PARTS) throw new RangeError('too long a text');
      return Array.from({ length }, make).join('');
    };
  }

  #peek(): string {
    return this.source[this.#at] ?? '';
  }

  #next(): string {
    const char = this.source[this.#at++];
    if (char === undefined) throw new SyntaxError('the pattern ends too early');
    return char;
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }

  #pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.random() * values.length)] as T;
  }
}

/** The characters of a class escape, and of its complement; `undefined` for other escapes. */
function setOf(char: string): string | undefined {
  const without = (set: string): string => [...PRINTABLE].filter((each) => !set.includes(each)).join('');
  switch (char) {
    case 'd':
      return DIGIT;
    case 'w':
      return WORD;
    case 's':
      return ' ';
    case 'D':
      return without(DIGIT);
    case 'W':
      return without(WORD);
    case 'S':
      return without(' ');
    default:
      return undefined;
  }
}
