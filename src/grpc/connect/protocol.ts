import { ApiError, type ErrorBody } from '../../core/errors.ts';
import { concatBytes } from '../../schema/codec/concat.ts';
import { HttpError } from '../../http/message/error.ts';
import { deflate, inflate } from '../../http/message/gzip.ts';
import type { HttpRequest } from '../../http/message/message.ts';
import { fromBase64, toBase64 } from '../../schema/codec/base64.ts';
import { COMPRESSED, encodeEnvelope, END_STREAM, EnvelopeReader, TRAILERS } from './envelope.ts';
import { encodeError } from './error.ts';
import { bytesOf, type Body, type FormName } from './form.ts';
import { encodeTrailers, OK_TRAILERS } from './trailers.ts';

/** The common state of every exchange of a handler. */
export interface Exchanging {
  /** The package of the services, which errors name as their domain. */
  readonly domain: string;
  readonly maxMessageBytes: number;
  /** Items of lists and members of objects in one message. */
  readonly maxItems: number;
  readonly compressFromBytes: number;
  readonly onError: (error: unknown) => void;
}

/** The protocol and the form that a content type asks for. */
export interface Asked {
  readonly protocol: 'connect' | 'connect-stream' | 'grpc-web' | 'grpc-web-text';
  readonly form: FormName;
  /** The content type of the answer. */
  readonly type: string;
}

/** The types that are taken, as `Accept-Post` names them. */
export const TYPES: readonly string[] = [
  'application/json',
  'application/proto',
  'application/connect+json',
  'application/connect+proto',
  'application/grpc-web',
  'application/grpc-web+json',
  'application/grpc-web+proto',
  'application/grpc-web-text',
  'application/grpc-web-text+proto',
];

/** Reads a content type; `undefined` for one that is not of these protocols. */
export function askedBy(contentType: string): Asked | undefined {
  const [, name = '', rest = ''] = /^\s*application\/([a-z0-9+-]+)\s*(.*)$/i.exec(contentType) ?? [];
  const [, base = '', plus = ''] = /^(json|proto|connect|grpc-web(?:-text)?)(?:\+(json|proto))?$/.exec(name.toLowerCase()) ?? [];
  if (base === '' || (rest !== '' && !/^;\s*charset="?utf-8"?\s*$/i.test(rest))) return undefined;
  if (base === 'json' || base === 'proto')
    return plus === '' ? { protocol: 'connect', form: base, type: `application/${base}` } : undefined;
  if (base === 'connect')
    return plus === '' ? undefined : { protocol: 'connect-stream', form: plus as FormName, type: `application/connect+${plus}` };
  const form = plus === 'json' ? 'json' : 'proto';
  return { protocol: base as 'grpc-web' | 'grpc-web-text', form, type: `application/${base}+${form}` };
}

/** The message of a plain request of Connect. */
export async function readPlain(request: HttpRequest, encoding: string | undefined, { maxMessageBytes }: Exchanging): Promise<Uint8Array> {
  const isGzip = usesGzip(encoding);
  const bytes = await request.bytes(maxMessageBytes, ['gzip']);
  return isGzip ? inflate(bytes, maxMessageBytes) : bytes;
}

/** The one message of a request in envelopes. */
export async function readFramed(request: HttpRequest, { protocol }: Asked, { maxMessageBytes }: Exchanging): Promise<Uint8Array> {
  const encoding = request.headers[protocol === 'connect-stream' ? 'connect-content-encoding' : 'grpc-encoding'];
  const isGzip = usesGzip(encoding === undefined ? undefined : String(encoding));
  const isText = protocol === 'grpc-web-text';
  const limit = maxMessageBytes === Infinity ? Infinity : maxMessageBytes + 1024;
  const sent = await request.bytes(isText ? Math.ceil(limit * 1.4) : limit);
  const reader = new EnvelopeReader(maxMessageBytes);
  let found;
  try {
    found = reader.push(isText ? ofBase64(sent) : sent);
  } catch (error) {
    throw error instanceof RangeError ? new HttpError(413, error.message) : error;
  }
  const [envelope] = found;
  if (!envelope || found.length > 1 || !reader.isComplete)
    throw new ApiError(
      'INVALID_ARGUMENT',
      'the request must be one message in an envelope: five bytes of flags and length, then the message',
    );
  if ((envelope.flags & COMPRESSED) === 0) return envelope.data;
  if (!isGzip) throw new ApiError('INVALID_ARGUMENT', 'the message is compressed, but no header names its encoding');
  return inflate(envelope.data, maxMessageBytes);
}

/** Whether an encoding is gzip, the one that is taken beside none. Throws UNIMPLEMENTED for another. */
export function usesGzip(encoding: string | undefined): boolean {
  const name = encoding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return false;
  if (name === 'gzip') return true;
  throw new ApiError('UNIMPLEMENTED', `the encoding '${name.slice(0, 40)}' is not supported: use gzip or identity`);
}

function ofBase64(sent: Uint8Array): Uint8Array {
  const text = new TextDecoder('latin1').decode(sent).trim();
  // Pieces that were encoded by themselves have padding in between.
  const pieces = text.match(/[^=]+={0,2}/g)?.map(fromBase64) ?? [];
  const whole = pieces.flatMap((piece) => piece ?? []);
  if (whole.length < pieces.length) throw new ApiError('INVALID_ARGUMENT', 'the body is not base64, as its content type says');
  return concatBytes(whole);
}

/** How messages and the end of an answer are written in envelopes. */
export interface Framing {
  readonly head: Readonly<Record<string, string>>;
  /** A message as it is. */
  plain(body: Body): Uint8Array;
  /** A message, compressed if it is large and its reader takes that. */
  message(body: Body): Uint8Array | Promise<Uint8Array>;
  end(error: ErrorBody | undefined): Uint8Array;
}

/** The framing that a request asks for. */
export function framingOf(request: HttpRequest, { protocol, type }: Asked, shared: Exchanging): Framing {
  const isConnect = protocol === 'connect-stream';
  const accepted = String(request.headers[isConnect ? 'connect-accept-encoding' : 'grpc-accept-encoding'] ?? '');
  const isGzip = shared.compressFromBytes !== Infinity && /\bgzip\b/i.test(accepted);
  const wrap =
    protocol === 'grpc-web-text' ? (bytes: Uint8Array) => new TextEncoder().encode(toBase64(bytes)) : (bytes: Uint8Array) => bytes;
  return {
    head: { 'content-type': type, ...(isGzip && { [isConnect ? 'connect-content-encoding' : 'grpc-encoding']: 'gzip' }) },
    plain: (body) => wrap(encodeEnvelope(0, bytesOf(body))),
    message(body) {
      const bytes = bytesOf(body);
      if (!isGzip || bytes.length < shared.compressFromBytes) return wrap(encodeEnvelope(0, bytes));
      return deflate(bytes).then((small) => wrap(encodeEnvelope(COMPRESSED, small)));
    },
    end(error) {
      if (!isConnect) return wrap(encodeEnvelope(TRAILERS, error ? encodeTrailers(error, shared.domain, shared.onError) : OK_TRAILERS));
      const end = error ? { error: encodeError(error, shared.domain, shared.onError) } : {};
      return encodeEnvelope(END_STREAM, bytesOf(JSON.stringify(end)));
    },
  };
}
