import type { HttpBinding } from '../../core/http-binding.ts';
import { ApiError } from '../../core/errors.ts';
import type { CallRequest } from '../../core/transport.ts';
import type { FetchResponse } from '../../http/client/fetch-like.ts';
import type { HttpClient, HttpExchange } from '../../http/client/http-client.ts';
import { networkError } from '../../http/client/network-error.ts';
import { writeQuery } from '../../http/client/query-text.ts';
import type { FileBody } from '../../schema/codec/file-body.ts';
import { fileBody, isFileBody } from '../../schema/codec/file-class.ts';
import { ANY_TYPE, streamOf } from '../../schema/codec/file-stream.ts';
import { WireBytes } from '../../schema/codec/wire-bytes.ts';
import { attachment, readDisposition } from '../../http/message/disposition.ts';
import { fillPath, JSON_TYPE } from '../wire.ts';
import type { AnswerBody, RequestBody } from './bodies.ts';
import { sizeOf, writeForm, type Upload } from './form-writer.ts';

export { bodiesOf } from './bodies.ts';

/** A request whose body is not JSON. */
export interface FileRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: NonNullable<HttpExchange['body']>;
  /** What made the content of a file fail, if it did: the carrier only knows that the request broke. */
  readonly failure: () => ApiError | undefined;
  /** Throws that failure: the answer says no more than that the body was cut. */
  readonly check: (response: FetchResponse) => void;
}

/** Writes an input whose body is a file, bytes, or a form with files. */
export async function encodeFiles(binding: HttpBinding, body: RequestBody, { input }: CallRequest): Promise<FileRequest> {
  const values = (input ?? {}) as Readonly<Record<string, unknown>>;
  const path = fillPath(binding, values);
  const rest = Object.fromEntries(Object.entries(values).filter(([name]) => !binding.params.includes(name)));
  let target = path;
  let upload: Upload;
  if (body.kind === 'form') upload = writeForm(rest, true);
  else {
    const { [body.member]: content, ...query } = rest;
    target += writeQuery(query);
    if (!isFileBody(content)) {
      const bytes = content instanceof Uint8Array ? (content as Uint8Array<ArrayBuffer>) : new Uint8Array(0);
      const headers = { 'content-type': body.mediaType ?? ANY_TYPE };
      return { method: binding.method, target, headers, body: bytes, failure: () => undefined, check: () => {} };
    }
    upload = wholeUpload(content);
  }
  const sent = await uploadBody(upload);
  const check = (response: FetchResponse) => {
    const broken = sent.failure();
    if (!broken) return;
    response.body?.cancel().catch(() => {});
    throw broken;
  };
  return { method: binding.method, target, ...sent, check };
}

/** How a body with files is sent: from memory, as a blob, or piece by piece. */
export async function uploadBody(upload: Upload): Promise<Pick<FileRequest, 'headers' | 'body' | 'failure'>> {
  let failure: ApiError | undefined;
  const pieces = joined(upload.pieces, (error) => (failure = ApiError.from(error, 'UNKNOWN', 'the content of a file could not be read')));
  const files = upload.pieces.filter(isFileBody);
  const headers = { ...upload.headers };
  const inHand = upload.pieces.length === 1 && files.length === 1 && files[0] && bytesOf(files[0]);
  if (inHand) return { headers, body: inHand, failure: () => failure };
  if (isPage()) {
    // Pages can send streams over HTTP/2 only. What is a blob already is sent from where it lies.
    const blobs = await Promise.all(
      upload.pieces.map(async (piece) => (typeof piece === 'string' ? piece : (piece.blob ?? collected(piece)))),
    );
    return { headers, body: new Blob(blobs), failure: () => failure };
  }
  if (upload.size !== undefined) headers['content-length'] = String(upload.size);
  return { headers, body: streamOf(pieces), failure: () => failure };
}

/** A file that is the whole body. */
export function wholeUpload(file: FileBody): Upload {
  const { name, type } = file;
  const headers = { 'content-type': type, ...(name !== undefined && { 'content-disposition': attachment(name) }) };
  return { headers, size: sizeOf([file]), pieces: [file] };
}

