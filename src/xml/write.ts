import { attributeOf, writeAttribute } from './attribute.ts';
import { KEY } from './contract-plan.ts';
import { isName } from './name.ts';
import { at, chooseType, isAbsent, isRecord, place, refuseKeys, shape, UnplacedValue, type Placed, type Values } from './place.ts';
import type { GroupPart, ItemsPlan, LoosePlan, Member, ObjectPlan, Part, Plan, Slot, TextPlan, TypeNames, UntypedPlan } from './plan.ts';
import { escapeAttribute, escapeText, shown } from './text.ts';
import { scalarText } from './lexical.ts';
import { nameOf, XS, XSI } from './tree.ts';

/** The declarations that a message needs while it is written, and its encoding. */
export class WriteContext {
  /** Prefixes of names in it. */
  readonly prefixes = new Set<string>();

  /** Every value says its type: the SOAP encoding. */
  readonly encoded: boolean;

  constructor(encoded = false) {
    this.encoded = encoded;
  }
}

const OWN = new WriteContext();

/** The content of an object's element: its members in the schema's order, whatever order the value has. Throws a `TypeError` for a value that is not an object. */
export function writeMembers(plan: ObjectPlan, value: unknown, context: WriteContext = OWN): string {
  if (plan.loose) return writeLoose(plan, plan.loose, value, context).content;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('an object is expected');
  let xml = '';
  for (const member of plan.members) {
    const each = (value as Values)[member.name];
    if (each !== undefined) xml += member.repeated ? writeRepeated(member, each, context) : writeElement(member, each, context);
  }
  return xml;
}

/** One element. */
export function writeElement(slot: Slot, value: unknown, context: WriteContext): string {
  if (slot.prefix !== undefined) context.prefixes.add(slot.prefix);
  const plan = slot.plan;
  // Of "any JSON value" null is one like others.
  if (value === null && !(plan.kind === 'text' && plan.node?.kind === 'any')) {
    if (slot.nillable === false) throw new UnplacedValue('null has no form here');
    return slot.nil;
  }
  if (slot.uri === undefined && !context.encoded) {
    const content = writeContent(plan, value, context);
    return content === '' ? slot.empty : slot.open + content + slot.close;
  }
  const { attributes, content } = writeTyped(plan, value, context);
  if (attributes === '') return content === '' ? slot.empty : slot.open + content + slot.close;
  return content === '' ? `${slot.start}${attributes}/>` : `${slot.start}${attributes}>${content}${slot.close}`;
}

function writeRepeated(member: Member, value: unknown, context: WriteContext): string {
  let xml = '';
  for (const item of listOf(value)) xml += writeElement(member, item, context);
  return xml;
}

/** A plan of the contract. */
function writeContent(plan: Plan, value: unknown, context: WriteContext): string {
  switch (plan.kind) {
    case 'text':
      return plan.write(value);
    case 'object':
      return writeMembers(plan, value, context);
    case 'items': {
      let xml = '';
      for (const item of listOf(value)) xml += writeElement(plan.item, item, context);
      return xml;
    }
    case 'record': {
      if (typeof value !== 'object' || value === null) throw new TypeError('a record is expected');
      let xml = '';
      for (const [key, member] of Object.entries(value))
        xml += `<Entry>${writeElement(KEY, key, context)}${writeElement(plan.value, member, context)}</Entry>`;
      return xml;
    }
    case 'choice':
      return writeElement(plan.choose(value), value, context);
    case 'untyped':
      return writeTyped(plan, value, context).content;
  }
}

interface Written {
  /** Each with a space before it. */
  readonly attributes: string;
  readonly content: string;
}

