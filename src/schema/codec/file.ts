import { $constructor, $ZodType, globalRegistry, type $ZodTypeDef, type $ZodTypeInternals } from 'zod/v4/core';
import * as z from 'zod/mini';
import { bytes as byteCount, readOptions } from '../../core/options.ts';
import { fromBase64 } from './base64.ts';
import { bringFiles } from './file-class.ts';
import { FileBody, type FileSource } from './file-body.ts';
import { fileTooLarge } from './file-too-large.ts';
import { bytes } from './scalars.ts';

/** Options of `file`. */
export interface FileOptions {
  /** Media types that are taken: `['image/png', 'image/*']`. @default any */
  readonly types?: readonly string[] | undefined;
  /** A larger file is INVALID_ARGUMENT: at once if its size is known, else while it is read. @default as large as the protocol carries */
  readonly maxBytes?: number | undefined;
}

/** The type of `file()`. */
export type FileCodec = z.ZodMiniCodec<z.ZodMiniType<FileBody, FileBody>, z.ZodMiniType<FileBody, FileSource>>;

interface FileDef extends $ZodTypeDef {
  readonly type: 'object';
  readonly isFile: true;
  /** Its form for protocols that know nothing of files. */
  readonly shape: Readonly<Record<string, $ZodType>>;
}

interface FileWire extends $ZodType {
  _zod: $ZodTypeInternals & { def: FileDef };
}

/** The wire side of a file: an object of name, type and content, which is a `FileBody` in memory. */
const FileWire = /* @__PURE__ */ $constructor<FileWire, FileDef>('MultiApiFile', (inst, def) => {
  $ZodType.init(inst, def);
  inst._zod.parse = (payload) => {
    const found = readFile(payload.value);
    if (found) payload.value = found;
    else {
      const message = 'Invalid input: expected a file, an object with content in base64, and name and type if they are known';
      payload.issues.push({ code: 'custom', input: payload.value, inst, message, continue: false });
    }
    return payload;
  };
  // Not `toJSONSchema`: with that zod does not come to the parent of one with rules, which has the name.
  inst._zod.processJSONSchema = (_context, json) => {
    Object.assign(json, {
      type: 'object',
      properties: {
        name: { type: 'string' },
        type: { type: 'string' },
        content: { type: 'string', format: 'byte', contentEncoding: 'base64' },
      },
      required: ['content'],
    });
  };
});

let wire: FileWire | undefined;

/** One for all, so that it is one named type in every description. */
function fileWire(): FileWire {
  if (!wire) {
    const text = z.optional(z.string());
    const shape = { name: text, type: text, content: bytes()._zod.def.in as unknown as $ZodType };
    wire = new FileWire({ type: 'object', isFile: true, shape });
    globalRegistry.add(wire, { id: 'FileBody', description: 'A file: its content, its name and its media type.' });
  }
  return wire;
}

/** The application side of a file. */
const FileApplication = /* @__PURE__ */ $constructor<$ZodType, $ZodTypeDef & { readonly rules: FileOptions; readonly type: 'custom' }>(
  'MultiApiFileBody',
  (inst, def) => {
    $ZodType.init(inst, def);
    const { types, maxBytes } = def.rules;
    inst._zod.parse = (payload) => {
      const refuse = (message: string) => {
        payload.issues.push({ code: 'custom', input: payload.value, inst, message, continue: false });
        return payload;
      };
      const found = FileBody.from(payload.value);
      if (!found) return refuse('Invalid input: expected a file: a Blob, bytes, a stream, or { content, name, type }');
      if (types && !types.some((range) => matches(range, found.type)))
        return refuse(`Invalid input: expected a file of the type ${types.join(' or ')}, not ${found.type.slice(0, 100)}`);
      if (maxBytes !== undefined && found.size !== undefined && found.size > maxBytes)
        return refuse(`Too big: expected a file of up to ${maxBytes} bytes`);
      payload.value = maxBytes === undefined || found.size !== undefined ? found : found.through((content) => limited(content, maxBytes));
      return payload;
    };
  },
);

/**
 * A file: a member of an input or an output, a list of them, or a whole output. Your code gives a `Blob`, bytes, a stream, or one of them with a
 * name and a media type, and gets a {@link FileBody}. REST sends it as a body or as a part of a form, and streams it in both directions; other
 * protocols carry it in memory. Optional ones are written `z.optional(file())`.
 */
export function file(options: FileOptions = {}): FileCodec {
  const read = readOptions('file', options, { maxBytes: byteCount() }, ['types']);
  bringFiles(FileBody);
  const { types, maxBytes } = read;
  const stray = types?.find((type) => !/^[\w.+-]+\/(?:[\w.+-]+|\*)$/.test(type));
  if (stray !== undefined) throw new TypeError(`file: '${stray}' is not a media type such as image/png or image/*`);
  const application = new FileApplication({ type: 'custom', rules: read });
  // The types of zod do not know classes of others.
  const codec = z.codec(fileWire() as never, application as never, {
    decode: (value) => value,
    encode: (value) => value,
  }) as unknown as FileCodec;
  const rules = { ...(types && { types }), ...(maxBytes !== undefined && { maxBytes }) };
  if (Object.keys(rules).length > 0) globalRegistry.add(codec, { 'x-file': rules });
  return codec;
}

/** The file in what was received: as it came over REST, or as the object that other protocols carry. */
function readFile(value: unknown): FileBody | undefined {
  if (value instanceof FileBody) return value;
  if (typeof value !== 'object' || value === null || !('content' in value)) return undefined;
  const content = typeof value.content === 'string' ? fromBase64(value.content) : value.content;
  return content instanceof Uint8Array ? FileBody.from({ ...value, content, size: undefined }) : undefined;
}

/** The same pieces, up to a limit. Code that leaves them leaves the content at once, also if it has not begun or does not go on. */
function limited(content: AsyncIterable<Uint8Array>, maxBytes: number): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const pieces = content[Symbol.asyncIterator]();
      let size = 0;
      const leave = async (): Promise<IteratorResult<Uint8Array>> => {
        await pieces.return?.();
        return { done: true, value: undefined };
      };
      const next = async (): Promise<IteratorResult<Uint8Array>> => {
        const step = await pieces.next();
        if (step.done || (size += step.value.byteLength) <= maxBytes) return step;
        await leave();
        throw fileTooLarge(maxBytes);
      };
      return { next, return: leave };
    },
  };
}

/** Whether a media type is within a range such as `image/*`. */
function matches(range: string, type: string): boolean {
  const [bare = ''] = type.toLowerCase().split(';');
  const wanted = range.toLowerCase();
  return wanted === bare.trim() || (wanted.endsWith('/*') && bare.startsWith(wanted.slice(0, -1)));
}
