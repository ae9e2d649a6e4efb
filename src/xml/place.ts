import { attributeOf, type AttributeName } from './attribute.ts';
import type { AttributeMember, LoosePlan, Member, ObjectPlan } from './plan.ts';
import { shown } from './text.ts';

export type Values = Readonly<Record<string, unknown>>;

/** A value that has no place in the type that it is for. */
export class UnplacedValue extends Error {
  readonly path: (string | number)[];

  constructor(message: string, ...path: (string | number)[]) {
    super(message);
    this.path = path;
  }
}

export function refuseKeys(value: Values): never {
  throw new UnplacedValue(`a text, number or boolean is expected, not an object with ${listed(Object.keys(value))}`);
}

/** A value as an object of the type: a list goes into the one element that repeats, text beside attributes is `#text`. */
export function shape(plan: ObjectPlan, loose: LoosePlan, value: unknown): Values {
  if (isRecord(value)) return value;
  if (value === undefined || value === null) return {};
  if (Array.isArray(value)) {
    const repeated = plan.members.filter((member) => member.repeated);
    const [only] = repeated.length > 0 ? repeated : plan.members;
    if (only && (repeated.length === 1 || plan.members.length === 1)) return { [only.name]: value };
    throw new UnplacedValue('a list has no place here: the type has not exactly one element that repeats');
  }
  if (loose.text) return { '#text': value };
  throw new UnplacedValue(`an object is expected${plan.members.length > 0 ? ` with ${listed(plan.members.map(({ name }) => name))}` : ''}`);
}

/** The type itself, or the one among those derived from it that the value says, or that has a place for all that is in it. */
export function chooseType(plan: ObjectPlan, loose: LoosePlan, value: Values): ObjectPlan {
  const { typed } = loose;
  const said = value['@xsi:type'];
  if (typeof said === 'string') {
    const name = said.replace(/^[^{}:]*:/, '');
    const chosen = [plan, ...typed.derived()].find((each) => {
      const known = each.loose?.typed.name;
      return known === name || known?.replace(/^\{.*\}/, '') === name;
    });
    if (!chosen) throw new UnplacedValue(`'${shown(said)}' is not a type that may stand here`, '@xsi:type');
    return chosen;
  }
  const strays = (of: ObjectPlan): string[] =>
    Object.keys(value).filter((key) => !isAbsent(value[key]) && of.loose?.find(key) === undefined);
  const own = strays(plan);
  if (own.length === 0 && !typed.abstract) return plan;
  const derived = typed.derived().filter((each) => each.loose?.typed.abstract === false);
  if (derived.length === 0) return plan;
  // A discriminator of a union is often the name of the type.
  const named = derived.find((each) => own.some((key) => isNameOf(value[key], each)));
  if (named) return named;
  if (own.some((key) => isNameOf(value[key], plan))) return plan;
  const fitting = derived.find((each) => strays(each).length === 0);
  if (!fitting && typed.abstract) throw new UnplacedValue(`the type is abstract: say '@xsi:type', one of ${listed(derived.map(localOf))}`);
  return fitting ?? plan;
}

function isNameOf(value: unknown, plan: ObjectPlan): boolean {
  return typeof value === 'string' && value.toLowerCase() === localOf(plan).toLowerCase();
}

function localOf({ loose }: ObjectPlan): string {
  return (loose?.typed.name ?? '').replace(/^\{.*\}/, '');
}

/** The values of an object by the members that they are for. */
export class Placed {
  readonly #values = new Map<Member | AttributeMember | '#text', unknown>();
  /** Elements that the type does not name, by their names. */
  readonly rest: [string, unknown][] = [];
  readonly attributes: [AttributeName, unknown][] = [];

  readonly loose: LoosePlan;

  constructor(loose: LoosePlan) {
    this.loose = loose;
  }

  get(member: Member | AttributeMember | '#text'): unknown {
    return this.#values.get(member);
  }

  has(member: Member | AttributeMember | '#text'): boolean {
    return this.#values.has(member);
  }

  set(member: Member | AttributeMember | '#text', value: unknown): void {
    this.#values.set(member, value);
  }
}

export function place(plan: ObjectPlan, loose: LoosePlan, value: Values, isDerived: boolean): Placed {
  const placed = new Placed(loose);
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    const each = value[key];
    if (isAbsent(each) && each !== null) continue;
    if (key === '@xsi:type') continue;
    const open = loose.openAttributes ? attributeOf(key) : undefined;
    // One that the schema names, by its whole name.
    const named = open?.uri && loose.attributes.find((attribute) => attribute.key === `${open.uri} ${open.local}`);
    const member = named || loose.find(key);
    if (member !== undefined) {
      const name = member === '#text' ? member : member.name;
      if (placed.has(member)) {
        // The name that is exactly the element's counts.
        if (name !== key) throw new UnplacedValue(`'${shown(key)}' and another field are both for '${name}'`, key);
      }
      placed.set(member, each);
    } else if (each === null || (isDerived && isNameOf(each, plan)) || isNameOf(each, plan)) continue;
    else if (open) placed.attributes.push([open, each]);
    else if (loose.open && !key.startsWith('@')) placed.rest.push([key, each]);
    else throw new UnplacedValue(`'${shown(key)}' has no place here: ${known(plan, loose)}`, key);
  }
  return placed;
}

function known({ members }: ObjectPlan, { attributes, text }: LoosePlan): string {
  const names = [...members.map(({ name }) => name), ...attributes.map(({ name }) => name), ...(text ? ['#text'] : [])];
  return names.length === 0 ? 'the type is empty' : `the type has ${listed(names)}`;
}

function listed(names: readonly string[]): string {
  const first = names.slice(0, 12).map((name) => shown(name, 40));
  return names.length > first.length ? `${first.join(', ')} and ${names.length - first.length} more` : first.join(', ');
}

/** Writes what stands in `name`, which messages about it begin with. */
export function at<T>(name: string | number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof UnplacedValue) error.path.unshift(name);
    throw error;
  }
}

export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

export function isRecord(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date) && !(value instanceof Uint8Array);
}
