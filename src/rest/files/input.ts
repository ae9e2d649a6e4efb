import { ApiError } from '../../core/errors.ts';
import { setOwn } from '../../core/own.ts';
import type { HttpBinding } from '../../core/http-binding.ts';
import { HttpError } from '../../http/message/error.ts';
import type { HttpRequest } from '../../http/message/message.ts';
import { readDisposition } from '../../http/message/disposition.ts';
import { isFormType, FormReader, type FormPart } from '../../http/message/form.ts';
import { fileContent } from '../../http/message/form-file.ts';
import type { TempFiles } from '../../http/message/temp-files.ts';
import { keepSmall, type Held } from '../../http/message/keep-small.ts';
import { parseJson, tryParseJson } from '../../peer/json.ts';
import { compileQueryReader, compileTextReader, type TextReader } from '../../schema/text.ts';
import { FileBody } from '../../schema/codec/file-body.ts';
import { ANY_TYPE } from '../../schema/codec/file-stream.ts';
import { isFileNode, type Field, type OperationView, type SchemaNode } from '../../schema/view.ts';
import type { RequestBody } from './bodies.ts';

/** How much of a request is read. */
export interface BodyLimits {
  /** The part of a request that is in memory at a time. */
  readonly maxBodyBytes: number;
  /** Items of lists and members of objects. */
  readonly maxItems: number;
  /** A whole body with files. */
  readonly maxFileBytes: number;
  /** The folder of files of a form that are too large for memory, if others may come after them. */
  readonly temp?: TempFiles | undefined;
}

/** Reads the members that a body has. */
export type BodyReader = (request: HttpRequest, limits: BodyLimits) => Promise<Record<string, unknown>>;

/** Compiles the reader of a request whose body is one member, and whose other members are in the query. */
export function compileRawReader(view: OperationView, binding: HttpBinding, body: RequestBody & { readonly kind: 'raw' }): BodyReader {
  const { member, isFile } = body;
  const rest = (view.input?.fields ?? []).filter(({ name }) => name !== member && !binding.params.includes(name));
  const readQuery = compileQueryReader(rest);
  return async (request, { maxBodyBytes, maxFileBytes }) => {
    const input = readQuery(request.query);
    if (!isFile) return { ...input, [member]: await request.bytes(maxBodyBytes) };
    const { headers } = request;
    const said = headers['content-type'];
    // The type that curl's --data-binary gives to any bytes.
    const type = said === undefined || said === 'application/x-www-form-urlencoded' ? ANY_TYPE : String(said);
    if (isFormType(type)) throw new HttpError(415, `the body is the ${member} itself, not a form: send it as curl's --data-binary does`);
    const held: Held = { left: maxBodyBytes };
    const content = await keepSmall(request.stream(maxFileBytes)[Symbol.asyncIterator](), held);
    const length = headers['content-length'];
    const size = length === undefined ? undefined : Number(length);
    return {
      ...input,
      [member]: new FileBody({ content, type, name: readDisposition(headers['content-disposition'] as string | undefined).filename, size }),
    };
  };
}

/** How one member of a form is read. */
interface Member {
  readonly isList: boolean;
  readonly isFile: boolean;
  readonly isBytes: boolean;
  /** Whether its text is JSON, because no other text is one. */
  readonly isJson: boolean;
  readonly mayBeEmpty: boolean;
  readonly read: TextReader;
}

