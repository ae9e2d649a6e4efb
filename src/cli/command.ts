import type { Args, Flags } from './args.ts';

/** One command: its help, and its work. */
export interface Command<F extends Flags = Flags> {
  readonly name: string;
  readonly summary: string;
  /** The text after the name: `<operation> [json]`. */
  readonly positionals: readonly string[];
  readonly flags: F;
  /** More for its help: a paragraph for each. */
  readonly notes: readonly string[];
  readonly examples: readonly (readonly [command: string, says: string])[];
  /** Resolves with the exit code. Throws a `UsageError` for wrong usage. */
  run(args: Args<F>): Promise<number>;
}

/** States a command, so that `run` knows the types of its flags. */
export function defineCommand<const F extends Flags>(command: Command<F>): Command {
  return command;
}
