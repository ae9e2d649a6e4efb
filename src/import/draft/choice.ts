import { nearest } from '../../core/nearest.ts';
import { ImportError } from '../load/error.ts';

/** More operations in one module help nobody: editors and reviewers give up before. */
const MAX_OPERATIONS = 5000;

/** Which operations are imported: all, or those that names and globs choose. */
export class Choice {
  readonly #patterns: readonly { readonly text: string; readonly regex: RegExp }[];

  constructor(only: readonly string[]) {
    this.#patterns = only.map((text) => ({ text, regex: globOf(text) }));
  }

  /**
   * The members that are chosen, in their own order; `namesOf` gives all that one may be called.
   * @throws ImportError for a name that fits nothing, and for too many members
   */
  of<T>(members: readonly T[], namesOf: (member: T) => readonly (string | undefined)[]): readonly T[] {
    const isChosen = members.map((member) => this.#patterns.length === 0 || this.#fits(namesOf(member)));
    for (const { text, regex } of this.#patterns) {
      if (members.some((member) => namesOf(member).some((name) => name !== undefined && regex.test(name)))) continue;
      const known = members.flatMap((member) => namesOf(member).slice(0, 1)).filter((name) => name !== undefined);
      const like = nearest(text, known.slice(0, 10_000));
      const hint =
        like === undefined ? `it has ${members.length}, such as ${known.slice(0, 5).join(', ') || 'none'}` : `did you mean '${like}'?`;
      throw new ImportError(`--only ${text}: the description has no such operation: ${hint}`);
    }
    const chosen = members.filter((_, index) => isChosen[index]);
    if (chosen.length > MAX_OPERATIONS)
      throw new ImportError(
        `the description has ${chosen.length} operations, and a module takes ${MAX_OPERATIONS}: choose some with --only`,
      );
    return chosen;
  }

  #fits(names: readonly (string | undefined)[]): boolean {
    return this.#patterns.some(({ regex }) => names.some((name) => name !== undefined && regex.test(name)));
  }
}

/** `get*` or `GET /pets/*`: a star is any text. */
function globOf(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'i');
}