function bytesOf(file: FileBody): Uint8Array<ArrayBuffer> | undefined {
  try {
    return file.content as Uint8Array<ArrayBuffer>;
  } catch {
    return undefined;
  }
}

function isPage(): boolean {
  const scope = globalThis as { readonly document?: unknown; readonly WorkerGlobalScope?: unknown };
  return (
    scope.document !== undefined || (typeof scope.WorkerGlobalScope === 'function' && 'location' in globalThis && !('Deno' in globalThis))
  );
}

async function collected(file: FileBody): Promise<Blob> {
  return new Response(file.stream()).blob();
}

/** All pieces in turn; leaving them leaves the file that is being read, and those that were not begun. */
function joined(pieces: Upload['pieces'], onError: (error: unknown) => void): AsyncIterable<Uint8Array> {
  const encoder = new TextEncoder();
  let at = 0;
  let current: AsyncIterator<Uint8Array> | undefined;
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    for (;;) {
      if (current) {
        const step = await current.next();
        if (!step.done) return step;
        current = undefined;
      }
      if (at >= pieces.length) return { done: true, value: undefined };
      const piece = pieces[at++];
      if (typeof piece === 'string') return { done: false, value: encoder.encode(piece) };
      current = piece?.[Symbol.asyncIterator]();
    }
  };
  const leave = async () => {
    await current?.return?.();
    for (const piece of pieces.slice(at)) if (isFileBody(piece)) await piece.cancel();
    at = pieces.length;
    current = undefined;
  };
  return {
    [Symbol.asyncIterator]: () => ({
      next: () =>
        next().catch(async (error: unknown) => {
          onError(error);
          await leave().catch(() => {});
          throw error;
        }),
      return: async () => {
        await leave().catch(() => {});
        return { done: true, value: undefined };
      },
    }),
  };
}

/** What is asked for: errors are JSON, whatever the answer is. */
export function acceptFor(answer: AnswerBody | undefined): string {
  return answer ? `${answer.mediaType ?? '*/*'}, ${JSON_TYPE};q=0.9, */*;q=0.1` : JSON_TYPE;
}

/** An answer whose body is the output: bytes in memory, or a file that is read while it comes. */
export async function readAnswer(answer: AnswerBody, response: FetchResponse, http: HttpClient, exchange: HttpExchange): Promise<unknown> {
  if (response.status === 204) {
    await http.bytes(response, exchange);
    return null;
  }
  if (!answer.isFile) return WireBytes.share(await http.bytes(response, exchange));
  http.tell(response);
  const { headers } = response;
  const length = headers.get('content-encoding') === null ? headers.get('content-length') : null;
  const size = length !== null && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
  return fileBody({
    content: contentOf(response, size, exchange),
    name: readDisposition(headers.get('content-disposition')).filename,
    type: headers.get('content-type') ?? undefined,
    size,
  });
}

/** The body of an answer; a cut one is an error and never a short file. */
function contentOf(response: FetchResponse, size: number | undefined, { url, signal }: HttpExchange): AsyncIterable<Uint8Array> {
  const { body } = response;
  return {
    [Symbol.asyncIterator]: () => {
      const reader = body?.getReader();
      let left = size;
      return {
        next: async () => {
          let step: ReadableStreamReadResult<Uint8Array> | undefined;
          try {
            step = await reader?.read();
          } catch (error) {
            throw networkError(error, url.split('?', 1)[0] ?? url, signal);
          }
          if (step && !step.done) {
            if (left !== undefined) left -= step.value.byteLength;
            return step;
          }
          if (left !== undefined && left !== 0)
            throw new ApiError(
              'DATA_LOSS',
              `the answer ended ${Math.abs(left)} bytes ${left > 0 ? 'short of' : 'behind'} its content-length`,
              {
                remote: true,
              },
            );
          return { done: true, value: undefined };
        },
        return: async () => {
          await reader?.cancel().catch(() => {});
          return { done: true, value: undefined };
        },
      };
    },
  };
}
