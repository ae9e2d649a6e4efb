import { ApiError } from '../../core/errors.ts';
import { shown } from '../../xml/text.ts';
import { KEY, type ObjectType, type Slot, type XmlType } from './xml-type.ts';

/** One `<Entry>` of a record. */
interface EntryType {
  readonly kind: 'entry';
  readonly value: Slot;
}

/** An element whose type is known, while it is being read. */
class Frame {
  /** What the element has become: an object, a list; of text nothing before its end. */
  value: unknown = undefined;
  text = '';
  /** Of an entry. */
  key: unknown = undefined;
  isNil = false;

  readonly type: XmlType | EntryType;
  readonly parent: Frame | undefined;
  /** The property or place that it fills in its parent. */
  readonly name: string | number;
  /** Whether its value is one of several in a list that has no element of its own. */
  readonly repeated: boolean;
  /** Objects, lists and records around its content, itself included. */
  readonly level: number;

  constructor(type: XmlType | EntryType, parent: Frame | undefined, name: string | number, repeated: boolean, level: number) {
    this.type = type;
    this.parent = parent;
    this.name = name;
    this.repeated = repeated;
    this.level = level;
    if (type.kind === 'object' || type.kind === 'record') this.value = {};
    else if (type.kind === 'items') this.value = [];
  }
}

/** Reads one value by its type, element by element. Throws INVALID_ARGUMENT with the path of what cannot be read. */
export class ValueReader {
  #frame: Frame | undefined;
  /** How deep in an element that nobody knows. */
  #skipped = 0;
  #result: unknown;

  /** Of all elements: another one's is not meant. */
  readonly namespace: string;
  readonly maxDepth: number;

  constructor(type: ObjectType, namespace: string, maxDepth: number) {
    this.namespace = namespace;
    this.maxDepth = maxDepth;
    this.#frame = new Frame(type, undefined, '', false, 1);
    fillLists(type, this.#frame);
  }

  /** The value, once the outermost element has ended. */
  get result(): unknown {
    return this.#result;
  }

  open(uri: string, local: string, isNil: boolean): void {
    const frame = this.#frame;
    if (!frame) return;
    if (this.#skipped > 0) return this.#skip(frame);
    const slot = slotOf(frame, local);
    if (!slot) {
      if (frame.type.kind === 'text' && frame.type.node.kind !== 'any')
        throw refuse(frame, local, `<${shown(local)}> stands where text is expected`);
      return this.#skip(frame);
    }
    if (uri !== this.namespace) {
      throw refuse(
        frame,
        'name' in slot ? String(slot.name) : local,
        `<${shown(local)}> is in ${uri === '' ? 'no namespace' : `the namespace '${shown(uri)}'`}, not in '${this.namespace}'`,
      );
    }
    this.#frame = this.#enter(frame, slot, local, isNil);
  }

  text(text: string): void {
    if (this.#skipped > 0 || !this.#frame) return;
    this.#frame.text = this.#frame.text === '' ? text : this.#frame.text + text;
  }

  close(): void {
    if (this.#skipped > 0) {
      this.#skipped--;
      return;
    }
    const frame = this.#frame;
    if (!frame) return;
    const value = finish(frame);
    this.#frame = frame.parent;
    if (!frame.parent) this.#result = value;
    else deliver(frame, frame.parent, value);
  }

  #enter(frame: Frame, slot: Slot | EntryType, local: string, isNil: boolean): Frame {
    const { type } = frame;
    const into = 'kind' in slot ? slot : slot.type;
    let { level } = frame;
    let name: string | number = local;
    let repeated = false;
    if (type.kind === 'object') {
      const member = slot as ObjectType['members'][number];
      name = member.name;
      ({ repeated } = member);
      const known = (frame.value as Readonly<Record<string, unknown>>)[name];
      if (repeated) level++;
      else if (known !== undefined && Object.hasOwn(frame.value as object, name))
        throw refuse(frame, name, `<${shown(local)}> stands there twice`);
    } else if (type.kind === 'items') name = (frame.value as unknown[]).length;
    else if (type.kind === 'choice') {
      if (frame.value !== undefined) throw refuse(frame, local, `<${shown(local)}> is one variant too many: one is expected`);
      name = '';
    }
    if (into.kind === 'object' || into.kind === 'items' || into.kind === 'record') level++;
    if (level > this.maxDepth) throw tooDeep(this.maxDepth);
    const entered = new Frame(into, frame, name, repeated, level);
    entered.isNil = isNil;
    if (into.kind === 'object' && !isNil) fillLists(into, entered);
    return entered;
  }

  #skip(frame: Frame): void {
    if (frame.level + ++this.#skipped > this.maxDepth) throw tooDeep(this.maxDepth);
  }
}

export function tooDeep(maxDepth: number): ApiError {
  return new ApiError('INVALID_ARGUMENT', `the message is nested more than ${maxDepth} levels deep`);
}

/** A list that repeats its element is empty where there is none. */
function fillLists(type: ObjectType, frame: Frame): void {
  for (const member of type.members) if (member.repeated) (frame.value as Record<string, unknown>)[member.name] = [];
}

function slotOf({ type }: Frame, local: string): Slot | EntryType | undefined {
  switch (type.kind) {
    case 'object':
    case 'choice':
      return type.byElement.get(local);
    case 'items':
      return local === 'Items' ? type.item : undefined;
    case 'record':
      return local === 'Entry' ? { kind: 'entry', value: type.value } : undefined;
    case 'entry':
      return local === 'Key' ? KEY : local === 'Value' ? type.value : undefined;
    default:
      return undefined;
  }
}

function finish(frame: Frame): unknown {
  const { type, text } = frame;
  if (frame.isNil) return null;
  if (type.kind === 'text') return type.read(text);
  if (text !== '' && text.trim() !== '')
    throw refuse(frame.parent ?? frame, frame.name, `the text '${shown(text.trim(), 40)}' stands where elements are expected`);
  return frame.value;
}

function deliver({ name, repeated, key, type }: Frame, parent: Frame, value: unknown): void {
  if (parent.type.kind === 'items') (parent.value as unknown[]).push(value);
  else if (parent.type.kind === 'choice') parent.value = value;
  else if (parent.type.kind === 'entry') {
    if (name === 'Key') parent.key = value;
    else parent.value = value;
  } else if (type.kind === 'entry') {
    if (typeof key !== 'string') throw refuse(parent, 'Entry', 'an <Entry> has no <Key>');
    define(parent.value as object, key, value);
  } else if (repeated) ((parent.value as Readonly<Record<string, unknown>>)[name] as unknown[]).push(value);
  else define(parent.value as object, String(name), value);
}

/** As an own property, whatever its name: assigning to `__proto__` would do something else. */
function define(object: object, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else (object as Record<string, unknown>)[name] = value;
}

function refuse(frame: Frame, name: string | number, message: string): ApiError {
  const path: (string | number)[] = [];
  for (let at: Frame | undefined = frame; at?.parent; at = at.parent) {
    if (at.repeated) path.unshift(((at.parent.value as Readonly<Record<string, unknown>>)[at.name] as unknown[]).length);
    if (at.name !== '' && at.type.kind !== 'entry') path.unshift(at.name);
  }
  if (name !== '') path.push(typeof name === 'string' ? shown(name) : name);
  return new ApiError('INVALID_ARGUMENT', `${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`, {
    details: { issues: [{ path, message }] },
  });
}
