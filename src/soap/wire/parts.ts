import { decodePercent } from '../../peer/text/percent.ts';
import { ApiError } from '../../core/errors.ts';
import { fromBase64, toBase64 } from '../../schema/codec/base64.ts';
import { shown } from '../../xml/text.ts';
import { OpenElement, type XmlElement } from '../../xml/tree.ts';

const XOP = 'http://www.w3.org/2004/08/xop/include';
const MAX_PARTS = 1000;
const CR = 13;
const LF = 10;
const DASH = 45;
const SPACE = 32;
const TAB = 9;

/** A reply of several parts: its envelope, and the parts that stand for content in it. */
export interface PartedReply {
  readonly root: Uint8Array;
  /** The content type of the root. */
  readonly type: string;
  readonly parts: Attachments;
}

interface Part {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/**
 * Takes a reply of MTOM, or of SOAP with attachments, apart. The reader of forms refuses lines that end with LF, headers that go on in the next
 * line and parts without headers, all of which servers send.
 * Source: https://www.w3.org/TR/soap12-mtom/, https://www.w3.org/TR/SOAP-attachments, https://www.rfc-editor.org/rfc/rfc2387
 * @throws `ApiError` DATA_LOSS for one that cannot be taken apart.
 */
export function readParts(bytes: Uint8Array, contentType: string): PartedReply {
  const boundary = parameterOf(contentType, 'boundary');
  if (boundary === undefined) throw spoiled('its content type has no boundary');
  const parts = split(bytes, boundary);
  const start = idOf(parameterOf(contentType, 'start'));
  const root = parts.find(({ headers }) => start !== undefined && idOf(headers.get('content-id')) === start) ?? parts[0];
  if (!root) throw spoiled('it has no part');
  const byId = new Map<string, Part>();
  for (const part of parts) {
    const id = idOf(part.headers.get('content-id'));
    if (id !== undefined && part !== root) byId.set(id, part);
  }
  return { root: decoded(root), type: root.headers.get('content-type') ?? '', parts: new Attachments(byId) };
}

/** A request as a message in parts, of which the envelope is the only one. Source: https://www.w3.org/TR/soap12-mtom/#xop-serialization */
export function packaged(
  xml: string,
  headers: Readonly<Record<string, string>>,
): { readonly body: string; readonly headers: Record<string, string> } {
  const boundary = `mtom-${crypto.randomUUID()}`;
  const { 'content-type': type = 'text/xml', accept = '' } = headers;
  const quoted = `"${type.replace(/; charset=[^;]*/i, '').replace(/["\\]/g, '\\$&')}"`;
  const id = 'envelope@multi-api-sdk';
  const part = `Content-Type: application/xop+xml; charset=UTF-8; type=${quoted}\r\nContent-Transfer-Encoding: 8bit\r\nContent-ID: <${id}>`;
  return {
    body: `--${boundary}\r\n${part}\r\n\r\n${xml}\r\n--${boundary}--\r\n`,
    headers: {
      ...headers,
      accept: `multipart/related; type="application/xop+xml", ${accept}`,
      'content-type': `multipart/related; type="application/xop+xml"; boundary="${boundary}"; start="<${id}>"; start-info=${quoted}`,
    },
  };
}

/** Parts by their ids. */
export class Attachments {
  readonly #texts = new Map<string, string>();
  readonly #parts: ReadonlyMap<string, Part>;

  constructor(parts: ReadonlyMap<string, Part>) {
    this.#parts = parts;
  }

  /** Puts the content of parts, in base64, where elements refer to them. */
  putInto(elements: readonly XmlElement[]): void {
    const queue = [...elements];
    for (let element = queue.pop(); element; element = queue.pop()) {
      if (!(element instanceof OpenElement)) continue;
      const [only] = element.children;
      if (only?.uri === XOP && only.local === 'Include') {
        const href = only.attributes.get('href') ?? '';
        const content = this.#content(href);
        if (content === undefined) throw spoiled(`it refers to the part '${shown(href)}', which is not there`);
        element.children.length = 0;
        element.text = content;
      } else if (only) queue.push(...element.children);
      else element.text = this.#content(element.attributes.get('href') ?? element.text.trim()) ?? element.text;
    }
  }

