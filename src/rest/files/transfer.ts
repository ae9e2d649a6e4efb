import type { HttpBinding } from '../../core/http-binding.ts';
import { ApiError } from '../../core/errors.ts';
import type { CallRequest } from '../../core/transport.ts';
import type { FetchResponse } from '../../http/client/fetch-like.ts';
import type { HttpClient, HttpExchange } from '../../http/client/http-client.ts';
import { networkError } from '../../http/client/network-error.ts';
import { sizeOf, uploadBody, type SentUpload, type Upload } from '../../http/client/upload.ts';
import { writeQuery } from '../../http/client/query-text.ts';
import type { FileBody } from '../../schema/codec/file-body.ts';
import { fileBody, isFileBody } from '../../schema/codec/file-class.ts';
import { ANY_TYPE } from '../../schema/codec/file-stream.ts';
import { WireBytes } from '../../schema/codec/wire-bytes.ts';
import { attachment, readDisposition } from '../../http/message/disposition.ts';
import { fillPath, JSON_TYPE } from '../wire.ts';
import type { AnswerBody, RequestBody } from './bodies.ts';
import { writeForm } from './form-writer.ts';

export { sendUpload } from '../../http/client/upload.ts';
export { bodiesOf } from './bodies.ts';

/** A request whose body is not JSON. */
export interface FileRequest extends SentUpload {
  readonly method: string;
  readonly target: string;
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
      return { method: binding.method, target, headers, body: bytes, failure: () => undefined };
    }
    upload = wholeUpload(content);
  }
  return { method: binding.method, target, ...(await uploadBody(upload)) };
}

/** A file that is the whole body. */
export function wholeUpload(file: FileBody): Upload {
  const { name, type } = file;
  const headers = { 'content-type': type, ...(name !== undefined && { 'content-disposition': attachment(name) }) };
  return { headers, size: sizeOf([file]), pieces: [file] };
}

/** The types that are asked for: errors are JSON, whatever the answer is. */
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
            throw networkError(error, url, signal);
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
