import { ApiError } from '../core/errors.ts';
import { HttpError } from '../http/message/error.ts';
import { FormReader, isFormType } from '../http/message/form.ts';
import { fileContent } from '../http/message/form-file.ts';
import type { TempFiles } from '../http/message/temp-files.ts';
import { keepSmall, type Held } from '../http/message/keep-small.ts';
import type { HttpRequest } from '../http/message/message.ts';
import { isObject } from '../peer/error-body.ts';
import { parseMessage } from '../guard/max-items.ts';
import { FileBody } from '../schema/codec/file-body.ts';

/** How much of such a request is read. */
interface UploadLimits {
  readonly maxBodyBytes: number;
  readonly maxItems: number;
  readonly maxFileBytes: number;
  readonly temp: TempFiles | undefined;
}

/** Whether a request is one of the multipart request specification. */
export function isUpload({ headers }: HttpRequest): boolean {
  return isFormType(headers['content-type']);
}

/**
 * Reads a request whose files are parts of a form, and puts each file into its place in the map. Source:
 * https://github.com/jaydenseric/graphql-multipart-request-spec
 */
export async function readUpload(request: HttpRequest, { maxBodyBytes, maxItems, maxFileBytes, temp }: UploadLimits): Promise<unknown> {
  const type = String(request.headers['content-type']);
  const reader = new FormReader(request.stream(maxFileBytes), type, { maxFieldBytes: maxBodyBytes }, () => false);
  const operations = parseMessage(await fieldOf(reader, 'operations'), maxItems);
  const places = placesOf(parseMessage(await fieldOf(reader, 'map'), maxItems));
  const held: Held = { left: maxBodyBytes };
  for (let event = await reader.next(); event; event = await reader.next()) {
    if (event.kind !== 'file') continue;
    const { name, filename, type: mediaType } = event.part;
    const paths = places.get(name);
    // A file that nobody asked for.
    if (!paths) continue;
    places.delete(name);
    const isLast = temp === undefined || places.size === 0;
    const content = await keepSmall(fileContent(reader, name, isLast), held);
    const isLarge = !(content instanceof Uint8Array);
    const kept = isLarge && temp && !isLast ? await temp.keep(content) : { content };
    const file = new FileBody({ ...kept, name: filename, type: mediaType });
    for (const path of paths) put(operations, path, file);
    // The reader of the file reads the rest of the body.
    if (isLarge && isLast) break;
  }
  const [missing] = places.keys();
  if (missing !== undefined) {
    await reader.leave();
    throw new ApiError('INVALID_ARGUMENT', `the map names the file '${missing}', which the form does not have before its first large file`);
  }
  return operations;
}

async function fieldOf(reader: FormReader, name: string): Promise<string> {
  const event = await reader.next();
  if (event?.kind === 'field' && event.part.name === name) return event.text;
  await reader.leave();
  throw new HttpError(400, "a multipart request begins with the fields 'operations' and 'map', in this order");
}

function placesOf(map: unknown): Map<string, readonly string[]> {
  const isPlaces = (value: unknown): value is string[] => Array.isArray(value) && value.every((path) => typeof path === 'string');
  if (!isObject(map) || !Object.values(map).every(isPlaces))
    throw new ApiError('INVALID_ARGUMENT', 'map must name the places of each file: { "0": ["variables.input.photo"] }');
  return new Map(Object.entries(map as Readonly<Record<string, string[]>>));
}

/** Puts a file into the place of a null. */
function put(operations: unknown, path: string, file: FileBody): void {
  const steps = path.split('.');
  const last = steps.pop() ?? '';
  let at: unknown = operations;
  for (const step of steps) at = isParent(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  if (!steps.includes('variables') || !isParent(at) || !Object.hasOwn(at, last) || at[last] !== null)
    throw new ApiError(
      'INVALID_ARGUMENT',
      `the map puts a file at '${path.slice(0, 200)}', but the operations have no null there in their variables`,
    );
  at[last] = file;
}

function isParent(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof FileBody);
}
