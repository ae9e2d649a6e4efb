import type { Operation } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import { paramsOfSegment, type HttpBinding, type HttpSegment } from '../../core/http-binding.ts';
import { parseHttpBinding } from '../../core/http-binding/check.ts';
import { shapeOf } from '../../core/shape.ts';
import { encodeText } from '../../http/client/query-text.ts';
import { fileBody, isFileBody } from '../../schema/codec/file-class.ts';
import { ANY_TYPE } from '../../schema/codec/file-stream.ts';
import type { Upload } from '../../http/client/upload.ts';
import { writeForm } from '../files/form-writer.ts';
import { wholeUpload } from '../files/transfer.ts';
import { fromBase64 } from '../../schema/codec/base64.ts';
import { writePlain } from '../../xml/plain/write.ts';
import { hasBody, JSON_TYPE, pathSegment } from '../wire.ts';
import type { ListStyle, RestOperation, RestPlace } from './mapping.ts';
import { headerText, isText, isXml, writePairs } from './style.ts';
import { plainText } from '../../peer/text/plain-text.ts';

/** A request to a foreign API. */
export interface ForeignRequest {
  readonly method: string;
  /** The path, percent-encoded. */
  readonly path: string;
  /** Pairs of the query, percent-encoded. */
  readonly query: readonly string[];
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array<ArrayBuffer> | Upload | undefined;
}

/** Any method but those that a contract knows, and those that are about the connection. Source: https://www.rfc-editor.org/rfc/rfc9110#section-9 */
const FOREIGN_METHOD = /^(?!(?:GET|POST|PUT|PATCH|DELETE|CONNECT|TRACE|TRACK) )[A-Z][A-Z-]*(?= )/;

type Fields = Readonly<Record<string, unknown>>;

/** Compiles what turns an operation's input into a request. Throws a `TypeError` that names what does not fit. */
export function compileForeign(
  operation: Operation,
  mapped: RestOperation,
): (input: unknown, paging: readonly (readonly [string, unknown])[]) => ForeignRequest {
  // HEAD, and those of WebDAV and others: a contract's own operations cannot be bound to them.
  const foreign = FOREIGN_METHOD.exec(mapped.http ?? '')?.[0];
  const route = foreign === undefined ? mapped.http : mapped.http?.replace(foreign, foreign === 'HEAD' ? 'GET' : 'POST');
  const binding = route === undefined ? operation.http[0] : parseHttpBinding(route);
  if (!binding) throw new TypeError(`rest: the operation '${operation.name}' has no method and path: give it 'http'`);
  const { lists = 'repeat', type = JSON_TYPE, body: whole, headers } = mapped;
  const places = placesOf(mapped);
  const inPath = new Map(binding.params.map((name) => [name, name]));
  const rawPaths = new Set<string>();
  for (const [input, place] of places) {
    if (place.in !== 'path') continue;
    const name = place.name ?? input;
    if (!binding.params.includes(name))
      throw new TypeError(`rest: ${operation.name}: the path '${binding.path}' has no parameter {${name}}`);
    inPath.set(name, input);
    if (place.reserved) rawPaths.add(name);
  }
  const taken = new Set(inPath.values());
  const isBodied = hasBody(binding) && whole === undefined;
  const shape = operation.input && shapeOf(operation.input);
  // A body without members is sent to an API that takes some, and to no other.
  const hasMembers =
    mapped.input !== undefined ||
    (shape?.kind === 'object' &&
      Object.keys(shape.fields).some((name) => !taken.has(name) && (places.get(name) ?? { in: 'body' }).in === 'body'));

  if (mapped.pages?.in === 'body' && !isBodied)
    throw new TypeError(
      `rest: ${operation.name}: 'pages' are in the body, which ${whole === undefined ? `${binding.method} has not` : `'${whole}' is`}`,
    );

  return (given, paging) => {
    const fields = mapped.input ? mapped.input((given ?? {}) as Fields) : ((given ?? {}) as Fields);
    const query: string[] = [];
    const cookies: string[] = [];
    const sent: Record<string, string> = { ...headers };
    const members: [name: string, value: unknown, style: ListStyle][] = [];
    for (const [input, value] of Object.entries(fields)) {
      if (value === undefined || taken.has(input) || input === whole) continue;
      const place = places.get(input);
      const { in: where = isBodied ? 'body' : 'query', name = input, style = lists } = place ?? ({} as Partial<RestPlace>);
      if (where === 'query') writePairs(name, value, style, query);
      else if (where === 'header') sent[name.toLowerCase()] = headerText(input, value);
      else if (where === 'cookie') cookies.push(`${name}=${encodeText(value, input)}`);
      else members.push([name, value, style]);
    }
    for (const [name, value] of paging) members.push([name, value, lists]);
    if (cookies.length > 0) sent['cookie'] = [sent['cookie'], ...cookies].filter((part) => part !== undefined).join('; ');
    const body =
      whole === undefined ? membersOf(members, type, isBodied && hasMembers) : bodyOf(fields[whole], type, whole, places.get(whole)?.name);
    if (body !== undefined) Object.assign(sent, isUpload(body) ? body.headers : { 'content-type': type });
    const path = binding.segments.map((segment) => `/${fill(segment, fields, inPath, rawPaths)}`).join('') || '/';
    return { method: foreign ?? binding.method, path, query, headers: sent, body };
  };
}

