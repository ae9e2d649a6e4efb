import type { CaseContext, ConformanceCase, Level, Verb } from './types.ts';

/** The pages with the product's own rules. */
const RULES = 'docs/protocols/README.md';

/** A case without its link and needs, which a file of cases has in common. */
interface CaseSpec {
  readonly level?: Level;
  readonly link?: string;
  readonly needs?: readonly Verb[];
  run(context: CaseContext): Promise<void>;
}

/** Makes the `define` of one file: `define(id, rule, spec)`. Cases are MUST unless they say otherwise. */
export function casesOf(
  noun: string,
  needs: readonly Verb[],
): (id: string, rule: string, spec: CaseSpec | CaseSpec['run']) => ConformanceCase {
  return (id, rule, spec) => ({
    id: `${noun}-${id}`,
    level: 'MUST',
    rule,
    link: `${RULES}#${noun}`,
    needs,
    ...(typeof spec === 'function' ? { run: spec } : spec),
  });
}
