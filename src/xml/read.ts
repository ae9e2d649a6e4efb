import { ApiError } from '../core/errors.ts';
import { placeItems } from './encoded-array.ts';
import { setOwn } from '../core/own.ts';
import { attributeProperty, isProtocol } from './attribute.ts';
import { KEY } from './contract-plan.ts';
import type { ItemsPlan, LoosePlan, Member, ObjectPlan, Plan, Slot, UntypedPlan } from './plan.ts';
import { isNil, nameOf, resolveName, XSI, type XmlElement } from './tree.ts';
import { shown } from './text.ts';

/** The frame of reading values: the namespace of the message's elements, and its limits. */
export interface ReadContext {
  /** Of elements whose slot names none. */
  readonly namespace: string;
  /** Levels of objects, lists and records. */
  readonly maxDepth: number;
  /** Gets each text that is JSON before it is parsed, and throws for one that is too much. */
  readonly checkJson?: (text: string) => void;
  /** Finds elements by their `id`, for references: those of the SOAP encoding, which PHP writes in literal messages too. */
  readonly byId?: (() => ReadonlyMap<string, XmlElement>) | undefined;
  /** Whether `id` and `href` are attributes like others, and not SOAP's way to refer to elements. @default false */
  readonly ids?: boolean;
  /** How many elements references may still lead to: an element that is referred to twice is read twice. */
  budget?: number;
}

/** The fault of an element, and its place: names are put in front as it is handed up. */
class ReadProblem extends Error {
  readonly path: (string | number)[];

  constructor(message: string, ...path: (string | number)[]) {
    super(message);
    this.path = path;
  }
}

/**
 * Reads an element by its plan. Elements that nobody knows are skipped.
 * @throws `ApiError` INVALID_ARGUMENT with the path of the element that cannot be read.
 */
export function readXml(plan: Plan, element: XmlElement, context: ReadContext): unknown {
  try {
    // An element of a schema may be nil, or say that it is of another type, wherever it stands.
    return isOwn(plan) ? read(plan, element, context, 0) : readElement(plan, element, context, 0);
  } catch (error) {
    if (!(error instanceof ReadProblem)) throw error;
    const path = error.path.map((part) => (typeof part === 'string' ? shown(part) : part));
    throw new ApiError('INVALID_ARGUMENT', `${path.length > 0 ? `${path.join('.')}: ` : ''}${error.message}`, {
      details: { issues: [{ path, message: error.message }] },
    });
  }
}

/** Any XML as a plain value, by how it looks. */
export function plainXml(element: XmlElement, { ids = false }: Pick<ReadContext, 'ids'> = {}): unknown {
  return readXml(ANY, element, { namespace: '', maxDepth: 64, ids });
}

const ANY: UntypedPlan = { kind: 'untyped', byName: () => undefined, byLocal: () => undefined, global: () => undefined };

function tooDeep(maxDepth: number): ApiError {
  return new ApiError('INVALID_ARGUMENT', `the message is nested more than ${maxDepth} levels deep`);
}

function read(plan: Plan, element: XmlElement, context: ReadContext, level: number): unknown {
  switch (plan.kind) {
    case 'text':
      if (element.children.length > 0 && plan.node?.kind !== 'any') {
        const [{ local = '' } = {}] = element.children;
        throw new ReadProblem(`<${shown(local)}> stands at a place of text`, local);
      }
      if (plan.node?.kind === 'any') context.checkJson?.(element.text);
      return plan.read(element.text);
    case 'object':
      return plan.loose ? readLoose(plan, plan.loose, element, context, level + 1) : readObject(plan, element, context, level + 1);
    case 'items':
      return readItems(plan, element, context, level + 1);
    case 'record':
      return readRecord(plan.value, element, context, level + 1);
    case 'choice':
      return readChoice(plan.byElement, element, context, level);
    case 'untyped':
      return readUntyped(plan, element, context, level + 1);
  }
}

function isOwn(plan: Plan): boolean {
  return plan.kind === 'object' && !plan.loose;
}

/** An element of a schema in its place: null, a reference, a type of its own, or its value. */
function readElement(plan: Plan, element: XmlElement, context: ReadContext, level: number): unknown {
  const target = follow(element, context);
  return isNil(target) ? null : read(typeOf(plan, target), target, context, level);
}

/** The plan that an `xsi:type` names, of a schema's types. */
function typeOf(plan: Plan, element: XmlElement): Plan {
  if (element.attributes.size === 0 || plan.kind === 'choice' || plan.kind === 'record' || plan.kind === 'items') return plan;
  const names = plan.kind === 'untyped' ? plan : plan.kind === 'text' ? plan.typed : plan.loose?.typed;
  const type = names && element.attributes.get(`${XSI} type`);
  return (type !== undefined && names?.byName(resolveName(type, element.scope))) || plan;
}

