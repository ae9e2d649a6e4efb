import type { ErrorCode } from '../core/errors.ts';
import { INVALID_PARAMS, METHOD_NOT_FOUND } from '../peer/json-rpc.ts';

/** The JSON-RPC error code of each code; `error.data.code` has the code itself. Source: https://www.jsonrpc.org/specification#error_object */
export const RPC_CODE: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: INVALID_PARAMS,
  UNIMPLEMENTED: METHOD_NOT_FOUND,
  CANCELLED: -32000,
  UNKNOWN: -32000,
  DEADLINE_EXCEEDED: -32000,
  NOT_FOUND: -32000,
  ALREADY_EXISTS: -32000,
  PERMISSION_DENIED: -32000,
  RESOURCE_EXHAUSTED: -32000,
  FAILED_PRECONDITION: -32000,
  ABORTED: -32000,
  OUT_OF_RANGE: -32000,
  INTERNAL: -32000,
  UNAVAILABLE: -32000,
  DATA_LOSS: -32000,
  UNAUTHENTICATED: -32000,
};

/** Close codes of this protocol, of those that are private. Source: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.2 */
export const NOT_INITIALIZED = 4401;

/** The meaning of the private close codes; those of the specification are every protocol's. */
export const CLOSE_CODES: Readonly<Record<number, ErrorCode>> = {
  4400: 'INVALID_ARGUMENT',
  4401: 'UNAUTHENTICATED',
  4403: 'PERMISSION_DENIED',
  4408: 'UNAUTHENTICATED',
  4429: 'RESOURCE_EXHAUSTED',
};
