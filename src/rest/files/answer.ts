import type { ResponseHead } from '../../core/transport.ts';
import { attachment } from '../../http/message/disposition.ts';
import { withHead } from '../../http/message/head.ts';
import type { HttpRequest, HttpResponse, HttpStream, HttpWriter } from '../../http/message/message.ts';
import { FileBody } from '../../schema/codec/file-body.ts';
import { ANY_TYPE } from '../../schema/codec/file-stream.ts';
import { etagOf, matchesEtag } from '../response/etag.ts';
import type { AnswerBody } from './bodies.ts';

/** Larger bytes get no tag unless the handler sets one: making it would take longer than sending them. */
const MAX_TAGGED_BYTES = 1024 * 1024;

/** The usual status and headers of an answer. */
export interface AnswerHead {
  readonly status: number;
  readonly cacheControl: string | undefined;
  readonly requestId: string;
}

/** The answer whose body is an output: bytes, or a file that is sent while it is made. */
export function fileAnswer(
  request: HttpRequest,
  body: AnswerBody,
  output: unknown,
  head: AnswerHead,
  said: ResponseHead | undefined,
  onError: (error: unknown) => void,
): HttpResponse {
  const { status, cacheControl, requestId } = head;
  const headers: Record<string, string> = { 'x-request-id': requestId };
  if (output === null || output === undefined) return withHead({ status: 204, headers }, said);
  const file = output instanceof FileBody ? output : new FileBody({ content: output as Uint8Array, type: body.mediaType ?? ANY_TYPE });
  headers['content-type'] = file.type;
  // A browser must not take what a stranger has sent for a page: neither by its bytes, nor by the type that its sender gave.
  headers['x-content-type-options'] = 'nosniff';
  if (body.isFile) headers['content-disposition'] = file.name === undefined ? 'attachment' : attachment(file.name);
  if (cacheControl !== undefined && said?.headers['cache-control'] === undefined) headers['cache-control'] = cacheControl;
  const content = contentIn(file);
  const etag =
    said?.headers['etag'] ??
    (content && content.length <= MAX_TAGGED_BYTES && request.method === 'GET' ? etagOf(latin1(content)) : undefined);
  if (etag !== undefined) headers['etag'] = etag;
  const seen = request.headers['if-none-match'];
  if (etag !== undefined && seen !== undefined && matchesEtag(String(seen), etag)) {
    void file.cancel().catch(() => {});
    const { 'content-type': _, 'content-disposition': __, ...others } = headers;
    return withHead({ status: 304, headers: others }, said);
  }
  if (content) return withHead({ status: said?.status ?? status, headers, body: content }, said);
  if (file.size !== undefined) headers['content-length'] = String(file.size);
  if (request.method === 'HEAD') {
    void file.cancel().catch(() => {});
    return withHead({ status: said?.status ?? status, headers, body: (writer) => writer.end() }, said);
  }
  // Before the head: a file that was read already is a failure that can still be told.
  const pieces = file[Symbol.asyncIterator]();
  return withHead({ status: said?.status ?? status, headers, body: streamed(file, pieces, onError) }, said);
}

function contentIn(file: FileBody): Uint8Array | undefined {
  try {
    return file.content;
  } catch {
    return undefined;
  }
}

/** A character for each byte, for which the tag is made. */
function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

/** Sends a file at the pace of its reader. One that fails, or is not as long as it said, is cut, so that nobody takes it for complete. */
function streamed(file: FileBody, pieces: AsyncIterator<Uint8Array>, onError: (error: unknown) => void): HttpStream {
  return (writer) => {
    let isOver = false;
    writer.onClose(() => {
      isOver = true;
      void Promise.resolve(pieces.return?.()).catch(() => {});
    });
    // It goes on for as long as the server waits for its answers.
    writer.onStop(() => {});
    void pump(file, pieces, writer, () => isOver).catch((error: unknown) => {
      if (!isOver) onError(error);
      writer.cut();
    });
  };
}

async function pump({ size }: FileBody, pieces: AsyncIterator<Uint8Array>, writer: HttpWriter, isOver: () => boolean): Promise<void> {
  let sent = 0;
  for (;;) {
    const step = await pieces.next();
    if (isOver()) return;
    if (step.done) break;
    sent += step.value.byteLength;
    if (size !== undefined && sent > size) throw wrongSize(size);
    writer.write(step.value);
    await writer.drained();
  }
  if (size !== undefined && sent !== size) throw wrongSize(size);
  writer.end();
}

function wrongSize(size: number): TypeError {
  return new TypeError(`a file is not as long as its size says (${size} bytes): its answer was cut`);
}
