/**
 * Inputs as foreign services might send them, from a seed. In the suite a few hundred of each;
 * `FUZZ_RUNS=100000 npx vitest run test/rest/foreign-fuzz.test.ts` runs more, `FUZZ_SEED` takes others.
 */
import { seededRandom } from '../../src/schema/sample/random.ts';

export const RUNS = Number(process.env['FUZZ_RUNS'] ?? 400);
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
