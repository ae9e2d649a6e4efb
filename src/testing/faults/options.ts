import { readOptions, type OptionReader } from '../../core/options.ts';

/** Options of `faults`. Probabilities are from 0 (never) to 1 (always). */
export interface FaultOptions {
  /** How much longer each call, each start of a subscription and each event takes, in milliseconds: a time, or the least and the most. @default 0 */
  readonly latencyMs?: number | readonly [least: number, most: number] | undefined;
  /**
   * The probability that a message is lost: a call or the start of a subscription then waits for its deadline, because nothing answers; an event
   * does not come, and nobody is told. @default 0
   */
  readonly drop?: number | undefined;
  /** The probability that a message arrives twice: a call runs twice, an event comes twice, and a client drops the second. @default 0 */
  readonly duplicate?: number | undefined;
  /**
   * The probability that the connection breaks: a call runs, and its answer is lost; a subscription or a stream ends before its next event.
   * The caller sees UNAVAILABLE. @default 0
   */
  readonly cut?: number | undefined;
  /** The same seed gives the same faults for the same calls in the same order. @default 1 */
  readonly seed?: number | undefined;
  /** Which operations and events suffer: `(member) => member === 'getUser'`. @default all */
  readonly only?: ((member: string) => boolean) | undefined;
}

const probability: OptionReader<number> = (value, owner, name) => {
  if (value === undefined) return 0;
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw new TypeError(`${owner}: ${name} must be a probability from 0 to 1`);
};

const seed: OptionReader<number> = (value, owner, name) => {
  if (value === undefined) return 1;
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw new TypeError(`${owner}: ${name} must be a whole number`);
};

/** Reads a time, or the least and the most that it may be. */
export const span: OptionReader<readonly [least: number, most: number]> = (value, owner, name) => {
  const [least, most] = Array.isArray(value) ? (value as readonly unknown[]) : [value ?? 0, value ?? 0];
  if (typeof least === 'number' && typeof most === 'number' && least >= 0 && least <= most && most < Infinity) return [least, most];
  throw new TypeError(`${owner}: ${name} must be a number of milliseconds, 0 or more, or a list of the least and the most`);
};

/** @throws TypeError for a value that means nothing */
export function readFaults(options: FaultOptions) {
  return readOptions('faults', options, { latencyMs: span, drop: probability, duplicate: probability, cut: probability, seed }, ['only']);
}

/** Options with their defaults filled in. */
export type FaultsInForce = ReturnType<typeof readFaults>;
