import { ApiError } from '../../core/errors.ts';
import { foldName } from '../../xml/name.ts';
import { readXml } from '../../xml/read.ts';
import type { ObjectPlan, Plan, Slot } from '../../xml/plan.ts';
import { shown, UnwritableText, findUnwritable } from '../../xml/text.ts';
import { nameOf, Scope, type XmlElement } from '../../xml/tree.ts';
import { at, place, shape, UnplacedValue } from '../../xml/place.ts';
import { WriteContext, writeElement, writeMembers } from '../../xml/write.ts';
import type { SoapVersion } from '../version.ts';
import type { Envelope } from '../wire/envelope.ts';
import { MAX_DEPTH } from '../wire.ts';
import type { WsdlMessage, WsdlOperation, WsdlPart, WsdlPort } from '../wsdl/model.ts';
import { anyType } from '../xsd/builtin.ts';
import type { XsdComplex, XsdElement, XsdElementUse } from '../xsd/model.ts';
import type { SchemaPlans } from '../xsd/plans.ts';
import { setOwn } from '../../core/own.ts';
import { isObject } from '../../peer/error-body.ts';
import { once } from '../../life/lazy.ts';

const ENCODING = 'http://schemas.xmlsoap.org/soap/encoding/';
const ENCODING_12 = 'http://www.w3.org/2003/05/soap-encoding';

/** The parts of a request in the body and in the header. */
export interface ForeignRequest {
  readonly body: string;
  readonly header: string;
}

/** The names that a contract has for the parts of a request and of an answer. */
export interface PropertyNames {
  readonly input: readonly string[];
  readonly output: readonly string[];
}

/** An operation of a WSDL, ready to be called. */
export class ForeignOperation {
  readonly operation: WsdlOperation;
  readonly port: WsdlPort;
  readonly #plans: SchemaPlans;
  readonly #input: BoundMessage;
  readonly #output: BoundMessage | undefined;

  constructor(operation: WsdlOperation, port: WsdlPort, plans: SchemaPlans, names: PropertyNames) {
    this.operation = operation;
    this.port = port;
    this.#plans = plans;
    this.#input = bind(operation.input, operation, plans, operation.name, names.input);
    this.#output = operation.output && bind(operation.output, operation, plans, `${operation.name}Response`, names.output);
  }

  /**
   * Writes a request from plain values, in XML names or names like them. `header` has those of header parts by their names.
   * @throws `ApiError` INVALID_ARGUMENT with the path of a value that has no place in the request.
   */
  encode(input: unknown, header: Readonly<Record<string, unknown>>, version: SoapVersion): ForeignRequest {
    try {
      const { body, rest } = this.#split(input, header);
      return {
        body: this.#body(body, version),
        header: Object.entries(rest)
          .map(([name, value]) => this.#block(name, value))
          .join(''),
      };
    } catch (error) {
      if (error instanceof UnplacedValue) throw invalid(this.operation.name, error.path, error.message);
      if (error instanceof UnwritableText)
        throw invalid(this.operation.name, findUnwritable(input) ?? findUnwritable(header) ?? [], error.message);
      if (error instanceof TypeError) throw invalid(this.operation.name, [], error.message);
      throw error;
    }
  }

  /** Fields of the input that the body has no place for, and a header part has, go there. */
  #split(
    input: unknown,
    header: Readonly<Record<string, unknown>>,
  ): { readonly body: unknown; readonly rest: Readonly<Record<string, unknown>> } {
    const { headers, content } = this.#input;
    if (headers.size === 0 || !isObject(input)) return { body: input, rest: header };
    const body: Record<string, unknown> = {};
    const rest: Record<string, unknown> = { ...header };
    for (const [key, value] of Object.entries(input)) {
      const part = content?.loose?.find(key) === undefined ? this.#part(key) : undefined;
      setOwn(part === undefined ? body : rest, key, value);
    }
    return { body, rest };
  }