  /** The same text for each reference, so that many of them take no more memory than one. */
  #content(href: string): string | undefined {
    if (!/^cid:/i.test(href)) return undefined;
    const id = unescaped(href.slice(4));
    const known = this.#texts.get(id);
    if (known !== undefined) return known;
    const part = this.#parts.get(id);
    if (!part) return undefined;
    const text = toBase64(decoded(part));
    this.#texts.set(id, text);
    return text;
  }
}

function split(bytes: Uint8Array, boundary: string): Part[] {
  const delimiter = new TextEncoder().encode(`--${boundary}`);
  const parts: Part[] = [];
  let from: number | undefined;
  for (let at = find(bytes, delimiter, 0); at !== -1; at = find(bytes, delimiter, at + delimiter.length)) {
    if (at > 0 && bytes[at - 1] !== LF) continue;
    const next = at + delimiter.length;
    const isLast = bytes[next] === DASH && bytes[next + 1] === DASH;
    const line = bytes.indexOf(LF, next);
    // A part may have parts of its own, between lines that begin with this one.
    if (!isLast && line !== -1 && bytes.subarray(next, line).some((byte) => byte !== CR && byte !== SPACE && byte !== TAB)) continue;
    if (from !== undefined) {
      if (parts.length >= MAX_PARTS) throw spoiled(`it has more than ${MAX_PARTS} parts`);
      parts.push(partOf(bytes.subarray(from, at - (bytes[at - 2] === CR ? 2 : 1))));
    }
    if (isLast) return parts;
    if (line === -1) break;
    from = line + 1;
  }
  throw spoiled('it ends before its last part does');
}

function find(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  const first = wanted[0] ?? 0;
  for (let at = bytes.indexOf(first, from); at !== -1; at = bytes.indexOf(first, at + 1)) {
    let same = 1;
    while (same < wanted.length && bytes[at + same] === wanted[same]) same++;
    if (same === wanted.length) return at;
  }
  return -1;
}

function partOf(bytes: Uint8Array): Part {
  const headers = new Map<string, string>();
  let at = 0;
  let last = '';
  while (at < bytes.length) {
    const end = bytes.indexOf(LF, at);
    const line = new TextDecoder().decode(bytes.subarray(at, end === -1 ? bytes.length : end)).replace(/\r$/, '');
    at = end === -1 ? bytes.length : end + 1;
    if (line === '') break;
    const colon = line.indexOf(':');
    if (/^[ \t]/.test(line)) headers.set(last, `${headers.get(last) ?? ''} ${line.trim()}`);
    else headers.set((last = line.slice(0, colon).trim().toLowerCase()), line.slice(colon + 1).trim());
  }
  return { headers, body: bytes.subarray(at) };
}

function decoded({ headers, body }: Part): Uint8Array {
  const encoding = headers.get('content-transfer-encoding')?.toLowerCase() ?? 'binary';
  if (/^(?:binary|8bit|7bit)$/.test(encoding)) return body;
  const bytes = encoding === 'base64' ? fromBase64(new TextDecoder().decode(body).replace(/\s+/g, '')) : undefined;
  if (!bytes) throw spoiled(`a part is not in '${shown(encoding, 40)}', or that is an encoding that is not known`);
  return bytes;
}

function parameterOf(contentType: string, name: string): string | undefined {
  const [, quoted, token] = new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^;\\s]*))`, 'i').exec(contentType) ?? [];
  const value = quoted ?? token;
  return value === '' ? undefined : value;
}

/** An id without the brackets of its header. */
function idOf(text: string | undefined): string | undefined {
  return text?.trim().replace(/^<(.*)>$/, '$1');
}

function unescaped(text: string): string {
  return decodePercent(text) ?? text;
}

function spoiled(why: string): ApiError {
  return new ApiError('DATA_LOSS', `the reply of several parts cannot be read: ${why}`, { remote: true });
}
