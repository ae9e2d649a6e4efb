import { ApiError, type ErrorBody } from '../../core/errors.ts';
import { HttpError } from '../../http/message/error.ts';
import { codeOfRefusal } from '../../http/message/status.ts';
import { toBase64 } from '../../schema/codec/base64.ts';
import { encodeDetails } from '../codec/details.ts';
import { encodable } from '../codec/encodable.ts';
import { NAMES } from './failure/codes.ts';
import { toldError } from '../../guard/told-error.ts';

/** An error as it travels; one that is neither an `ApiError` nor an `HttpError` is reported, and neutral to the caller. */
export function errorBody(error: unknown, requestId: string | undefined, onError: (error: unknown) => void): ErrorBody {
  if (error instanceof HttpError) return new ApiError(codeOfRefusal(error.status), error.message, { requestId }).toJSON();
  return toldError(error, onError, requestId).toJSON();
}

/** An error in Connect's JSON; `domain` is the package of the services. Source: https://connectrpc.com/docs/protocol#error-end-stream */
export function encodeError(body: ErrorBody, domain: string, onError: (error: unknown) => void): object {
  return {
    code: NAMES[body.code],
    message: body.message,
    details: encodable(encodeDetails, body, domain, onError).map(({ type, value }) => ({
      type,
      value: toBase64(value).replace(/=+$/, ''),
    })),
  };
}