/** A plan of an XML Schema. */
function writeTyped(plan: Plan, value: unknown, context: WriteContext): Written {
  switch (plan.kind) {
    case 'text': {
      const text = isRecord(value) && Object.hasOwn(value, '#text') ? value['#text'] : value;
      if (isRecord(text)) refuseKeys(text);
      return { attributes: context.encoded && plan.typed ? typeAttribute(plan.typed, context) : '', content: writeScalar(plan, text) };
    }
    case 'items':
      return writeArray(plan, value, context);
    case 'object':
      return plan.loose ? writeLoose(plan, plan.loose, value, context) : { attributes: '', content: writeMembers(plan, value, context) };
    case 'untyped':
      return writeUntyped(plan, value, context);
    default:
      return { attributes: '', content: writeContent(plan, value, context) };
  }
}

function writeScalar(plan: TextPlan, value: unknown): string {
  try {
    return plan.write(value);
  } catch (error) {
    throw error instanceof TypeError ? new UnplacedValue(error.message) : error;
  }
}

/** An array of the SOAP encoding. Source: https://www.w3.org/TR/2000/NOTE-SOAP-20000508/#_Toc478383522 */
function writeArray({ item, array }: ItemsPlan, value: unknown, context: WriteContext): Written {
  const only = isRecord(value) ? Object.values(value) : [];
  const items = Array.isArray(value)
    ? (value as unknown[])
    : only.length === 1 && Array.isArray(only[0])
      ? (only[0] as unknown[])
      : [value];
  let content = '';
  items.forEach((each, index) => (content += at(index, () => writeElement(item, each, context))));
  if (!array) return { attributes: '', content };
  if (array.prefix !== undefined) context.prefixes.add(array.prefix);
  context.prefixes.add('soapenc').add('xsi');
  return { attributes: ` xsi:type="soapenc:Array" soapenc:arrayType="${array.written}[${items.length}]"`, content };
}

function writeLoose(declared: ObjectPlan, loose: LoosePlan, value: unknown, context: WriteContext): Written {
  const given = shape(declared, loose, value);
  const plan = chooseType(declared, loose, given);
  const chosen = plan.loose ?? loose;
  const found = place(plan, chosen, given, declared !== plan);
  let attributes = '';
  for (const attribute of chosen.attributes) {
    const each = found.get(attribute) ?? attribute.fixed;
    if (each === undefined || each === null) continue;
    if (attribute.prefix !== undefined) context.prefixes.add(attribute.prefix);
    // The escapes of text hold for attributes too, beside those of characters that would end them.
    attributes += ` ${attribute.written}="${at(attribute.name, () => quoted(writeScalar(attribute.plan, each)))}"`;
  }
  found.attributes.forEach(([name, each], index) => (attributes += writeAttribute(name, scalarText(each), index)));
  if (plan !== declared || context.encoded) attributes += typeAttribute(chosen.typed, context);
  let content = '';
  if (chosen.text) {
    const text = found.get('#text');
    if (text !== undefined && text !== null) content = at('#text', () => writeScalar(chosen.text ?? NO_TEXT, text));
  } else if (found.has('#text')) content = escapeText(scalarText(found.get('#text')));
  content += writeParts(chosen.content, found, context);
  return { attributes, content };
}

const NO_TEXT: TextPlan = { kind: 'text', xsd: 'xs:string', read: (text) => text, write: (value) => escapeText(scalarText(value)) };

function writeParts(parts: readonly Part[], placed: Placed, context: WriteContext): string {
  let xml = '';
  for (const part of parts) {
    if (part.part === 'member') xml += writeMember(part.member, placed, context);
    else if (part.part === 'rest') for (const [key, value] of placed.rest) xml += writeRest(key, value, placed, context);
    else if (part.part === 'all') xml += writeParts(part.parts, placed, context);
    else if (part.part === 'one') xml += writeOne(part, placed, context);
    else xml += writeAgain(part, placed, context);
  }
  return xml;
}