/** Compiles the reader of a form. A member that the contract does not know is dropped. */
export function compileFormReader(view: OperationView, binding: HttpBinding): BodyReader {
  const fields = (view.input?.fields ?? []).filter(({ name }) => !binding.params.includes(name));
  const members = new Map(fields.map((field) => [field.name, memberOf(field)]));
  const isFile = (name: string) => members.get(name)?.isFile === true;
  return async (request, { maxBodyBytes, maxFileBytes, temp }) => {
    const type = String(request.headers['content-type']);
    const reader = new FormReader(request.stream(maxFileBytes), type, { maxFieldBytes: maxBodyBytes }, isFile);
    const input: Record<string, unknown> = {};
    const held: Held = { left: maxBodyBytes };
    for (let event = await reader.next(); event; event = await reader.next()) {
      // A file that nobody wants.
      if (event.kind === 'chunk' || event.kind === 'end') continue;
      const { part } = event;
      const member = members.get(part.name);
      if (event.kind === 'field') {
        held.left -= event.text.length;
        if (held.left < 0) throw new HttpError(413, `the fields of the form are larger than ${maxBodyBytes} bytes`);
        if (member) put(input, part.name, member, fieldOf(part, event.text, member));
        continue;
      }
      if (!member) continue;
      if (!member.isFile && !member.isBytes)
        throw refuse(part.name, `'${part.name}' is a file in the form, and the operation takes none there`);
      const isLast = temp === undefined || !mayFollow(members, input, part.name);
      const content = await keepSmall(fileContent(reader, part.name, isLast), held);
      const isEmpty = content instanceof Uint8Array && content.byteLength === 0;
      // The part that browsers send for a file input in which nothing was chosen.
      if (isEmpty && part.filename === '' && part.type === ANY_TYPE) continue;
      const isLarge = !(content instanceof Uint8Array);
      if (member.isFile) {
        const kept = isLarge && temp && !isLast ? await temp.keep(content) : { content };
        put(input, part.name, member, new FileBody({ ...kept, name: part.filename, type: part.type }));
      } else if (isLarge) throw new HttpError(413, `'${part.name}' is larger than ${maxBodyBytes} bytes`);
      else put(input, part.name, member, content);
      // The reader of the file reads the rest of the body.
      if (isLarge && isLast) break;
    }
    for (const [name, { mayBeEmpty }] of members) if (mayBeEmpty && !Object.hasOwn(input, name)) input[name] = [];
    return input;
  };
}

/** Whether the form may have more after a file. */
function mayFollow(members: ReadonlyMap<string, Member>, input: object, current: string): boolean {
  return [...members].some(([name, { isList }]) => isList || (name !== current && !Object.hasOwn(input, name)));
}

function memberOf(field: Field): Member {
  const isList = field.node.kind === 'list';
  const item = field.node.kind === 'list' ? field.node.items : field;
  const { node } = item;
  return {
    isList,
    isFile: isFileNode(node),
    isBytes: node.kind === 'string' && node.binary === true,
    isJson: isStructure(node),
    mayBeEmpty: isList && !field.optional && !field.nullable && !('default' in field),
    read: compileTextReader(item),
  };
}

function isStructure({ kind }: SchemaNode): boolean {
  return kind === 'object' || kind === 'record' || kind === 'list' || kind === 'union' || kind === 'any';
}

/** A part without a name: JSON if it says so or can be nothing else, else text that is read by its type. */
function fieldOf(part: FormPart, text: string, member: Member): unknown {
  if (/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(part.type)) return parseJson(text);
  if (!member.isJson) return member.read(text);
  const value = tryParseJson(text);
  return value === undefined ? member.read(text) : value;
}

function put(input: Record<string, unknown>, name: string, { isList }: Member, value: unknown): void {
  const before = Object.hasOwn(input, name) ? input[name] : undefined;
  if (!isList) {
    if (before !== undefined) throw refuse(name, `the form has '${name}' twice, and it is not a list`);
    define(input, name, value);
  } else if (Array.isArray(value) && before === undefined) define(input, name, value);
  else if (Array.isArray(before)) before.push(value);
  else define(input, name, value === null ? null : [value]);
}

function define(input: Record<string, unknown>, name: string, value: unknown): void {
  setOwn(input, name, value);
}

function refuse(name: string, message: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', message, { details: { issues: [{ path: [name], message }] } });
}