/** The element that one refers to by `href` (SOAP 1.1) or `ref` (SOAP 1.2), else itself. */
function follow(element: XmlElement, context: ReadContext): XmlElement {
  const { byId } = context;
  if (!byId || element.attributes.size === 0 || element.children.length > 0 || element.text !== '') return element;
  const id = element.attributes.get('href') ?? element.attributes.get('http://www.w3.org/2003/05/soap-encoding ref');
  const target = id === undefined ? undefined : byId().get(id.replace(/^#/, ''));
  if (!target) return element;
  context.budget = (context.budget ?? 100_000) - 1 - target.children.length;
  if (context.budget < 0) throw new ApiError('INVALID_ARGUMENT', 'the message refers to too many elements by their ids');
  return target;
}

function within(level: number, { maxDepth }: ReadContext): void {
  if (level > maxDepth) throw tooDeep(maxDepth);
}

/** Reads what stands in `name`, which messages about it begin with. */
function at<T>(name: string | number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ReadProblem) error.path.unshift(name);
    throw error;
  }
}

function refuseText(element: XmlElement): void {
  if (element.text !== '' && element.text.trim() !== '')
    throw new ReadProblem(`the text '${shown(element.text.trim(), 40)}' stands at a place of elements`);
}

function checkNamespace({ local, uri }: XmlElement, namespace: string): void {
  if (uri === namespace) return;
  const where = uri === '' ? 'no namespace' : `the namespace '${shown(uri)}'`;
  throw new ReadProblem(`<${shown(local)}> is in ${where}, not in '${shown(namespace)}'`);
}

function readObject(plan: ObjectPlan, element: XmlElement, context: ReadContext, level: number): unknown {
  within(level, context);
  refuseText(element);
  const value: Record<string, unknown> = {};
  // A list that repeats its element is empty if there is none.
  for (const { repeated, name } of plan.members) if (repeated) setOwn(value, name, []);
  for (const child of element.children) {
    const member = plan.byElement.get(child.local) as Member | undefined;
    if (!member) continue;
    const { name, repeated } = member;
    if (repeated) {
      const list = value[name] as unknown[];
      list.push(at(name, () => at(list.length, () => readOwn(member, child, context, level + 1))));
      continue;
    }
    if (Object.hasOwn(value, name)) throw new ReadProblem(`<${shown(child.local)}> stands there twice`, name);
    const read = at(name, () => readOwn(member, child, context, level));
    // Many stacks write nil for a value that is absent.
    if (read === null && member.optional && !member.property.nullable && isNil(child)) continue;
    setOwn(value, name, read);
  }
  return value;
}

function readOwn(slot: Slot, element: XmlElement, context: ReadContext, level: number): unknown {
  checkNamespace(element, context.namespace);
  return isNil(element) ? null : read(slot.plan, element, context, level);
}

function readItems({ item, array }: ItemsPlan, element: XmlElement, context: ReadContext, level: number): unknown[] {
  within(level, context);
  refuseText(element);
  if (array) return placeItems(element, (child, index) => at(index, () => readElement(item.plan, child, context, level)));
  const list: unknown[] = [];
  for (const child of element.children)
    if (child.local === item.element) list.push(at(list.length, () => readOwn(item, child, context, level)));
  return list;
}

function readRecord(slot: Slot, element: XmlElement, context: ReadContext, level: number): unknown {
  within(level, context);
  refuseText(element);
  const value = {};
  for (const entry of element.children) {
    if (entry.local !== 'Entry') continue;
    checkNamespace(entry, context.namespace);
    const [key, ...keys] = entry.children.filter(({ local }) => local === 'Key');
    const [each, ...others] = entry.children.filter(({ local }) => local === 'Value');
    if (!key) throw new ReadProblem('an <Entry> has no <Key>', 'Entry');
    if (keys.length > 0 || others.length > 0) throw new ReadProblem('an <Entry> has one <Key> and one <Value>', 'Entry');
    const name = readOwn(KEY, key, context, level) as string;
    setOwn(value, name, each && at(name, () => readOwn(slot, each, context, level)));
  }
  return value;
}

function readChoice(byElement: ReadonlyMap<string, Slot>, element: XmlElement, context: ReadContext, level: number): unknown {
  refuseText(element);
  let found: XmlElement | undefined;
  let value: unknown;
  for (const child of element.children) {
    const slot = byElement.get(child.local);
    if (!slot) continue;
    if (found) throw new ReadProblem(`<${shown(child.local)}> is one variant too many: one is expected`, child.local);
    found = child;
    value = readOwn(slot, child, context, level);
  }
  return value;
}

