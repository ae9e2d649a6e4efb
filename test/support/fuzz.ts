/**
 * Inputs that nobody meant, from a seed: valid ones that were spoiled, and others. In the suite a few hundred or thousand for each reader;
 * `npm run fuzz` runs 100,000 for each, `FUZZ_RUNS` as many as it says, and `FUZZ_SEED` takes others.
 */
import { seededRandom } from '../../src/schema/sample/random.ts';

/** How many inputs a reader gets: `inSuite` of them in the suite. */
export const runs = (inSuite: number) => Number(process.env['FUZZ_RUNS'] ?? inSuite);
export const RUNS = runs(400);
export const SEED = Number(process.env['FUZZ_SEED'] ?? 18);
/** Time for a test: as good as none is needed for the small run. */
export const FUZZ_TIMEOUT = { timeout: 60_000 + RUNS * 60 };

/** Makes inputs. The same seed and number make the same input. */
export class Dice {
  readonly #random: () => number;

  constructor(index: number) {
    this.#random = seededRandom(SEED * 1_000_003 + index);
  }

  /** From 0 to `below` - 1. */
  int(below: number): number {
    return Math.floor(this.#random() * below);
  }

  chance(part: number): boolean {
    return this.#random() < part;
  }

  pick<T>(among: readonly T[]): T {
    return among[this.int(among.length)] as T;
  }

  list<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.int(most + 1) }, make);
  }

  text(most = 12): string {
    return this.list(most, () => this.pick(CHARS)).join('');
  }

  bytes(most = 40): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length: this.int(most + 1) }, () => this.int(256));
  }

  /** Any JSON value. */
  json(depth = 3): unknown {
    const kind = this.int(depth > 0 ? 8 : 6);
    if (kind === 0) return this.pick(ODD);
    if (kind === 1) return this.text();
    if (kind === 2) return this.int(1_000_000) - 500_000;
    if (kind === 3) return this.chance(0.5);
    if (kind === 4) return null;
    if (kind === 5) return this.#random() * 1e9;
    if (kind === 6) return this.list(4, () => this.json(depth - 1));
    return Object.fromEntries(this.list(4, () => [this.chance(0.5) ? this.pick(NAMES) : this.text(6), this.json(depth - 1)]));
  }

  /** A text that nearly is JSON. */
  nearlyJson(): string {
    const text = JSON.stringify(this.json());
    const at = this.int(text.length + 1);
    const how = this.int(5);
    if (how === 0) return text.slice(0, at);
    if (how === 1) return text.slice(0, at) + this.text(4) + text.slice(at);
    if (how === 2) return '['.repeat(this.pick([10, 63, 64, 65, 200, 5000])) + ']'.repeat(this.pick([0, 64, 200, 5000]));
    if (how === 3) return `\ufeff${text}`;
    return text + text;
  }
}

const CHARS = [
  ...'abcXYZ019 _-./:;,=&?%#+@!~*()[]{}<>"\'\\|^`$',
  '\n',
  '\r',
  '\t',
  '\0',
  '\u0085',
  '\u00e9',
  '\u2028',
  '\u{1f600}',
  '\ufeff',
  '\ufffd',
];
const NAMES = [
  'id', 'n', 'data', 'items', 'error', 'errors', 'message', 'detail', 'code', 'status', 'type', 'result', 'params', 'method', 'jsonrpc', 'next', 'title', 'loc',
  'msg', 'source', 'pointer', '__proto__', 'constructor', 'toString', 'length', '',
]; // prettier-ignore
const ODD: readonly unknown[] = [
  '', 0, -0, 1e308, -1, 2 ** 53, 2 ** 31, '\0', '\ud800', '__proto__', '9'.repeat(400), 'a'.repeat(3000), [], {}, [[]], { __proto__: 1 }, '2026-01-01T00:00:00Z', 'NaN',
]; // prettier-ignore

/** What messages are spoiled with. */
const TOKENS: readonly string[] = [
  '"', "'", '\\', '{', '}', '[', ']', ':', ',', '<', '>', '/>', '&', '&#0;', '&lt;', '<![CDATA[', ']]>', '<!DOCTYPE a [<!ENTITY b "c">]>', '<?x?>', '<!--', '\0', '\n', '\r\n', '\r\n\r\n', '--',
  ' ', '\t', '\u0085', '\u2028', '\ufeff', '1e999', '-0', '-1', '1e308', '9007199254740993', '9'.repeat(400), '0.0000001', 'NaN', 'null', 'true', '""', '{}', '[]', '__proto__',
  '"__proto__":{"polluted":1},', 'constructor', 'toString', '"\\ud800"', '\\u0000', '"\\udc00\\ud800"', 'id', 'data', 'xsi:nil="true"', 'href="#1"', '#', '+', '$', '/', '//', '..', '%00', '%', '=', ';',
  '{"a":'.repeat(70), '['.repeat(70), '<a>'.repeat(70), '['.repeat(5000), '{"a":'.repeat(3000), '<a>'.repeat(3000), 'x'.repeat(3000),
]; // prettier-ignore
/** No UTF-8: a lone byte, an overlong slash, a surrogate, a cut character, beyond Unicode. */
const BAD_UTF8 = [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf4, 0x90, 0x80, 0x80], [0x80]].map((bytes) =>
  Buffer.from(bytes),
);

