import { decodePercent } from '../../../peer/text/percent.ts';
import { ApiError, type ErrorCode } from '../../../core/errors.ts';
import { lazy } from '../../../life/lazy.ts';
import { isObject } from '../../../peer/error-body.ts';
import { fromBase64 } from '../../../schema/codec/base64.ts';
import type * as Details from '../../codec/details.ts';
import type { ErrorDetail } from '../../codec/details.ts';
import { codeOf, DETAILS_KEY } from '../../status.ts';
import { CODES } from './codes.ts';

/** Reads details, which are protobuf also beside JSON. */
const details = lazy(() => import('../../codec/details.ts'));

/** An error with the details that `read` finds. If what reads them cannot be loaded, it is its code and message. */
async function detailed(
  code: ErrorCode,
  message: string,
  requestId: string | undefined,
  read: ((part: typeof Details) => ApiError) | false | undefined,
): Promise<ApiError> {
  const part = read && (await Promise.resolve(details()).catch(() => undefined));
  return read && part ? read(part) : new ApiError(code, message, { requestId, remote: true });
}

/** The error in a value of Connect's JSON; `undefined` for another value. */
export function decodeError(json: unknown, requestId: string | undefined): Promise<ApiError> | undefined {
  if (!isObject(json)) return undefined;
  const code = CODES.get(json['code']);
  if (code === undefined) return undefined;
  const message = typeof json['message'] === 'string' ? json['message'] : 'the call failed';
  const found = Array.isArray(json['details']) ? json['details'].flatMap(detailOf) : [];
  return detailed(code, message, requestId, found.length > 0 && ((part) => part.decodeDetails(code, message, found, requestId)));
}

function detailOf(json: unknown): ErrorDetail[] {
  if (!isObject(json)) return [];
  const { type, value } = json;
  const bytes = typeof value === 'string' ? fromBase64(value) : undefined;
  return typeof type === 'string' && bytes ? [{ type, value: bytes }] : [];
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
export function errorOfTrailers(trailers: { get(name: string): string | null | undefined }): Promise<ApiError> | undefined {
  const given = trailers.get('grpc-status');
  const status = typeof given === 'string' && /^\d{1,3}$/.test(given) ? Number(given) : 2;
  if (status === 0) return undefined;
  const details = trailers.get(DETAILS_KEY);
  const bytes = typeof details === 'string' ? fromBase64(details) : undefined;
  const said = trailers.get('grpc-message') ?? '';
  const message = (decodePercent(said) ?? said) || codeOf(status);
  const requestId = trailers.get('x-request-id') ?? undefined;
  return detailed(codeOf(status), message, requestId, bytes && ((part) => part.decodeStatus(status, message, bytes, requestId)));
}