function writeMember(member: Member, placed: Placed, context: WriteContext): string {
  const value = placed.has(member) ? placed.get(member) : member.optional ? undefined : member.fixed;
  if (value === undefined) return '';
  return at(member.name, () => {
    if (!member.repeated) {
      const isLeftOut = value === null ? member.nillable === false : isEmptyList(value) && needsItems(member.plan);
      return isLeftOut && member.optional ? '' : writeElement(member, value, context);
    }
    const items = itemsOf(member, value);
    let xml = '';
    items.forEach((item, index) => (xml += at(index, () => writeElement(member, item, context))));
    return xml;
  });
}

/** The items for an element that repeats: one value is a list of one, and an object with nothing but a list is what is around the items. */
function itemsOf(member: Member, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === null && member.nillable === false ? [] : [value];
}

/** Of several alternatives the one that has values: two of them exclude each other. */
function writeOne(group: GroupPart, placed: Placed, context: WriteContext): string {
  const present = group.parts.filter((part) =>
    membersOf(part).some((member) => !isAbsent(placed.get(member)) && !isEmptyList(placed.get(member))),
  );
  // An element may stand in several alternatives: the one that has a place for all values counts.
  const all = present.find((part) =>
    present.every((each) => membersOf(each).every((member) => isAbsent(placed.get(member)) || membersOf(part).includes(member))),
  );
  const [first, ...others] = all ? [all] : present;
  const stray = others.find((part) =>
    membersOf(part).some((member) => !isAbsent(placed.get(member)) && first && !membersOf(first).includes(member)),
  );
  if (stray) {
    const [one, two] = [first, stray].map(
      (part) => (part ? membersOf(part) : []).find((member) => !isAbsent(placed.get(member)))?.name ?? '',
    );
    throw new UnplacedValue(`'${one}' and '${two}' exclude each other: the type has one of them`, two ?? '');
  }
  if (first) return writeParts([first], placed, context);
  if (placed.rest.length > 0)
    return writeParts(
      group.parts.filter(({ part }) => part === 'rest'),
      placed,
      context,
    );
  // A null may be the one that is meant.
  const nulled = group.parts.find((part) => membersOf(part).some((member) => placed.get(member) === null && member.nillable !== false));
  return nulled ? writeParts([nulled], placed, context) : '';
}

/** A sequence that repeats: the first of each, then the second of each. */
function writeAgain(group: GroupPart, placed: Placed, context: WriteContext): string {
  const lists = group.members.map((member) => {
    const value = placed.get(member);
    return [member, isAbsent(value) ? [] : itemsOf(member, value)] as const;
  });
  const count = Math.max(0, ...lists.map(([, items]) => items.length));
  let xml = '';
  for (let index = 0; index < count; index++)
    for (const [member, items] of lists)
      if (index < items.length) xml += at(member.name, () => at(index, () => writeElement(member, items[index], context)));
  return xml;
}

function membersOf(part: Part): readonly Member[] {
  return part.part === 'member' ? [part.member] : part.part === 'rest' ? [] : part.members;
}

function writeRest(name: string, value: unknown, { loose }: Placed, context: WriteContext): string {
  const { openNamespace } = loose;
  const key = openNamespace === undefined || name.startsWith('{') ? name : nameOf(openNamespace, name);
  const slot = loose.any.global(key);
  return at(key, () => {
    const items = Array.isArray(value) ? (value as unknown[]) : [value];
    return items.map((item) => (slot ? writeElement(slot, item, context) : writeNamed(key, item, context, loose.any))).join('');
  });
}

