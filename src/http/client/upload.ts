import { ApiError } from '../../core/errors.ts';
import type { FileBody } from '../../schema/codec/file-body.ts';
import { isFileBody } from '../../schema/codec/file-class.ts';
import { streamOf } from '../../schema/codec/file-stream.ts';
import type { FetchResponse } from './fetch-like.ts';
import type { HttpClient, HttpExchange } from './http-client.ts';

/** A body that is sent piece by piece. */
export interface Upload {
  /** Media type, and what else is said of the body. */
  readonly headers: Readonly<Record<string, string>>;
  /** In bytes, if it is known beforehand. */
  readonly size: number | undefined;
  /** Text, bytes and files in their order. */
  readonly pieces: readonly (string | FileBody)[];
}

/** An upload as a request has it. */
export interface SentUpload {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: NonNullable<HttpExchange['body']>;
  /** The error that made the content of a file fail, if it did: the carrier only knows that the request broke. */
  readonly failure: () => ApiError | undefined;
}

/** Sends an upload. Rejects with the failure of a file's content if there is one: an answer would say no more than that the body was cut. */
export async function sendUpload(
  http: HttpClient,
  exchange: HttpExchange,
  { failure }: Pick<SentUpload, 'failure'>,
): Promise<FetchResponse> {
  const response = await http.send(exchange).catch((error: unknown) => Promise.reject(failure() ?? error));
  const broken = failure();
  if (!broken) return response;
  response.body?.cancel().catch(() => {});
  throw broken;
}

/** How a body with files is sent: from memory, as a blob, or piece by piece. */
export async function uploadBody(upload: Upload): Promise<SentUpload> {
  let failure: ApiError | undefined;
  const pieces = joined(upload.pieces, (error) => (failure = ApiError.from(error, 'UNKNOWN', 'the content of a file could not be read')));
  const files = upload.pieces.filter(isFileBody);
  const headers = { ...upload.headers };
  const inHand = upload.pieces.length === 1 && files.length === 1 && files[0] && bytesOf(files[0]);
  if (inHand) return { headers, body: inHand, failure: () => failure };
  if (isPage()) {
    // Pages can send streams over HTTP/2 only. A blob is sent from its own place.
    const blobs = await Promise.all(
      upload.pieces.map(async (piece) => (typeof piece === 'string' ? piece : (piece.blob ?? collected(piece)))),
    );
    return { headers, body: new Blob(blobs), failure: () => failure };
  }
  if (upload.size !== undefined) headers['content-length'] = String(upload.size);
  return { headers, body: streamOf(pieces), failure: () => failure };
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

/** The size of pieces in bytes, if all are known. */
export function sizeOf(pieces: Upload['pieces']): number | undefined {
  let size = 0;
  for (const piece of pieces) {
    const bytes = typeof piece === 'string' ? new TextEncoder().encode(piece).byteLength : piece.size;
    if (bytes === undefined) return undefined;
    size += bytes;
  }
  return size;
}
