import { ApiError, ERROR_CODES, isApiError, type ErrorBody, type ErrorCode } from '../../core/errors.ts';
import { HttpError } from '../../http/message/error.ts';
import { codeOfRefusal } from '../../http/message/status.ts';
import { isObject } from '../../peer/error-body.ts';
import { fromBase64, toBase64 } from '../../schema/codec/base64.ts';
import { decodeDetails, encodeDetails, type ErrorDetail } from '../status.ts';

/** How Connect writes the codes: in lower case, and one by its American name. Source: https://connectrpc.com/docs/protocol#error-codes */
const NAMES = Object.fromEntries(ERROR_CODES.map((code) => [code, code === 'CANCELLED' ? 'canceled' : code.toLowerCase()])) as Readonly<
  Record<ErrorCode, string>
>;
const CODES: ReadonlyMap<unknown, ErrorCode> = new Map(ERROR_CODES.map((code) => [NAMES[code], code]));

/** What HTTP's statuses mean without an error of Connect. Source: https://connectrpc.com/docs/protocol#http-to-error-code */
const OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'INTERNAL',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  429: 'UNAVAILABLE',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
};

/** The code of an answer that has no error of its protocol: a proxy's, or that of another server. */
export function codeOfHttp(status: number): ErrorCode {
  return OF_STATUS[status] ?? 'UNKNOWN';
}

/** An error as it travels; what is neither an `ApiError` nor an `HttpError` is reported, and neutral to the caller. */
export function errorBody(error: unknown, requestId: string | undefined, onError: (error: unknown) => void): ErrorBody {
  if (isApiError(error)) return error.requestId === undefined ? error.with({ requestId }).toJSON() : error.toJSON();
  if (error instanceof HttpError) return new ApiError(codeOfRefusal(error.status), error.message, { requestId }).toJSON();
  onError(error);
  return new ApiError('INTERNAL', 'internal error', { requestId }).toJSON();
}

/** An error in Connect's JSON; `domain` is the package of the services. Source: https://connectrpc.com/docs/protocol#error-end-stream */
export function encodeError(body: ErrorBody, domain: string, onError: (error: unknown) => void): object {
  return {
    code: NAMES[body.code],
    message: body.message,
    details: detailsOf(body, domain, onError).map(({ type, value }) => ({ type, value: toBase64(value).replace(/=+$/, '') })),
  };
}

/** The caller is to have an answer, whatever somebody has put into the details: those that cannot be encoded stay behind. */
function detailsOf(body: ErrorBody, domain: string, onError: (error: unknown) => void): ErrorDetail[] {
  try {
    return encodeDetails(body, domain);
  } catch (error) {
    onError(error);
    const { code, message, requestId } = body;
    return encodeDetails({ code, message, ...(requestId !== undefined && { requestId }) }, domain);
  }
}

/** The error in a value of Connect's JSON; `undefined` for another value. */
export function decodeError(json: unknown, requestId: string | undefined): ApiError | undefined {
  if (!isObject(json)) return undefined;
  const code = CODES.get(json['code']);
  if (code === undefined) return undefined;
  const { message, details } = json;
  return decodeDetails(
    code,
    typeof message === 'string' ? message : 'the call failed',
    Array.isArray(details) ? details.flatMap(detailOf) : [],
    requestId,
  );
}

function detailOf(json: unknown): ErrorDetail[] {
  if (!isObject(json)) return [];
  const { type, value } = json;
  const bytes = typeof value === 'string' ? fromBase64(value) : undefined;
  return typeof type === 'string' && bytes ? [{ type, value: bytes }] : [];
}