/** An element of which no schema knows: `{urn:x}Name`, or `Name` in no namespace. */
function writeNamed(key: string, value: unknown, context: WriteContext, types?: UntypedPlan): string {
  const [, uri, local = key] = /^\{([^{}]*)\}(.*)$/s.exec(key) ?? [];
  if (!isName(local)) throw new UnplacedValue(`'${shown(key)}' cannot be the name of an element`);
  if (uri !== undefined && /[\s<>"{}|\\^`]/.test(uri)) throw new UnplacedValue(`'${shown(uri)}' cannot be the namespace of an element`);
  const start = uri === undefined ? `<${local}` : `<x:${local} xmlns:x="${escapeAttribute(uri)}"`;
  if (value === null) return `${start} xmlns:xsi="${XSI}" xsi:nil="true"/>`;
  // Of a text or number the reader of any XML is not told the type.
  const { attributes, content } = writeUntyped(isRecord(value) ? types : undefined, value, context);
  const end = uri === undefined ? local : `x:${local}`;
  return content === '' ? `${start}${attributes}/>` : `${start}${attributes}>${content}</${end}>`;
}

function writeUntyped(plan: UntypedPlan | undefined, value: unknown, context: WriteContext): Written {
  if (!isRecord(value)) {
    if (Array.isArray(value)) throw new UnplacedValue('a list has no name here: put it into an object');
    // Of a text nobody could say more than that it is one; of the others the reader is told.
    const typed = plan && typeof value !== 'string' ? builtinOf(plan, value) : undefined;
    return {
      attributes: typed?.typed ? typeAttribute(typed.typed, context) : '',
      content: writeScalar(typed ?? NO_TEXT, value instanceof Date ? value.toISOString() : value),
    };
  }
  const said = value['@xsi:type'];
  const named =
    plan && typeof said === 'string'
      ? (plan.byName(said.replace(/^xsd?:/, `{${XS}}`)) ?? plan.byLocal(said.replace(/^[^{}:]*:/, '')))
      : undefined;
  if (plan && typeof said === 'string' && !named) throw new UnplacedValue(`'${shown(said)}' is not a type of the schema`, '@xsi:type');
  if (named) {
    const { '@xsi:type': _, ...rest } = value;
    const written = writeTyped(named, rest, context);
    const typed = named.kind === 'object' ? named.loose?.typed : named.kind === 'text' ? named.typed : undefined;
    return typed && !written.attributes.includes(' xsi:type=')
      ? { ...written, attributes: written.attributes + typeAttribute(typed, context) }
      : written;
  }
  let attributes = '';
  let content = '';
  for (const [key, each] of Object.entries(value)) {
    if (each === undefined || key === '@xsi:type') continue;
    if (key === '#text') content += escapeText(scalarText(each));
    else if (key.startsWith('@')) {
      const name = attributeOf(key);
      if (!name) throw new UnplacedValue(`'${shown(key)}' cannot be the name of an attribute`, key);
      if (each !== null) attributes += writeAttribute(name, scalarText(each), attributes.length);
    } else {
      const slot = plan?.global(key);
      for (const item of Array.isArray(each) ? (each as unknown[]) : [each])
        content += at(key, () => (slot ? writeElement(slot, item, context) : writeNamed(key, item, context)));
    }
  }
  return { attributes, content };
}

function builtinOf(plan: UntypedPlan, value: unknown): TextPlan | undefined {
  const found = plan.byName(`{${XS}}${builtinName(value)}`);
  return found?.kind === 'text' ? found : undefined;
}

function builtinName(value: unknown): string {
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'number') return Number.isInteger(value) ? (Math.abs(value) < 2 ** 31 ? 'int' : 'long') : 'double';
  return value instanceof Date ? 'dateTime' : value instanceof Uint8Array ? 'base64Binary' : 'string';
}

function typeAttribute({ written, prefix }: TypeNames, context: WriteContext): string {
  if (written === undefined) return '';
  if (prefix !== undefined) context.prefixes.add(prefix);
  context.prefixes.add('xsi');
  return ` xsi:type="${written}"`;
}

function quoted(escaped: string): string {
  return escaped.replaceAll('"', '&quot;').replaceAll('\t', '&#9;').replaceAll('\n', '&#10;');
}

/** Whether a type has no form without items: the element around them is left out then. */
function needsItems(plan: Plan): boolean {
  return plan.kind === 'object' && plan.members.some(({ repeated, optional }) => repeated && !optional);
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('a list is expected');
  return value;
}
