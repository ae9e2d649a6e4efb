import { setOwn } from '../../core/own.ts';
import type { HttpClient, HttpExchange, HttpReply } from '../../http/client/http-client.ts';
import { sendUpload, sizeOf, uploadBody, type Upload } from '../../http/client/upload.ts';
import { newBoundary, partDisposition } from '../../http/message/disposition.ts';
import type { FileBody } from '../../schema/codec/file-body.ts';
import { isFileBody } from '../../schema/codec/file-class.ts';
import type { ClientDocument } from '../document/document.ts';

/**
 * Sends a document whose variables may have files as a form, and reads the answer. `exactly` keeps names of files whatever is in them, for our
 * own services.
 * Source: https://github.com/jaydenseric/graphql-multipart-request-spec
 */
export async function exchangeFiles(
  http: HttpClient,
  { url, headers, signal }: Pick<HttpExchange, 'url' | 'headers' | 'signal'>,
  { text, tellsAbsent }: ClientDocument,
  variables: unknown,
  exactly: boolean,
): Promise<HttpReply> {
  const files: Files = new Map();
  const rest = withoutFiles(variables, 'variables', files);
  const operations = JSON.stringify({ query: text, variables: rest, ...(tellsAbsent && { extensions: { absent: true } }) });
  const sent = await uploadBody(formOf(operations, files, exactly));
  // For this header browsers ask first, so servers know that no page of another site has sent the form by itself.
  const all = { 'apollo-require-preflight': 'true', ...headers, ...sent.headers };
  const exchange = { method: 'POST', url, headers: all, body: sent.body, signal };
  const response = await sendUpload(http, exchange, sent);
  return { response, text: await http.text(response, exchange) };
}

/** Files with the places that each has. */
type Files = Map<FileBody, string[]>;

function formOf(operations: string, files: Files, exactly: boolean): Upload {
  const boundary = newBoundary();
  const head = (disposition: string) => `--${boundary}\r\ncontent-disposition: ${disposition}\r\n`;
  const map = Object.fromEntries([...files.values()].map((paths, index) => [index, paths]));
  const fields = [['operations', operations], ['map', JSON.stringify(map)]] as const; // prettier-ignore
  const pieces = [
    ...fields.map(([name, text]) => `${head(partDisposition(name))}\r\n${text}\r\n`),
    ...[...files.keys()].flatMap((file, index) => [
      // Servers take a part without a name for a field.
      `${head(partDisposition(String(index), file.name ?? 'file', exactly))}content-type: ${file.type}\r\n\r\n`,
      file,
      '\r\n',
    ]),
    `--${boundary}--\r\n`,
  ];
  return { headers: { 'content-type': `multipart/form-data; boundary=${boundary}` }, size: sizeOf(pieces), pieces };
}

/** The value with null for each file, which goes to `files` with its path. */
function withoutFiles(value: unknown, path: string, files: Files): unknown {
  if (isFileBody(value)) {
    const places = files.get(value);
    if (places) places.push(path);
    else files.set(value, [path]);
    return null;
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [] : {};
  for (const [name, inner] of Object.entries(value)) setOwn(copy, name, withoutFiles(inner, `${path}.${name}`, files));
  return copy;
}
