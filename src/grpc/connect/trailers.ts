import type { ErrorBody } from '../../core/errors.ts';
import { toBase64 } from '../../schema/codec/base64.ts';
import { encodeStatus } from '../codec/details.ts';
import { encodable } from '../codec/encodable.ts';
import { DETAILS_KEY, plainMessage, STATUS } from '../status.ts';

const encoder = new TextEncoder();

/** The status of a stream that ended well. */
export const OK_TRAILERS = encoder.encode('grpc-status: 0\r\n');

/** An error as the lines of gRPC-Web's trailers. */
export function encodeTrailers(body: ErrorBody, domain: string, onError: (error: unknown) => void): Uint8Array {
  const lines = [
    `grpc-status: ${STATUS[body.code]}`,
    `grpc-message: ${encodeURIComponent(plainMessage(body.message)).replaceAll('%20', ' ')}`,
    `${DETAILS_KEY}: ${toBase64(encodable(encodeStatus, body, domain, onError)).replace(/=+$/, '')}`,
  ];
  if (body.requestId !== undefined) lines.push(`x-request-id: ${body.requestId}`);
  return encoder.encode(lines.map((line) => `${line}\r\n`).join(''));
}
