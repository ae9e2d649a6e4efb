import { Metadata, type StatusObject } from '@grpc/grpc-js';
import { encodeStatus } from './codec/details.ts';
import { encodable } from './codec/encodable.ts';
import { DETAILS_KEY, plainMessage, STATUS } from './status.ts';
import { toldError } from '../guard/told-error.ts';

/** The status of an error, with its details. An error that is not an `ApiError` is reported, and neutral to the caller. */
export function failure(error: unknown, requestId: string | undefined, domain: string, onError: (error: unknown) => void): StatusObject {
  const body = toldError(error, onError, requestId).toJSON();
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, Buffer.from(encodable(encodeStatus, body, domain, onError)));
  if (body.requestId !== undefined) metadata.set('x-request-id', body.requestId);
  return { code: STATUS[body.code], details: plainMessage(body.message), metadata };
}
