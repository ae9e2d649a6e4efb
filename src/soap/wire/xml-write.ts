import { KEY, type Member, type ObjectType, type Slot, type XmlType } from './xml-type.ts';

/** The content of an object's element: its members in the schema's order, whatever order the value has. Throws a `TypeError` for what is no object. */
export function writeMembers(type: ObjectType, value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('an object is expected');
  let xml = '';
  for (const member of type.members) {
    const each = (value as Readonly<Record<string, unknown>>)[member.name];
    if (each !== undefined) xml += member.repeated ? writeRepeated(member, each) : writeElement(member, each);
  }
  return xml;
}

function writeRepeated(member: Member, value: unknown): string {
  let xml = '';
  for (const item of listOf(value)) xml += writeElement(member, item);
  return xml;
}

function writeElement(slot: Slot, value: unknown): string {
  const { type } = slot;
  // Of "any JSON value" null is one like others.
  if (value === null && !(type.kind === 'text' && type.node.kind === 'any')) return slot.nil;
  const content = writeContent(type, value);
  return content === '' ? slot.empty : slot.open + content + slot.close;
}

function writeContent(type: XmlType, value: unknown): string {
  switch (type.kind) {
    case 'text':
      return type.write(value);
    case 'object':
      return writeMembers(type, value);
    case 'items': {
      let xml = '';
      for (const item of listOf(value)) xml += writeElement(type.item, item);
      return xml;
    }
    case 'record': {
      if (typeof value !== 'object' || value === null) throw new TypeError('a record is expected');
      let xml = '';
      for (const [key, member] of Object.entries(value))
        xml += `<Entry>${writeElement(KEY, key)}${writeElement(type.value, member)}</Entry>`;
      return xml;
    }
    case 'choice':
      return writeElement(type.choose(value), value);
  }
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('a list is expected');
  return value;
}
