import type { ListNode, ObjectNode, RecordNode, SchemaNode, TypeUse, UnionNode } from '../schema/node.ts';
import { XSI } from './tree.ts';

/**
 * How a type stands in XML: made from a contract alone (`contract-plan.ts`), or from an XML Schema (SOAP's `schema-plan.ts`). One reader and one writer run it.
 * Plans form a graph that may be cyclic.
 */
export type Plan = TextPlan | ObjectPlan | ItemsPlan | RecordPlan | ChoicePlan | UntypedPlan;

/** A type that is text in XML. */
export interface TextPlan {
  readonly kind: 'text';
  /** The contract's type; none for one of an XML Schema. */
  readonly node?: SchemaNode;
  /** Its type in XML Schema: `xs:dateTime`. */
  readonly xsd: string;
  /** A misfit is handed on as text, for the schema to refuse. */
  readonly read: (text: string) => unknown;
  /** Escaped. Throws `UnwritableText`, and a `TypeError` for a value that is not a scalar. */
  readonly write: (value: unknown) => string;
  /** Of an XML Schema: how values say which type they are. */
  readonly typed?: TypeNames | undefined;
}

/** The tags of an element, ready to be written. */
export interface Tags {
  /** The start tag without its `>`. */
  readonly start: string;
  readonly open: string;
  readonly close: string;
  readonly empty: string;
  readonly nil: string;
}

/** The tags of an element whose name has its prefix. */
export function xmlTags(name: string): Tags {
  return {
    start: `<${name}`,
    open: `<${name}>`,
    close: `</${name}>`,
    empty: `<${name}/>`,
    nil: `<${name} xmlns:xsi="${XSI}" xsi:nil="true"/>`,
  };
}

/** One element in another: its name, its type and its tags. */
export interface Slot extends Tags {
  readonly element: string;
  /** The element's namespace; `undefined` if it is the one of the message. */
  readonly uri?: string | undefined;
  readonly plan: Plan;
  /** Whether null is written as nil; if not, null has no form in XML. @default true */
  readonly nillable?: boolean | undefined;
  /** The prefix that must be declared. */
  readonly prefix?: string | undefined;
  /** The contract's type, of one item if the element is repeated. */
  readonly use: TypeUse;
}

/** An element of an object. */
export interface Member extends Slot {
  /** The property's name. */
  readonly name: string;
  /** Items repeat the element. */
  readonly repeated: boolean;
  /** Whether an object may come without it. */
  readonly optional: boolean;
  /** Whether it stands in one of several alternatives, so that without items it is not an empty list. */
  readonly alternative?: boolean;
  /** The text that is written if a value has nothing for it. */
  readonly fixed?: string | undefined;
  /** Stands for an empty element, or an absent attribute, that is read. */
  readonly preset?: string | undefined;
  /** The property's type in the contract. */
  readonly property: TypeUse;
}

/** An attribute of an object. */
export interface AttributeMember {
  /** `@currency`; with its namespace, as `@xml:lang`, if that is not the one of the schema. */
  readonly name: string;
  /** By what `XmlElement` finds it: its local name, after its namespace and a space if it has one. */
  readonly key: string;
  /** As it is written, with its prefix. */
  readonly written: string;
  readonly prefix?: string | undefined;
  readonly plan: TextPlan;
  readonly fixed?: string | undefined;
  /** Stands for an empty element, or an absent attribute, that is read. */
  readonly preset?: string | undefined;
}

/** The content of an object's element, in the order of writing. */
export type Part = { readonly part: 'member'; readonly member: Member } | GroupPart | { readonly part: 'rest' };

/** Several parts: all of them, one of them, or all of them again and again. */
export interface GroupPart {
  readonly part: 'all' | 'one' | 'again';
  readonly parts: readonly Part[];
  readonly members: readonly Member[];
}

export interface ObjectPlan {
  readonly kind: 'object';
  /** The contract's type; none for the content of a message, and for a type of an XML Schema. */
  readonly node: ObjectNode | undefined;
  /** In the order of the elements. */
  readonly members: readonly Member[];
  readonly byElement: ReadonlyMap<string, Member | readonly Member[]>;
  /** Of an XML Schema. */
  readonly loose?: LoosePlan | undefined;
}

/** The parts of an XML Schema's type beside its elements. Its values are plain, and names are found as people write them. */
export interface LoosePlan {
  readonly content: readonly Part[];
  readonly attributes: readonly AttributeMember[];
  /** The text beside attributes, as `#text`. */
  readonly text: TextPlan | undefined;
  /** Whether elements that the type does not name may stand in it. */
  readonly open: boolean;
  /** The namespace of those elements, if they have one. */
  readonly openNamespace: string | undefined;
  /** Whether attributes that the type does not name may stand in it. */
  readonly openAttributes: boolean;
  /** The property for a key of a value: exactly, or in another case and with other separators if that is unique. */
  find(key: string): Member | AttributeMember | '#text' | undefined;
  /** Elements that the type does not name. */
  readonly any: UntypedPlan;
  readonly typed: TypeNames;
}

/** A type among those that are derived from it. */
export interface TypeNames {
  /** `{urn:x}Dog`; none for a type without a name. */
  readonly name: string | undefined;
  /** As `xsi:type` is written: `n1:Dog`. */
  readonly written: string | undefined;
  readonly prefix: string | undefined;
  readonly abstract: boolean;
  /** The plan of a type by its qualified name: one of those that are derived from it, or any that the schema has. */
  byName(name: string): Plan | undefined;
  /** All that are derived from it, the nearest first. */
  derived(): readonly ObjectPlan[];
}

/** A list in an element of its own: `<Tags><Items>a</Items><Items>b</Items></Tags>`. */
export interface ItemsPlan {
  readonly kind: 'items';
  readonly node?: ListNode;
  readonly item: Slot;
  /** An array of the SOAP encoding, whose elements have any name; `name[` begins its `arrayType`. */
  readonly array?: { readonly written: string; readonly prefix: string | undefined } | undefined;
}

/** Text keys to values: `<Entry><Key>a</Key><Value>1</Value></Entry>`. */
export interface RecordPlan {
  readonly kind: 'record';
  readonly node: RecordNode;
  readonly value: Slot;
}

/** One of several: the variant's element in the union's. */
export interface ChoicePlan {
  readonly kind: 'choice';
  readonly node: UnionNode;
  readonly options: readonly Slot[];
  readonly byElement: ReadonlyMap<string, Slot>;
  /** The option that a value is. Throws a `TypeError` if it is none. */
  readonly choose: (value: unknown) => Slot;
}

/** Any XML: plain values by how it looks. */
export interface UntypedPlan {
  readonly kind: 'untyped';
  /** The plan that an `xsi:type` names. */
  byName(name: string): Plan | undefined;
  /** The plan of the only type of a local name. */
  byLocal(name: string): Plan | undefined;
  /** The element for a key that names one of the schema's own: `{urn:x}Item`. */
  global(key: string): Slot | undefined;
}
