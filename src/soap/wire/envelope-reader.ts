import { SaxesParser, type SaxesTagNS } from 'saxes';
import { ApiError } from '../../core/errors.ts';
import { shown } from '../../xml/text.ts';
import { OpenElement, type XmlElement } from '../../xml/tree.ts';
import { tooDeep, ValueReader } from './value-reader.ts';
import { XSI, type ObjectType } from './xml-type.ts';
import { versionOf, type SoapVersion } from '../version.ts';

/** What a reader is told about the messages that it may find. */
export interface Expected {
  /** The content of the body's element of that qualified name; `undefined` for one that is not known, which is skipped. */
  find(uri: string, local: string): ObjectType | undefined;
  /** Whether the body's element is wanted as it stands, without a type: a fault. */
  keeps?(uri: string, local: string): boolean;
  /** Called once the header is over, before the body is read. */
  readonly onHeader?: (blocks: readonly XmlElement[], version: SoapVersion) => void;
  readonly maxDepth: number;
}

/** An envelope as far as it was read: where reading fails half-way, it says what answer the sender will understand. */
export class EnvelopeReading {
  version: SoapVersion | undefined;
  /** The qualified name of the body's element. */
  uri: string | undefined;
  local: string | undefined;
  /** What is wrong with an envelope of another SOAP than 1.1 and 1.2. */
  isForeignVersion = false;
  readonly headers: OpenElement[] = [];
  /** The body's element where it was wanted as it stands. */
  element: OpenElement | undefined;
  /** Reads the body's element where it is known. */
  values: ValueReader | undefined;
  place: 'document' | 'envelope' | 'header' | 'body' | 'content' | 'end' = 'document';
  hasHeader = false;
  readonly open: OpenElement[] = [];
  depth = 0;

  readonly expected: Expected;

  constructor(expected: Expected) {
    this.expected = expected;
  }

  /** What was in the body, by its type. */
  get value(): unknown {
    return this.values?.result;
  }
}

/** Reads an envelope into `reading`. Throws INVALID_ARGUMENT for what is no envelope, and what `onHeader` throws. */
export function readEnvelope(reading: EnvelopeReading, xml: string): void {
  const parser = idle ?? makeParser();
  idle = undefined;
  current = reading;
  try {
    parser.write(xml).close();
    if (reading.place !== 'end') throw malformed('the Envelope has no Body');
    // A parser that has come to its end is as new; one that stopped half-way is not.
    idle = parser;
  } finally {
    current = undefined;
  }
}

type Parser = SaxesParser<{ xmlns: true }>;

let idle: Parser | undefined;
/** What the parser's handlers fill: parsing is synchronous, so there is one at a time. */
let current: EnvelopeReading | undefined;

function makeParser(): Parser {
  const parser: Parser = new SaxesParser({ xmlns: true });
  parser.on('error', (error) => {
    throw new ApiError('INVALID_ARGUMENT', `the message is not well-formed XML: ${shown(error.message, 200)}`);
  });
  // https://www.w3.org/TR/soap12-part1/#soapenv: "The XML infoset of a SOAP message MUST NOT contain a document type declaration"; 1.1 says the same.
  parser.on('doctype', () => {
    throw malformed('a document type declaration is not allowed');
  });
  parser.on('processinginstruction', ({ target }) => {
    throw malformed(`a processing instruction (${shown(target, 40)}) is not allowed`);
  });
  parser.on('xmldecl', ({ version, encoding }) => {
    if (version !== undefined && version !== '1.0') throw malformed(`this is XML ${version}: SOAP is XML 1.0`);
    if (encoding !== undefined && !/^(utf-?8|utf-?16(le|be)?|us-ascii)$/i.test(encoding)) {
      throw malformed(`the XML declaration says '${shown(encoding, 40)}': send UTF-8`);
    }
  });
  parser.on('opentag', (tag) => current && openTag(current, tag));
  parser.on('closetag', () => current && closeTag(current));
  parser.on('text', (text) => current && takeText(current, text));
  parser.on('cdata', (text) => current && takeText(current, text));
  return parser;
}