/** One of the valid messages, spoiled: bits turned, pieces cut, doubled, put elsewhere or mixed with another message; JSON also in its values. */
export function spoil(dice: Dice, valid: readonly (string | Uint8Array)[]): Buffer {
  const chosen = dice.pick(valid);
  let bytes: Buffer = Buffer.from(chosen);
  if (dice.chance(0.4)) {
    const json = jsonOf(bytes.toString());
    if (json !== undefined) bytes = Buffer.from(spoiledJson(dice, json));
    if (json !== undefined && dice.chance(0.7)) return bytes;
  }
  for (let edits = 1 + dice.int(3); edits > 0; edits--) bytes = edited(dice, bytes, valid);
  return bytes;
}

/** Spoiled, as a frame of a WebSocket: nearly always text in UTF-8, because another one ends the connection. */
export function spoilFrame(
  dice: Dice,
  valid: readonly string[],
): { readonly data: string | Buffer; readonly binary: boolean; readonly text: string | undefined } {
  const bytes = spoil(dice, valid);
  if (dice.chance(0.03)) return { data: bytes, binary: dice.chance(0.5), text: undefined };
  return { data: bytes.toString(), binary: false, text: bytes.toString() };
}

function edited(dice: Dice, bytes: Buffer, valid: readonly (string | Uint8Array)[]): Buffer {
  const [from, to] = [dice.int(bytes.length + 1), dice.int(bytes.length + 1)].sort((a, b) => a - b) as [number, number];
  const [before, piece, after] = [bytes.subarray(0, from), bytes.subarray(from, to), bytes.subarray(to)];
  const short = bytes.subarray(from, from + 1 + dice.int(8));
  switch (dice.int(9)) {
    case 0:
      return before;
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([before, piece, piece, after]);
    case 3: {
      const other = Buffer.from(dice.pick(valid));
      return Buffer.concat([before, other.subarray(dice.int(other.length + 1))]);
    }
    case 4:
      return Buffer.concat([before, dice.chance(0.2) ? dice.pick(BAD_UTF8) : Buffer.from(dice.pick(TOKENS)), bytes.subarray(from)]);
    case 5:
      return Buffer.concat([before, Buffer.from(dice.pick(TOKENS)), bytes.subarray(from + short.length)]);
    case 6:
      return Buffer.concat([before, bytes.subarray(from + short.length), short]);
    case 7:
      return Buffer.concat([before, Buffer.from(dice.bytes(12)), bytes.subarray(from)]);
    default: {
      const copy = Buffer.from(bytes);
      for (let flips = 1 + dice.int(4); flips > 0 && copy.length > 0; flips--) {
        const at = dice.int(copy.length);
        copy[at] = (copy[at] ?? 0) ^ (1 << dice.int(8));
      }
      return copy;
    }
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The text of a JSON value with one or two of its values, names or places changed. */
export function spoiledJson(dice: Dice, value: unknown): string {
  let changes = 1 + dice.int(2);
  const visit = (at: unknown, depth: number): unknown => {
    if (changes > 0 && dice.chance(depth === 0 ? 0.02 : 0.15)) {
      changes--;
      return dice.chance(0.1) ? nested(dice) : dice.chance(0.3) ? [at, at] : dice.json(2);
    }
    if (Array.isArray(at)) return at.map((each) => visit(each, depth + 1));
    if (typeof at !== 'object' || at === null) return at;
    const entries = Object.entries(at).flatMap(([name, each]): [string, unknown][] => {
      if (changes === 0 || !dice.chance(0.1)) return [[name, visit(each, depth + 1)]];
      changes--;
      return dice.pick<[string, unknown][]>([[], [[dice.pick(NAMES), each]], [[name, each], [dice.text(6), dice.json(1)]], [['__proto__', each], [name, each]]]); // prettier-ignore
    });
    // Not by assignment, which a member named __proto__ would not survive.
    return Object.fromEntries(entries);
  };
  const text = JSON.stringify(visit(value, 0)) ?? 'null';
  return dice.chance(0.1)
    ? text.replace(/-?\b\d+\b/, dice.pick(['1e999', '-0', '9'.repeat(400), '01', '1e-400', '9007199254740993', '0x1']))
    : text;
}

/** A value that nests deeply. */
function nested(dice: Dice): unknown {
  let value: unknown = 1;
  for (let depth = dice.pick([62, 64, 66, 200, 2000]); depth > 0; depth--) value = dice.chance(0.5) ? [value] : { a: value };
  return value;
}

/** What no answer may hold: a stack, an exception's name, a place in a file. */
const INTERNALS =
  /\n\s+at |node:internal|file:\/\/\/|\b(?:Type|Range|Syntax|Reference)Error\b|Maximum call stack|node_modules|\bsrc\/\w+\//;

/** Throws if a text for a peer tells of the inside of the process. */
export function tellsNothingInternal(text: string): void {
  const found = INTERNALS.exec(text);
  if (found) throw new Error(`an answer tells of the inside: ${text.slice(Math.max(0, found.index - 200), found.index + 200)}`);
}

/** Resolves with what `run` gives; throws if it takes longer than any peer here may. */
export async function inTime<T>(run: Promise<T>, what: () => string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`hangs: ${what()}`)), 20_000);
  });
  try {
    return await Promise.race([run, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs `one` for each number, some at a time; the first failure names its seed and number. */
export async function each(runs: number, atOnce: number, one: (index: number, worker: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (worker: number) => {
    while (next < runs) {
      const index = next++;
      try {
        await one(index, worker);
      } catch (error) {
        next = runs;
        throw new Error(`FUZZ_SEED=${SEED}, input ${index}: ${(error as Error).message}`, { cause: error });
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, worker) => work(worker)));
}

/** Tells what a full run has seen. */
export function figures(name: string, counts: Readonly<Record<string, number>>): void {
  if (process.env['FUZZ_RUNS'] !== undefined) process.stderr.write(`${name}, seed ${SEED}: ${JSON.stringify(counts)}\n`);
}