function placesOf({ params = {} }: RestOperation): ReadonlyMap<string, RestPlace> {
  return new Map(Object.entries(params).map(([input, place]) => [input, typeof place === 'string' ? { in: place } : place]));
}

/** The path of a stream, whose parameters are the channel's. */
export function fillForeignPath(binding: HttpBinding, values: Fields): string {
  const names = new Map(binding.segments.flatMap(paramsOfSegment).map((name) => [name, name]));
  return binding.segments.map((segment) => `/${fill(segment, values, names, new Set())}`).join('') || '/';
}

function fill(segment: HttpSegment, fields: Fields, inputs: ReadonlyMap<string, string>, raw: ReadonlySet<string>): string {
  if ('template' in segment) return segment.template.map((piece) => fill(piece, fields, inputs, raw)).join('');
  if ('literal' in segment) return segment.literal;
  const input = inputs.get(segment.param) ?? segment.param;
  const value = fields[input];
  if (value === undefined)
    throw new ApiError('INVALID_ARGUMENT', `${input}: the path needs it`, {
      sent: false,
      details: { issues: [{ path: [input], message: 'the path needs it' }] },
    });
  const text = Array.isArray(value) ? value.join(',') : plainText(value);
  if (!raw.has(segment.param)) return pathSegment(input, text);
  return text
    .split('/')
    .map((part) => pathSegment(input, part))
    .join('/');
}

const isJson = (type: string): boolean => /^application\/(?:json|[\w.-]+\+json)\s*(?:;|$)/i.test(type);
/** A JSON value on each line. */
const isLines = (type: string): boolean => /^application\/(?:x-)?(?:ndjson|jsonl|json-?lines)\s*(?:;|$)/i.test(type);
const isMultipart = (type: string): boolean => /^multipart\/form-data\s*(?:;|$)/i.test(type);
const isForm = (type: string): boolean => /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type);

/** Whether a body has files. */
export function isUpload(body: ForeignRequest['body']): body is Upload {
  return typeof body === 'object' && 'pieces' in body;
}

/** Members as parts of a form. Bytes are files, whose name says nothing. */
function partsOf(members: readonly [string, unknown, ListStyle][]): Fields {
  const fileOf = (value: unknown): unknown =>
    value instanceof Uint8Array ? fileBody({ content: new Uint8Array(value), name: 'file', type: ANY_TYPE }) : value;
  return Object.fromEntries(
    members.map(([name, value, style]) =>
      Array.isArray(value) ? [style === 'brackets' ? `${name}[]` : name, value.map(fileOf)] : [name, fileOf(value)],
    ),
  );
}

/** Members as one body: JSON, or a form. */
function membersOf(members: readonly [string, unknown, ListStyle][], type: string, isNeeded: boolean): string | Upload | undefined {
  if (members.length === 0 && !isNeeded) return undefined;
  if (isMultipart(type)) return writeForm(partsOf(members), false);
  if (isXml(type)) return xmlBody(members.map(([name, value]) => [name, value]));
  if (!isForm(type)) return JSON.stringify(Object.fromEntries(members.map(([name, value]) => [name, value])));
  const pairs: string[] = [];
  for (const [name, value, style] of members) writePairs(name, value, style, pairs);
  // A space in a form is a plus: https://url.spec.whatwg.org/#application/x-www-form-urlencoded
  return pairs.join('&').replaceAll('%20', '+');
}

/** One input as the whole body. */
function bodyOf(value: unknown, type: string, name: string, element = name): ForeignRequest['body'] {
  if (value === undefined) return undefined;
  if (isFileBody(value)) {
    const upload = wholeUpload(value);
    return type === ANY_TYPE ? upload : { ...upload, headers: { ...upload.headers, 'content-type': type } };
  }
  if (isJson(type)) return JSON.stringify(value);
  if (isForm(type) || isMultipart(type))
    return membersOf(
      Object.entries(value ?? {}).map(([key, inner]) => [key, inner, 'repeat']),
      type,
      true,
    );
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (isXml(type) && typeof value === 'object') return xmlBody([[element, value]]);
  if (isLines(type) && Array.isArray(value)) return value.map((line) => `${JSON.stringify(line)}\n`).join('');
  if (typeof value === 'string') return isText(type) || isLines(type) ? value : base64Body(value, name);
  return JSON.stringify(value);
}

/** A document has one root. */
function xmlBody(members: readonly (readonly [name: string, value: unknown])[]): string {
  const [[name, value] = ['', undefined]] = members;
  try {
    if (members.length === 1) return writePlain(name, value);
    throw new TypeError(`a body of XML has one root, not ${members.length}: make it with 'input', or name it with 'body'`);
  } catch (cause) {
    throw new ApiError('INVALID_ARGUMENT', (cause as Error).message, { sent: false, cause });
  }
}

function base64Body(value: string, name: string): Uint8Array<ArrayBuffer> {
  const bytes = fromBase64(value);
  if (bytes) return new Uint8Array(bytes);
  throw new ApiError('INVALID_ARGUMENT', `${name}: the body is bytes, and this is not base64`, { sent: false });
}