function openTag(reading: EnvelopeReading, tag: SaxesTagNS): void {
  const { local, uri } = tag;
  if (reading.open.length > 0) return openInTree(reading, tag);
  switch (reading.place) {
    case 'content':
      if (reading.values) reading.values.open(uri, local, isNil(tag));
      else if (reading.depth > reading.expected.maxDepth) throw tooDeep(reading.expected.maxDepth);
      reading.depth++;
      return;
    case 'document':
      if (local !== 'Envelope') throw malformed(`the message is a <${shown(local)}>, not a SOAP Envelope`);
      reading.version = versionOf(uri);
      reading.isForeignVersion = reading.version === undefined;
      if (reading.isForeignVersion) throw malformed(`the Envelope's namespace is '${shown(uri)}', which is neither SOAP 1.1 nor 1.2`);
      reading.place = 'envelope';
      return;
    case 'envelope':
      if (versionOf(uri) !== reading.version) throw malformed(`<${shown(local)}> in the Envelope is not in the Envelope's namespace`);
      if (local === 'Header' && !reading.hasHeader) {
        reading.hasHeader = true;
        reading.place = 'header';
      } else if (local === 'Body') {
        reading.expected.onHeader?.(reading.headers, reading.version ?? '1.1');
        reading.place = 'body';
      } else throw malformed(`<${shown(local)}> does not belong into the Envelope: one Header, then one Body`);
      return;
    case 'header':
      return startTree(reading, tag, reading.headers);
    case 'body':
      if (reading.uri !== undefined)
        throw malformed(`the Body has <${shown(local)}> beside <${shown(reading.local ?? '')}>: one element is expected`);
      return startContent(reading, tag);
    case 'end':
      throw malformed(`<${shown(local)}> follows the Body`);
  }
}

function startContent(reading: EnvelopeReading, tag: SaxesTagNS): void {
  const { expected } = reading;
  reading.uri = tag.uri;
  reading.local = tag.local;
  if (expected.keeps?.(tag.uri, tag.local)) {
    const kept: OpenElement[] = [];
    startTree(reading, tag, kept);
    [reading.element] = kept;
    return;
  }
  const type = expected.find(tag.uri, tag.local);
  if (type) reading.values = new ValueReader(type, tag.uri, expected.maxDepth);
  reading.place = 'content';
  reading.depth = 1;
}

function closeTag(reading: EnvelopeReading): void {
  if (reading.open.length > 0) {
    reading.open.pop();
    return;
  }
  switch (reading.place) {
    case 'content':
      reading.values?.close();
      if (--reading.depth === 0) reading.place = 'body';
      return;
    case 'header':
      reading.place = 'envelope';
      return;
    case 'body':
      reading.place = 'end';
      return;
    default:
      return;
  }
}

function takeText(reading: EnvelopeReading, text: string): void {
  const element = reading.open.at(-1);
  if (element) element.text += text;
  else if (reading.place === 'content') reading.values?.text(text);
  else if (text.trim() !== '') throw malformed(`the text '${shown(text.trim(), 40)}' stands between the elements of the Envelope`);
}

function startTree(reading: EnvelopeReading, tag: SaxesTagNS, into: OpenElement[]): void {
  const element = new OpenElement(tag.uri, tag.local, attributesOf(tag));
  into.push(element);
  reading.open.push(element);
}

function openInTree(reading: EnvelopeReading, tag: SaxesTagNS): void {
  if (reading.open.length >= reading.expected.maxDepth) throw tooDeep(reading.expected.maxDepth);
  startTree(reading, tag, reading.open.at(-1)?.children ?? []);
}

function attributesOf(tag: SaxesTagNS): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const name in tag.attributes) {
    const { uri, local, value } = tag.attributes[name] ?? { uri: '', local: '', value: '' };
    attributes.set(uri === '' ? local : `${uri} ${local}`, value);
  }
  return attributes;
}

function isNil(tag: SaxesTagNS): boolean {
  for (const name in tag.attributes) {
    const attribute = tag.attributes[name];
    if (attribute?.local === 'nil' && attribute.uri === XSI) return attribute.value === 'true' || attribute.value === '1';
  }
  return false;
}

function malformed(message: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', message);
}