/** By a type of an XML Schema: elements by their names, attributes as `@name`, text beside them as `#text`. */
function readLoose(plan: ObjectPlan, loose: LoosePlan, element: XmlElement, context: ReadContext, level: number): unknown {
  within(level, context);
  const value: Record<string, unknown> = {};
  readAttributes(loose, element, value, context);
  for (const { repeated, alternative, name } of plan.members) if (repeated && alternative !== true) setOwn(value, name, []);
  if (loose.text) value['#text'] = loose.text.read(element.text);
  else if (element.text !== '' && element.text.trim() !== '') value['#text'] = element.text;
  for (const child of element.children) {
    // SOAP 1.2 names the part that is the result: https://www.w3.org/TR/soap12-part2/#rpcresponse
    if (child.uri === 'http://www.w3.org/2003/05/soap-rpc') continue;
    const member = memberOf(plan, child);
    if (member?.repeated === true) {
      if (!Object.hasOwn(value, member.name)) setOwn(value, member.name, []);
      const list = value[member.name] as unknown[];
      list.push(at(member.name, () => at(list.length, () => readElement(member.plan, filled(member, child), context, level + 1))));
    } else if (member && !Object.hasOwn(value, member.name)) {
      setOwn(
        value,
        member.name,
        at(member.name, () => readElement(member.plan, filled(member, child), context, level)),
      );
    } else {
      // More than the schema says is not lost: it is for the contract to take or leave. In an open type it is one of those that have no name there.
      const qualified = nameOf(child.uri, child.local);
      const slot = (loose.open ? undefined : member) ?? loose.any.global(qualified);
      add(value, member ? (loose.open ? qualified : member.name) : child.local, () =>
        readElement(slot?.plan ?? loose.any, child, context, level),
      );
    }
  }
  return value;
}

/** An element with the value that its schema gives to an empty one. */
function filled({ preset }: Member, element: XmlElement): XmlElement {
  const isEmpty = preset !== undefined && element.text === '' && element.children.length === 0 && element.attributes.size === 0;
  return isEmpty ? { ...element, text: preset } : element;
}

function memberOf({ byElement }: ObjectPlan, { uri, local }: XmlElement): Member | undefined {
  const found = byElement.get(local);
  if (found === undefined || !Array.isArray(found)) return found as Member | undefined;
  const members = found as readonly Member[];
  // The right namespace counts; a wrong one is a habit of some servers.
  return members.find((member) => member.uri === uri) ?? members[0];
}

function readAttributes(
  loose: LoosePlan | undefined,
  element: XmlElement,
  value: Record<string, unknown>,
  { ids = false }: ReadContext,
): void {
  for (const [key, text] of element.attributes) {
    const space = key.lastIndexOf(' ');
    const uri = key.slice(0, Math.max(space, 0));
    if (uri === XSI) {
      if (key === `${XSI} type`) value['@xsi:type'] = resolveName(text, element.scope).replace(/^\{.*\}/, '');
      continue;
    }
    const isReference = !ids && space === -1 && (key === 'href' || key === 'id');
    if (isProtocol(uri) || (isReference && !loose?.attributes.some((each) => each.key === key))) continue;
    const known = loose?.attributes.find((each) => each.key === key);
    setOwn(value, known?.name ?? attributeProperty({ uri, local: key.slice(space + 1) }), known ? known.plan.read(text) : text);
  }
  for (const { name, preset, plan } of loose?.attributes ?? [])
    if (preset !== undefined && !Object.hasOwn(value, name)) setOwn(value, name, plan.read(preset));
}

/** An element of any XML: by its `xsi:type` if the schema has it, else by how it looks. */
function readUntyped(plan: UntypedPlan, element: XmlElement, context: ReadContext, level: number): unknown {
  const type = element.attributes.size === 0 ? undefined : element.attributes.get(`${XSI} type`);
  const typed = type === undefined ? undefined : plan.byName(resolveName(type, element.scope));
  if (typed && typed.kind !== 'untyped') return read(typed, element, context, level - 1);
  return plainOf(element, context, level, plan);
}

/** XML without a schema as a plain value: text, or an object; several elements of one name are a list. */
function plainOf(element: XmlElement, context: ReadContext, level: number, plan?: UntypedPlan): unknown {
  within(level, context);
  const target = follow(element, context);
  if (isNil(target)) return null;
  const { children, text, attributes } = target;
  const isArray = [...attributes.keys()].some((key) => / (arrayType|itemType)$/.test(key));
  const inside = (child: XmlElement): unknown =>
    plan ? readUntyped(plan, follow(child, context), context, level + 1) : plainOf(child, context, level + 1);
  if (isArray) return placeItems(target, (child) => (isNil(child) ? null : inside(child)));
  const value: Record<string, unknown> = {};
  readAttributes(undefined, target, value, context);
  const { '@xsi:type': _, ...others } = value;
  if (children.length === 0) {
    if (Object.keys(others).length === 0) return text;
    return { ...value, '#text': text };
  }
  if (text.trim() !== '') value['#text'] = text;
  for (const child of children) add(value, child.local, () => (isNil(follow(child, context)) ? null : inside(child)));
  return value;
}

/** One more value under a name: the second one makes a list. */
function add(value: Record<string, unknown>, name: string, work: () => unknown): void {
  const more = at(name, work);
  if (!Object.hasOwn(value, name)) return setOwn(value, name, more);
  const before = value[name];
  if (Array.isArray(before)) before.push(more);
  else setOwn(value, name, [before, more]);
}
