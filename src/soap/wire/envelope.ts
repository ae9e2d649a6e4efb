import { ApiError } from '../../core/errors.ts';
import { ParsedXml, parseXml, type ParseRules } from '../../xml/parse.ts';
import { shown } from '../../xml/text.ts';
import type { XmlElement } from '../../xml/tree.ts';
import { versionOf, type SoapVersion } from '../version.ts';

/** An envelope as far as it was read: if reading fails half-way, it says what answer the sender will understand. */
export class Envelope {
  version: SoapVersion | undefined;
  /** Whether the envelope is of another SOAP than 1.1 and 1.2. */
  isForeignVersion = false;
  headers: readonly XmlElement[] = [];
  /** The content of the Body. One element is the message; answers of the SOAP encoding have more, which it refers to. */
  body: readonly XmlElement[] = [];

  /** The message. */
  get message(): XmlElement | undefined {
    return this.body[0];
  }
}

/**
 * Reads an envelope into `into`. `maxDepth` counts objects and lists of values, each of which is up to three elements. With `unicode` other encodings are refused, with `maxItems` more elements and attributes.
 * @throws `ApiError` INVALID_ARGUMENT for a text that is not an envelope.
 */
export function readEnvelope(
  xml: string,
  maxDepth: number,
  into: Envelope = new Envelope(),
  rules: Pick<ParseRules, 'maxItems' | 'unicode'> = {},
): Envelope {
  const parsed = new ParsedXml({ maxDepth: 3 * maxDepth + 8, toldDepth: maxDepth, ...rules });
  try {
    parseXml(xml, parsed);
  } finally {
    // A sender who made a mistake is answered in their version, and known by their header.
    const { root } = parsed;
    if (root?.local === 'Envelope') {
      into.version = versionOf(root.uri);
      into.isForeignVersion = into.version === undefined;
      into.headers = root.children.find(({ local }) => local === 'Header')?.children ?? [];
      into.body = root.children.find(({ local }) => local === 'Body')?.children ?? [];
    }
  }
  check(parsed.root);
  return into;
}

function check(root: XmlElement | undefined): void {
  if (root?.local !== 'Envelope') throw malformed(`the message is a <${shown(root?.local ?? '')}>, not a SOAP Envelope`);
  if (versionOf(root.uri) === undefined)
    throw malformed(`the Envelope's namespace is '${shown(root.uri)}', which is neither SOAP 1.1 nor 1.2`);
  refuseText(root);
  let state: 'start' | 'header' | 'body' = 'start';
  for (const child of root.children) {
    const { local } = child;
    if (state === 'body') throw malformed(`<${shown(local)}> follows the Body`);
    if (child.uri !== root.uri) throw malformed(`<${shown(local)}> in the Envelope is not in the Envelope's namespace`);
    if (local === 'Body') state = 'body';
    else if (local === 'Header' && state === 'start') state = 'header';
    else throw malformed(`<${shown(local)}> does not belong into the Envelope: one Header, then one Body`);
    refuseText(child);
  }
  if (state !== 'body') throw malformed('the Envelope has no Body');
}

/** Refuses a Body with more than one element. */
export function oneMessage({ body }: Envelope): void {
  const [first, second] = body;
  if (first && second) throw malformed(`the Body has <${shown(second.local)}> beside <${shown(first.local)}>: one element is expected`);
}

function refuseText({ text }: XmlElement): void {
  if (text.trim() !== '') throw malformed(`the text '${shown(text.trim(), 40)}' stands between the elements of the Envelope`);
}

function malformed(message: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', message);
}
