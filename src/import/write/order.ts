import { refsOf, type NamedType } from '../draft/type.ts';
import { directRefs } from './schema.ts';

/** A named type in the order in which types are declared. */
export interface Ordered {
  readonly named: NamedType;
  /** Types of its own circle, and itself: TypeScript cannot infer one of them while it infers another, even if that is declared before. */
  readonly circle: ReadonlySet<string>;
  /** It needs itself at once, so that only a lazy schema can say it. */
  readonly lazy: boolean;
  /** Its circle is so large that TypeScript cannot infer the types of one schema from those of the others. */
  readonly isWide: boolean;
}

/** Types of a circle that TypeScript infers from each other without getting too deep. */
const MAX_INFERRED = 20;

/** Orders types so that each is declared after those that it needs, and otherwise as they come. */
export function orderTypes(types: ReadonlyMap<string, NamedType>): Ordered[] {
  return circlesOf(types).flatMap((circle) => {
    const [only] = circle;
    if (circle.length === 1 && only && !refsOf(only.type).has(only.name))
      return [{ named: only, circle: new Set<string>(), lazy: false, isWide: false }];
    // Objects may refer to what comes later; others need their types at once.
    const objects = circle.filter(({ type }) => type.kind === 'object');
    const others = circle.filter(({ type }) => type.kind !== 'object');
    const placed: NamedType[] = [...objects];
    const lazy = new Set<string>();
    const isPlaced = new Set(objects.map(({ name }) => name));
    const inCircle = new Set(circle.map(({ name }) => name));
    while (others.length > 0) {
      const ready = others.findIndex(({ type }) => [...directRefs(type)].every((ref) => !inCircle.has(ref) || isPlaced.has(ref)));
      const [next] = others.splice(Math.max(ready, 0), 1);
      if (!next) break;
      if (ready === -1) lazy.add(next.name);
      placed.push(next);
      isPlaced.add(next.name);
    }
    return placed.map((named) => ({
      named,
      circle: inCircle,
      lazy: lazy.has(named.name),
      isWide: circle.length > MAX_INFERRED,
    }));
  });
}

/** Circles of types, and types outside of one as circles of one; each after those that it refers to. Tarjan's algorithm without recursion. */
function circlesOf(types: ReadonlyMap<string, NamedType>): NamedType[][] {
  const edges = new Map([...types].map(([name, { type }]) => [name, [...refsOf(type)].filter((ref) => types.has(ref))]));
  const position = new Map([...types.keys()].map((name, index) => [name, index]));
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const onStack = new Set<string>();
  const found: NamedType[][] = [];
  for (const root of types.keys()) {
    if (index.has(root)) continue;
    const work: { readonly name: string; next: number }[] = [{ name: root, next: 0 }];
    for (let frame = work.at(-1); frame; frame = work.at(-1)) {
      const { name } = frame;
      if (frame.next === 0) {
        index.set(name, index.size);
        low.set(name, index.get(name) ?? 0);
        stack.push(name);
        onStack.add(name);
      }
      const to = edges.get(name)?.[frame.next++];
      if (to !== undefined) {
        if (!index.has(to)) work.push({ name: to, next: 0 });
        else if (onStack.has(to)) low.set(name, Math.min(low.get(name) ?? 0, index.get(to) ?? 0));
        continue;
      }
      work.pop();
      const parent = work.at(-1);
      if (parent) low.set(parent.name, Math.min(low.get(parent.name) ?? 0, low.get(name) ?? 0));
      if (low.get(name) !== index.get(name)) continue;
      const circle = stack.splice(stack.indexOf(name));
      for (const each of circle) onStack.delete(each);
      circle.sort((a, b) => (position.get(a) ?? 0) - (position.get(b) ?? 0));
      found.push(circle.map((each) => types.get(each)).filter((each) => each !== undefined));
    }
  }
  return found;
}
