import { ApiError, isApiError } from '../../core/errors.ts';
import { setOwn } from '../../core/own.ts';
import type { FileBody } from './file-body.ts';
import { isFileBody } from './file-class.ts';
import { fileTooLarge } from './file-too-large.ts';

/** How large the files of one message may be together if they have to be in memory. */
export const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** The files in a value in wire form. */
export function filesIn(value: unknown): FileBody[] {
  if (isFileBody(value)) return [value];
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  return Object.values(value).flatMap(filesIn);
}

/**
 * The value with all its files in memory, for protocols that carry them as bytes.
 * @throws ApiError INVALID_ARGUMENT if they are larger than 8 MiB together
 */
export async function inMemory(value: unknown): Promise<unknown> {
  let left = MAX_FILE_BYTES;
  const read = async (each: unknown): Promise<unknown> => {
    if (isFileBody(each)) {
      if (each.size !== undefined && each.size > left) throw tooManyBytes();
      const limit = left;
      const file = await each.inMemory(limit).catch((error: unknown) => {
        throw isApiError(error) && error.text === fileTooLarge(limit).text ? tooManyBytes() : error;
      });
      left -= file.size ?? 0;
      return file;
    }
    if (filesIn(each).length === 0) return each;
    const copy: Record<string, unknown> | unknown[] = Array.isArray(each) ? [] : {};
    for (const [name, inner] of Object.entries(each as object)) {
      const value = await read(inner);
      setOwn(copy, name, value);
    }
    return copy;
  };
  return read(value);
}

function tooManyBytes(): ApiError {
  return new ApiError('INVALID_ARGUMENT', `the files of a message are larger than ${MAX_FILE_BYTES} bytes together`);
}
