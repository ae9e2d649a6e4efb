import { ApiError } from '../../core/errors.ts';
import type { FetchResponse } from '../../http/client/fetch-like.ts';
import { parseRetryAfter } from '../../http/message/retry-after.ts';
import { tryParseJson } from '../../peer/json.ts';
import { COMPRESSED, encodeEnvelope, END_STREAM, EnvelopeReader, TRAILERS, type Envelope } from './envelope.ts';
import { codeOfHttp } from './failure/codes.ts';
import { decodeError, errorOfTrailers, readTrailers } from './failure/read.ts';
import type { FormName } from './form.ts';
import { answered } from '#answered';

/** The reader's subject, and its limit. */
export interface Reading {
  readonly name: string;
  readonly form: FormName;
  readonly maxBytes: number;
}

/** How a client speaks one of the two protocols. */
export interface ClientProtocol {
  /** Whether a call's message is the body itself, without an envelope. */
  readonly isPlain: boolean;
  readonly head: Readonly<Record<string, string>>;
  callType(form: FormName): string;
  streamType(form: FormName): string;
  /** A request's message in its envelope. */
  frame(message: Uint8Array): Uint8Array<ArrayBuffer>;
  /** The message in the answer to a call. Rejects with the error that it is instead, or DATA_LOSS. */
  readCall(response: FetchResponse, body: Uint8Array, reading: Reading): Promise<Uint8Array>;
  /** Rejects with the error that an answer is instead of a stream. */
  checkStream(response: FetchResponse, reading: Reading, text: () => Promise<string>): Promise<void>;
  /** An envelope's word on the stream's end: `undefined` for a message, an error or `'ok'` for the last one. */
  endOf(envelope: Envelope): ApiError | Promise<ApiError> | 'ok' | undefined;
}

const frame = (message: Uint8Array) => encodeEnvelope(0, message);
const decoder = new TextDecoder();

const CONNECT: ClientProtocol = {
  isPlain: true,
  head: { 'connect-protocol-version': '1' },
  callType: (form) => `application/${form}`,
  streamType: (form) => `application/connect+${form}`,
  frame,
  async readCall(response, body, reading) {
    if (response.status !== 200) throw await failureOf(response, decoder.decode(body));
    checkType(response, `application/${reading.form}`, reading);
    return body;
  },
  async checkStream(response, reading, text) {
    if (response.status !== 200) throw await failureOf(response, await text());
    checkType(response, `application/connect+${reading.form}`, reading);
  },
  endOf({ flags, data }) {
    if ((flags & END_STREAM) === 0) return undefined;
    const json = tryParseJson(decoder.decode(data)) as { readonly error?: unknown } | undefined;
    if (json === undefined) return new ApiError('DATA_LOSS', "the stream's end is not JSON", { remote: true });
    return json?.error === undefined
      ? 'ok'
      : (decodeError(json.error, undefined) ?? new ApiError('UNKNOWN', 'the stream failed', { remote: true }));
  },
};

const GRPC_WEB: ClientProtocol = {
  isPlain: false,
  head: { 'x-grpc-web': '1' },
  callType: (form) => `application/grpc-web+${form}`,
  streamType: (form) => `application/grpc-web+${form}`,
  frame,
  async readCall(response, body, reading) {
    await checkGrpcWeb(response, reading);
    const envelopes = readAll(body, reading);
    const last = envelopes.at(-1);
    const end = last && GRPC_WEB.endOf(last);
    if (end === undefined) throw new ApiError('UNAVAILABLE', `${reading.name}: the answer was cut before it had a status`);
    if (end !== 'ok') throw await end;
    const [message, ...more] = envelopes.slice(0, -1);
    if (!message || more.length > 0)
      throw new ApiError('DATA_LOSS', `${reading.name}: the answer does not have one message`, { remote: true });
    return message.data;
  },
  async checkStream(response, reading) {
    await checkGrpcWeb(response, reading);
  },
  endOf({ flags, data }) {
    if ((flags & TRAILERS) === 0) return undefined;
    return errorOfTrailers(readTrailers(decoder.decode(data))) ?? 'ok';
  },
};

/** Both protocols by name. */
export const PROTOCOLS = { connect: CONNECT, 'grpc-web': GRPC_WEB } as const;

/** The message of an envelope. Throws DATA_LOSS for a compressed one, which was not asked for. */
export function messageOf({ flags, data }: Envelope, name: string): Uint8Array {
  if ((flags & COMPRESSED) === 0) return data;
  throw new ApiError('DATA_LOSS', `${name}: a message is compressed, which was not asked for`, { remote: true });
}

/** The error of an answer that is not 200: one of Connect, or what its status means. */
async function failureOf({ status, headers }: FetchResponse, text: string): Promise<ApiError> {
  const requestId = headers.get('x-request-id') ?? undefined;
  const retryAfterMs = parseRetryAfter(headers.get('retry-after'));
  const error = await decodeError(tryParseJson(text), requestId);
  if (error) return error.retryAfterMs === undefined && retryAfterMs !== undefined ? error.with({ retryAfterMs }) : error;
  return new ApiError(codeOfHttp(status), answered(status), { remote: true, requestId, retryAfterMs });
}

async function checkGrpcWeb(response: FetchResponse, reading: Reading): Promise<void> {
  const { headers, status } = response;
  // An answer without a body has its trailers in its head.
  if (headers.get('grpc-status') !== null) {
    const error = await errorOfTrailers(headers);
    if (error) throw error;
  }
  if (status !== 200) throw new ApiError(codeOfHttp(status), answered(status), { remote: true });
  checkType(response, `application/grpc-web+${reading.form}`, reading);
}

function checkType({ headers }: FetchResponse, wanted: string, { name }: Reading): void {
  const given = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? 'no content type';
  if (given === wanted || (given === 'application/grpc-web' && wanted === 'application/grpc-web+proto')) return;
  throw new ApiError('DATA_LOSS', `${name}: the server answered ${given}, not ${wanted}: is the url right?`, { remote: true });
}

function readAll(body: Uint8Array, { name, maxBytes }: Reading): Envelope[] {
  try {
    const reader = new EnvelopeReader(maxBytes);
    const envelopes = reader.push(body);
    return reader.isComplete ? envelopes : [];
  } catch (error) {
    throw new ApiError('DATA_LOSS', `${name}: ${(error as Error).message}`, { remote: true, cause: error });
  }
}
