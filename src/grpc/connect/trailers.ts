import type { ApiError, ErrorBody } from '../../core/errors.ts';
import { fromBase64, toBase64 } from '../../schema/codec/base64.ts';
import { codeOf, decodeStatus, DETAILS_KEY, encodeStatus, plainMessage, STATUS } from '../status.ts';

const encoder = new TextEncoder();

/** The status of a stream that ended well. */
export const OK_TRAILERS = encoder.encode('grpc-status: 0\r\n');

/** An error as the lines of gRPC-Web's trailers. */
export function encodeTrailers(body: ErrorBody, domain: string, onError: (error: unknown) => void): Uint8Array {
  const lines = [
    `grpc-status: ${STATUS[body.code]}`,
    `grpc-message: ${encodeURIComponent(plainMessage(body.message)).replaceAll('%20', ' ')}`,
    `${DETAILS_KEY}: ${toBase64(statusOf(body, domain, onError)).replace(/=+$/, '')}`,
  ];
  if (body.requestId !== undefined) lines.push(`x-request-id: ${body.requestId}`);
  return encoder.encode(lines.map((line) => `${line}\r\n`).join(''));
}

function statusOf(body: ErrorBody, domain: string, onError: (error: unknown) => void): Uint8Array {
  try {
    return encodeStatus(body, domain);
  } catch (error) {
    onError(error);
    const { code, message } = body;
    return encodeStatus({ code, message }, domain);
  }
}

/** The trailers by their lower-case names. */
export function readTrailers(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 1 ? [] : [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const];
    }),
  );
}

/** The error that a status means; `undefined` for OK. `trailers` may be the head of an answer without a body. */
export function errorOfTrailers(trailers: { get(name: string): string | null | undefined }): ApiError | undefined {
  const given = trailers.get('grpc-status');
  const status = typeof given === 'string' && /^\d{1,3}$/.test(given) ? Number(given) : 2;
  if (status === 0) return undefined;
  const details = trailers.get(DETAILS_KEY);
  const bytes = typeof details === 'string' ? fromBase64(details) : undefined;
  return decodeStatus(
    status,
    decoded(trailers.get('grpc-message') ?? '') || codeOf(status),
    bytes,
    trailers.get('x-request-id') ?? undefined,
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
