import { sizeOf, type Upload } from '../../http/client/upload.ts';
import { newBoundary, partDisposition } from '../../http/message/disposition.ts';
import type { FileBody } from '../../schema/codec/file-body.ts';
import { isFileBody } from '../../schema/codec/file-class.ts';

/**
 * Writes members as a form: files are parts with a name and a media type, scalars are text, lists repeat their part, and what has no such form
 * is a part of JSON. `exactly` keeps names of files whatever is in them, for our own services. Files come last, so that a server has everything else once the first large one begins.
 * Source: https://www.rfc-editor.org/rfc/rfc7578
 */
export function writeForm(members: Readonly<Record<string, unknown>>, exactly: boolean): Upload {
  const boundary = newBoundary();
  const fields: (string | FileBody)[] = [];
  const files: (string | FileBody)[] = [];
  const part = (head: string, content: string | FileBody, to: (string | FileBody)[]) => {
    to.push(`--${boundary}\r\ncontent-disposition: ${head}\r\n\r\n`, content, '\r\n');
  };
  for (const [name, value] of Object.entries(members)) {
    if (value === undefined) continue;
    const all = Array.isArray(value) ? (value as readonly unknown[]) : [value];
    if (all.length > 0 && all.every(isFileBody))
      for (const file of all)
        part(
          `${partDisposition(name, file.name ?? (file.size === 0 ? undefined : ''), exactly)}\r\ncontent-type: ${file.type}`,
          file,
          files,
        );
    else if (all.length > 0 && all.every(isText)) for (const each of all) part(partDisposition(name), String(each), fields);
    else part(`${partDisposition(name)}\r\ncontent-type: application/json`, JSON.stringify(value), fields);
  }
  const pieces = [...fields, ...files, `--${boundary}--\r\n`];
  return { headers: { 'content-type': `multipart/form-data; boundary=${boundary}` }, size: sizeOf(pieces), pieces };
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value instanceof Uint8Array;
}