  #part(name: string): Slot | undefined {
    const { headers } = this.#input;
    return headers.get(name) ?? headers.get(name.toLowerCase());
  }

  #block(name: string, value: unknown): string {
    if (value === undefined || value === null) return '';
    const context = new WriteContext();
    const slot = this.#part(name) ?? this.#plans.global(name);
    if (slot) return this.#declare(slot, writeElement(slot, value, context), context);
    if (!name.startsWith('{'))
      throw new UnplacedValue(
        `the WSDL has no header '${shown(name)}': write '{namespace}${shown(name)}' for one that it does not describe`,
        name,
      );
    return writeMembers(ANY_CONTENT, { [name]: value }, context);
  }

  #body(input: unknown, version: SoapVersion): string {
    const { slot, content, encoded } = this.#input;
    const context = new WriteContext(encoded);
    if (slot) {
      const xml = writeElement(slot, input === undefined ? {} : input, context);
      return this.#declare(slot, xml, context, encoded ? ` soap:encodingStyle="${version === '1.1' ? ENCODING : ENCODING_12}"` : '');
    }
    if (!content) {
      if (isObject(input) && Object.values(input).some((value) => value !== undefined))
        throw new UnplacedValue('the operation takes no input', Object.keys(input)[0] ?? '');
      return '';
    }
    const { loose } = content;
    if (!loose) return '';
    const placed = place(content, loose, shape(content, loose, input), false);
    // Several parts in a body: each declares what it needs.
    return content.members
      .map((member) => {
        const each = new WriteContext(encoded);
        const value = placed.get(member);
        return value === undefined
          ? ''
          : this.#declare(
              member,
              at(member.name, () => writeElement(member, value, each)),
              each,
            );
      })
      .join('');
  }

  #declare({ start }: Slot, xml: string, { prefixes }: WriteContext, more = ''): string {
    return `${start}${this.#plans.declarations(prefixes)}${more}${xml.slice(start.length)}`;
  }

  /**
   * The plain value in an answer; `undefined` if there is none.
   * @throws `ApiError` INVALID_ARGUMENT for a message that is not the operation's answer.
   */
  decode({ body }: Envelope): unknown {
    const output = this.#output;
    const [message] = body;
    if (!output || !message) return undefined;
    const context = { namespace: '', maxDepth: MAX_DEPTH, byId: once(() => idsOf(body)) };
    const { slot, content, isWrapper } = output;
    if (!slot) return content && readXml(content, around(body), context);
    const isNamed = message.local === slot.element || output.alternatives.has(message.local);
    // The element around the parts of RPC may have any name.
    if (!isWrapper && !isNamed && slot.plan !== this.#plans.plan(anyType))
      throw new ApiError(
        'INVALID_ARGUMENT',
        `<${shown(message.local)}> of '${shown(message.uri)}', not <${slot.element}> of '${slot.uri ?? ''}'`,
      );
    const own = isWrapper || message.local === slot.element ? undefined : this.#plans.global(nameOf(message.uri, message.local));
    return readXml((own ?? slot).plan, message, context);
  }

  /** Header blocks by their names. */
  decodeHeader({ headers }: Envelope): Readonly<Record<string, unknown>> {
    return Object.fromEntries(headers.map((block) => [block.local, this.decodeAny(block)]));
  }

  /** An element that the schemas may know: a detail of a fault, a header block. */
  decodeAny(element: XmlElement): unknown {
    const slot = this.#plans.global(nameOf(element.uri, element.local));
    return readXml(slot?.plan ?? this.#plans.plan(anyType), element, { namespace: '', maxDepth: MAX_DEPTH, byId: undefined });
  }
}

const ANY_CONTENT: ObjectPlan = {
  kind: 'object',
  node: undefined,
  members: [],
  byElement: new Map(),
  loose: {
    content: [{ part: 'rest' }],
    attributes: [],
    text: undefined,
    open: true,
    openNamespace: undefined,
    openAttributes: false,
    find: () => undefined,
    any: { kind: 'untyped', byName: () => undefined, byLocal: () => undefined, global: () => undefined },
    typed: { name: undefined, written: undefined, prefix: undefined, abstract: false, byName: () => undefined, derived: () => [] },
  },
};

/** A message as it stands in an envelope. */
interface BoundMessage {
  readonly encoded: boolean;
  /** The body's one element. */
  readonly slot: Slot | undefined;
  /** The content of that element, or of the body itself if it has several. */
  readonly content: ObjectPlan | undefined;
  /** Whether the element is around the parts of RPC. */
  readonly isWrapper: boolean;
  /** Elements that may stand in the place of the body's. */
  readonly alternatives: ReadonlySet<string>;
  readonly headers: ReadonlyMap<string, Slot>;
}

function bind(message: WsdlMessage, { style }: WsdlOperation, plans: SchemaPlans, wrapper: string, names: readonly string[]): BoundMessage {
  const { encoded, namespace, parts } = message;
  const headers = new Map<string, Slot>();
  for (const part of message.headers) {
    const slot = plans.slot(elementOf(part, plans));
    for (const name of [part.name, slot.element]) headers.set(name, slot).set(name.toLowerCase(), slot);
  }
  const common = { encoded, headers, alternatives: new Set<string>() };
  if (style === 'rpc') {
    const element: XsdElement = { ...NO_ELEMENT, local: wrapper, uri: namespace, type: sequenceOf(parts, plans, names) };
    const slot = plans.slot(element);
    return { ...common, slot, content: objectOf(slot.plan), isWrapper: true };
  }
  const [only] = parts;
  if (!only) return { ...common, slot: undefined, content: undefined, isWrapper: false };
  if (parts.length > 1)
    return { ...common, slot: undefined, content: objectOf(plans.plan(sequenceOf(parts, plans, names))), isWrapper: false };
  const element = elementOf(only, plans);
  const slot = plans.slot(element);
  return {
    ...common,
    slot,
    content: objectOf(slot.plan),
    isWrapper: false,
    alternatives: new Set(element.substitutes.map(({ local }) => local)),
  };
}

function objectOf(plan: Plan): ObjectPlan | undefined {
  return plan.kind === 'object' ? plan : undefined;
}

const NO_ELEMENT = { nillable: false, abstract: false, fixed: undefined, substitutes: [] } as const;

/** The element of a part: the one that it names, or one with its own name. */
function elementOf({ name, element, type }: WsdlPart, { schemas }: SchemaPlans): XsdElement {
  const [, uri = '', local = element ?? name] = /^\{(.*)\}(.*)$/.exec(element ?? '') ?? [];
  if (element !== undefined) return schemas.element(element) ?? { ...NO_ELEMENT, local, uri, type: anyType };
  return { ...NO_ELEMENT, nillable: true, local: name, uri: '', type: schemas.type(type ?? '') ?? anyType };
}

function sequenceOf(parts: readonly WsdlPart[], plans: SchemaPlans, names: readonly string[]): XsdComplex {
  const wanted = new Set(names.map(foldName));
  const particles = parts.map((part): XsdElementUse => {
    const element = elementOf(part, plans);
    // A part that names an element has two names.
    const isByPart = wanted.has(foldName(part.name)) && !wanted.has(foldName(element.local));
    return { kind: 'element', min: 0, max: 1, element: isByPart ? { ...element, name: part.name } : element };
  });
  return {
    ...anyType,
    name: undefined,
    isAny: false,
    mixed: false,
    anyAttribute: false,
    content: { kind: 'sequence', min: 1, max: 1, particles },
  };
}

const NO_SCOPE = new Scope({});

/** The elements of a body as those of one element. */
function around(body: readonly XmlElement[]): XmlElement {
  return { uri: '', local: '', attributes: new Map(), children: body, text: '', scope: NO_SCOPE };
}

/** Elements by the ids that others refer to. */
function idsOf(body: readonly XmlElement[]): ReadonlyMap<string, XmlElement> {
  const found = new Map<string, XmlElement>();
  const queue = [...body];
  for (let next = queue.pop(); next; next = queue.pop()) {
    const id = next.attributes.get('id') ?? next.attributes.get(`${ENCODING_12} id`);
    if (id !== undefined && !found.has(id)) found.set(id, next);
    queue.push(...next.children);
  }
  return found;
}

function invalid(name: string, path: readonly (string | number)[], why: string): ApiError {
  const shownPath = path.map((part) => (typeof part === 'string' ? shown(part) : part));
  return new ApiError('INVALID_ARGUMENT', `${name}: ${shownPath.length > 0 ? `${shownPath.join('.')}: ` : ''}${why}`, {
    details: { issues: [{ path: shownPath, message: why }] },
    sent: false,
  });
}
