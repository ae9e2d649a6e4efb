import type { SchemaNode } from '../../schema/node.ts';
import type { SoapService } from './binding.ts';
import { escapeAnyText, escapeAttribute } from '../../xml/text.ts';
import type { Member, ObjectPlan, Plan, Slot, TextPlan } from '../../xml/plan.ts';

/** The detail of every fault. */
const API_FAULT = [
  '<xs:element name="ApiFault">',
  '  <xs:complexType>',
  '    <xs:sequence>',
  '      <xs:element name="Code" type="xs:string"/>',
  '      <xs:element name="Message" type="xs:string"/>',
  '      <xs:element name="Reason" type="xs:string" minOccurs="0"/>',
  '      <xs:element name="Details" type="xs:string" minOccurs="0">',
  '        <xs:annotation><xs:documentation>A JSON object.</xs:documentation></xs:annotation>',
  '      </xs:element>',
  '      <xs:element name="RetryAfterMs" type="xs:long" minOccurs="0"/>',
  '      <xs:element name="RequestId" type="xs:string" minOccurs="0"/>',
  '    </xs:sequence>',
  '  </xs:complexType>',
  '</xs:element>',
];

/** Prints the XML Schema of a service: the elements of its messages, and every type that they use. Source: https://www.w3.org/TR/xmlschema-1/ */
export function printSchema(service: SoapService): string[] {
  const printer = new SchemaPrinter();
  const elements = service.operations.flatMap(({ requestElement, request, responseElement, response, faults }) => [
    ...printer.message(requestElement, request),
    ...printer.message(responseElement, response),
    ...faults.flatMap(({ element, details }) => printer.message(element, details)),
  ]);
  const types = printer.types();
  const namespace = escapeAttribute(service.namespace);
  return [
    `<xs:schema targetNamespace="${namespace}" xmlns="${namespace}" elementFormDefault="qualified">`,
    ...indent([...elements, ...API_FAULT, ...types]),
    '</xs:schema>',
  ];
}

class SchemaPrinter {
  /** Named types that have been referred to, in order of first use. */
  readonly #named = new Map<string, Plan>();

