import { SaxesParser, type SaxesTagNS } from 'saxes';
import { ApiError } from '../core/errors.ts';
import { shown } from './text.ts';
import { OpenElement, Scope } from './tree.ts';

/** The limits of a document. */
export interface ParseRules {
  /** Its name in messages. @default 'message' */
  readonly what?: string;
  /** Levels of elements. */
  readonly maxDepth: number;
  /** The number that a message about the depth says. @default maxDepth */
  readonly toldDepth?: number;
  /** Elements and attributes in all. @default 1_000_000 */
  readonly maxItems?: number;
  /** Skips document type declarations and processing instructions instead of refusing them; entities that a declaration makes are unknown. @default false */
  readonly lenient?: boolean;
  /** Refuses a declaration of an encoding that is not one of Unicode's. @default false */
  readonly unicode?: boolean;
}

/** A document as far as it was read. */
export class ParsedXml {
  root: OpenElement | undefined;
  readonly open: OpenElement[] = [];
  /** Elements and attributes. */
  items = 0;

  readonly rules: ParseRules;

  constructor(rules: ParseRules) {
    this.rules = rules;
  }
}

/**
 * Reads a document into a tree; after an error `into` has what was before it. No entity but XML's own five is known, so that nothing grows.
 * @throws `ApiError` INVALID_ARGUMENT if the document is not well-formed, or breaks the rules.
 */
export function parseXml(text: string, into: ParsedXml): OpenElement {
  const parser = idle ?? makeParser();
  idle = undefined;
  current = into;
  try {
    parser.write(text).close();
    // A parser that has come to its end is as new; one that stopped half-way is not.
    idle = parser;
  } finally {
    current = undefined;
  }
  if (!into.root) throw refuse(into, 'has no element');
  return into.root;
}

type Parser = SaxesParser<{ xmlns: true }>;

let idle: Parser | undefined;
/** The state that the parser's handlers fill: parsing is synchronous, so there is one at a time. */
let current: ParsedXml | undefined;

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();
const XML_SCOPE = new Scope({ xml: 'http://www.w3.org/XML/1998/namespace' });

function makeParser(): Parser {
  const parser: Parser = new SaxesParser({ xmlns: true });
  parser.on('error', (error) => {
    throw refuse(current, `is not well-formed XML: ${shown(error.message, 200)}`);
  });
  // https://www.w3.org/TR/soap12-part1/#soapenv: "The XML infoset of a SOAP message MUST NOT contain a document type declaration"; 1.1 says the same.
  parser.on('doctype', () => {
    if (!current?.rules.lenient) throw problem('a document type declaration is not allowed');
  });
  parser.on('processinginstruction', ({ target }) => {
    if (!current?.rules.lenient) throw problem(`a processing instruction (${shown(target, 40)}) is not allowed`);
  });
  parser.on('xmldecl', ({ version, encoding }) => {
    if (current?.rules.unicode === true && encoding !== undefined && !/^(utf-?8|utf-?16(le|be)?|us-ascii)$/i.test(encoding))
      throw problem(`the XML declaration says '${shown(encoding, 40)}': send UTF-8`);
    if (version !== undefined && version !== '1.0') throw problem(`this is XML ${shown(version, 20)}: send XML 1.0`);
  });
  parser.on('opentag', (tag) => current && openTag(current, tag));
  parser.on('closetag', () => void current?.open.pop());
  parser.on('text', (text) => current && takeText(current, text));
  parser.on('cdata', (text) => current && takeText(current, text));
  return parser;
}

function openTag(into: ParsedXml, tag: SaxesTagNS): void {
  const { open, rules } = into;
  const parent = open.at(-1);
  if (open.length >= rules.maxDepth) throw refuse(into, `is nested more than ${rules.toldDepth ?? rules.maxDepth} levels deep`);
  const attributes = attributesOf(tag);
  const { maxItems = 1_000_000 } = rules;
  if ((into.items += 1 + attributes.size) > maxItems) throw refuse(into, `has more than ${maxItems} items`);
  const element = new OpenElement(tag.uri, tag.local, attributes, scopeOf(tag, parent?.scope ?? XML_SCOPE));
  if (parent) parent.children.push(element);
  else into.root ??= element;
  open.push(element);
}

function takeText({ open }: ParsedXml, text: string): void {
  const element = open.at(-1);
  if (element) element.text = element.text === '' ? text : element.text + text;
}

function attributesOf({ attributes }: SaxesTagNS): ReadonlyMap<string, string> {
  let found: Map<string, string> | undefined;
  for (const name in attributes) {
    const attribute = attributes[name];
    if (!attribute || attribute.prefix === 'xmlns' || name === 'xmlns') continue;
    found ??= new Map();
    found.set(attribute.uri === '' ? attribute.local : `${attribute.uri} ${attribute.local}`, attribute.value);
  }
  return found ?? NO_ATTRIBUTES;
}

/** Most elements declare nothing. */
function scopeOf({ ns }: SaxesTagNS, outer: Scope): Scope {
  for (const _ in ns) return new Scope(ns, outer);
  return outer;
}

function problem(message: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', message);
}

function refuse(of: ParsedXml | undefined, message: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', `the ${of?.rules.what ?? 'message'} ${message}`);
}
