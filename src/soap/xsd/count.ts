import { nameOf } from '../../xml/tree.ts';
import type { XsdElement, XsdParticle } from './model.ts';

/** How often an element may stand in a type. */
export interface Count {
  readonly element: XsdElement;
  readonly min: number;
  readonly max: number;
  /** Whether it stands in one of several alternatives, and nowhere else. */
  readonly alternative: boolean;
}

/**
 * Counts the elements of a content, by their qualified names in the order of their first places; elements that may replace another are
 * counted too.
 */
export function countElements(particle: XsdParticle): Map<string, Count> {
  const counts = new Map<string, Count>();
  switch (particle.kind) {
    case 'any':
      return counts;
    case 'element': {
      const { element, min, max } = particle;
      const all = [element, ...element.substitutes].filter(({ abstract }) => !abstract);
      for (const each of all)
        counts.set(nameOf(each.uri, each.local), { element: each, min: all.length > 1 ? 0 : min, max, alternative: false });
      return counts;
    }
    case 'choice': {
      const branches = particle.particles.map(countElements);
      for (const branch of branches) {
        for (const [key, { element, max, alternative }] of branch) {
          const before = counts.get(key);
          const min = branches.length === 1 ? (branch.get(key)?.min ?? 0) : Math.min(...branches.map((each) => each.get(key)?.min ?? 0));
          counts.set(key, {
            element: before?.element ?? element,
            min: min * particle.min,
            max: Math.max(before?.max ?? 0, max * particle.max),
            // Of a choice that repeats all may be there.
            alternative: particle.max === 1 && (alternative || branches.some((each) => !each.has(key))),
          });
        }
      }
      return counts;
    }
    default:
      for (const child of particle.particles) {
        for (const [key, { element, min, max, alternative }] of countElements(child)) {
          const before = counts.get(key);
          counts.set(key, {
            element: before?.element ?? element,
            min: (before?.min ?? 0) + min * particle.min,
            max: (before?.max ?? 0) + max * particle.max,
            alternative: alternative && particle.max === 1 && before?.alternative !== false,
          });
        }
      }
      return counts;
  }
}