  message(element: string, type: ObjectPlan): string[] {
    const content = indent(this.#sequence(type.members));
    if (content.length === 0) return [`<xs:element name="${element}">`, '  <xs:complexType/>', '</xs:element>'];
    return [`<xs:element name="${element}">`, '  <xs:complexType>', ...indent(content), '  </xs:complexType>', '</xs:element>'];
  }

  /** Prints what has been referred to, which refers to more. */
  types(): string[] {
    const printed: string[] = [];
    const done = new Set<string>();
    for (let more = true; more;) {
      more = false;
      for (const [name, type] of [...this.#named]) {
        if (done.has(name)) continue;
        done.add(name);
        more = true;
        printed.push(...this.#type(type, ` name="${name}"`));
      }
    }
    return printed;
  }

  #type(type: Plan, name: string): string[] {
    const note = annotation(nodeOf(type)?.description);
    if (type.kind === 'text') return [`<xs:simpleType${name}>`, ...indent([...note, ...restriction(type)]), '</xs:simpleType>'];
    const content = this.#content(type);
    if (content.length + note.length === 0) return [`<xs:complexType${name}/>`];
    return [`<xs:complexType${name}>`, ...indent([...note, ...content]), '</xs:complexType>'];
  }

  #content(type: Exclude<Plan, { kind: 'text' }>): string[] {
    switch (type.kind) {
      case 'object':
        return this.#sequence(type.members);
      case 'untyped':
        return [];
      case 'items':
        return wrap('sequence', this.#element(type.item, listOccurs(type.node)));
      case 'record':
        return wrap('sequence', [
          '<xs:element name="Entry" minOccurs="0" maxOccurs="unbounded">',
          '  <xs:complexType>',
          '    <xs:sequence>',
          '      <xs:element name="Key" type="xs:string"/>',
          ...indent(indent(indent(this.#element(type.value, '')))),
          '    </xs:sequence>',
          '  </xs:complexType>',
          '</xs:element>',
        ]);
      case 'choice':
        return wrap(
          'choice',
          type.options.flatMap((option) => this.#element(option, '')),
        );
    }
  }

  #sequence(members: readonly Member[]): string[] {
    return wrap(
      'sequence',
      members.flatMap((member) => this.#element(member, occurs(member))),
    );
  }

  #element(slot: Slot, occurs: string): string[] {
    const { element, use, plan: type } = slot;
    const nillable = use.nullable && nodeOf(type)?.kind !== 'any' ? ' nillable="true"' : '';
    const head = `<xs:element name="${element}"`;
    const note = annotation(noteOf(slot));
    const name = this.#reference(type);
    if (name !== undefined) {
      const tag = `${head} type="${name}"${occurs}${nillable}`;
      return note.length === 0 ? [`${tag}/>`] : [`${tag}>`, ...indent(note), '</xs:element>'];
    }
    return [`${head}${occurs}${nillable}>`, ...indent([...note, ...this.#type(type, '')]), '</xs:element>'];
  }

  /** The name of a type that has one: XML Schema's own, or one that is printed later. */
  #reference(type: Plan): string | undefined {
    const node = nodeOf(type);
    if (type.kind === 'text' && node?.name === undefined) return facets(type.node).length === 0 ? type.xsd : undefined;
    if (node?.name === undefined) return undefined;
    this.#named.set(node.name, type);
    return node.name;
  }
}

function nodeOf(type: Plan): SchemaNode | undefined {
  return 'node' in type ? type.node : undefined;
}

function occurs({ repeated, optional, property }: Member): string {
  return repeated ? listOccurs(property.node) : optional ? ' minOccurs="0"' : '';
}

function listOccurs(node: SchemaNode | undefined): string {
  const { minItems = 0, maxItems } = node?.kind === 'list' ? node : {};
  return ` minOccurs="${minItems}" maxOccurs="${maxItems ?? 'unbounded'}"`;
}

function noteOf(slot: Slot | Member): string | undefined {
  const use = 'property' in slot ? slot.property : slot.use;
  const { description, deprecated } = use;
  const own = nodeOf(slot.plan);
  const json = own?.kind === 'any' ? 'JSON.' : undefined;
  const fallback = 'default' in use ? `Default: ${JSON.stringify(use.default)}.` : undefined;
  // The facts of a named type are said at its declaration.
  const said = description === own?.description && own?.name !== undefined ? undefined : description;
  return (
    [said, json, fallback, deprecated === true ? 'Deprecated.' : undefined].filter((text) => text !== undefined).join(' ') || undefined
  );
}

function restriction({ node, xsd }: TextPlan): string[] {
  const inside = facets(node);
  if (inside.length === 0) return [`<xs:restriction base="${xsd}"/>`];
  return [`<xs:restriction base="${xsd}">`, ...indent(inside), '</xs:restriction>'];
}

/** The limits of a scalar that XML Schema can say. Patterns it writes in another way than ECMAScript. */
function facets(node: SchemaNode | undefined): string[] {
  switch (node?.kind) {
    case 'enum':
      return node.values.map((value) => facet('enumeration', value));
    case 'literal':
      // `xs:boolean` has no enumeration.
      return node.values.every((value) => typeof value === 'boolean') ? [] : node.values.map((value) => facet('enumeration', value));
    case 'string':
      if (['byte', 'date-time', 'date', 'int64'].includes(node.format ?? '')) return [];
      // Ours are UTF-16 code units, XML Schema's characters: a text of four units may have two characters, never more than four.
      return [
        ...(node.minLength ? [facet('minLength', Math.ceil(node.minLength / 2))] : []),
        ...(node.maxLength === undefined ? [] : [facet('maxLength', node.maxLength)]),
      ];
    case 'integer':
      return limits(node);
    case 'number':
      return limits(node);
    default:
      return [];
  }
}

function limits(node: {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}): string[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = node;
  // XML Schema takes one lower and one upper limit.
  const low = exclusiveMinimum !== undefined && exclusiveMinimum >= (minimum ?? -Infinity);
  const high = exclusiveMaximum !== undefined && exclusiveMaximum <= (maximum ?? Infinity);
  return [
    ...(low ? [facet('minExclusive', exclusiveMinimum)] : minimum === undefined ? [] : [facet('minInclusive', minimum)]),
    ...(high ? [facet('maxExclusive', exclusiveMaximum)] : maximum === undefined ? [] : [facet('maxInclusive', maximum)]),
  ].filter((line) => !line.includes('e+') && !line.includes('e-'));
}

function facet(name: string, value: string | number | boolean): string {
  return `<xs:${name} value="${escapeAttribute(String(value))}"/>`;
}

function annotation(text: string | undefined): string[] {
  return text === undefined ? [] : [`<xs:annotation><xs:documentation>${escapeAnyText(text)}</xs:documentation></xs:annotation>`];
}

function wrap(name: 'sequence' | 'choice', content: readonly string[]): string[] {
  return content.length === 0 ? [] : [`<xs:${name}>`, ...indent(content), `</xs:${name}>`];
}

/** Lines that stand one level deeper. */
export function indent(printed: readonly string[]): string[] {
  return printed.map((line) => `  ${line}`);
}
