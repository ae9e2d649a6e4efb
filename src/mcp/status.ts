import type { ErrorCode } from '../core/errors.ts';
import { INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND } from '../peer/json-rpc.ts';

/**
 * The JSON-RPC code of an error of a request that is not a call of a tool: errors of tools are results. `error.data.code` has the code itself.
 * Source: https://modelcontextprotocol.io/specification/2026-07-28/basic#error-codes
 */
export const RPC_CODE: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: INVALID_PARAMS,
  NOT_FOUND: INVALID_PARAMS,
  OUT_OF_RANGE: INVALID_PARAMS,
  UNIMPLEMENTED: METHOD_NOT_FOUND,
  CANCELLED: INTERNAL_ERROR,
  UNKNOWN: INTERNAL_ERROR,
  DEADLINE_EXCEEDED: INTERNAL_ERROR,
  ALREADY_EXISTS: INTERNAL_ERROR,
  PERMISSION_DENIED: INTERNAL_ERROR,
  RESOURCE_EXHAUSTED: INTERNAL_ERROR,
  FAILED_PRECONDITION: INTERNAL_ERROR,
  ABORTED: INTERNAL_ERROR,
  INTERNAL: INTERNAL_ERROR,
  UNAVAILABLE: INTERNAL_ERROR,
  DATA_LOSS: INTERNAL_ERROR,
  UNAUTHENTICATED: INTERNAL_ERROR,
};

/** Codes of the specification: headers that differ from the body, and a version that the server does not know. */
export const HEADER_MISMATCH = -32020;
export const MISSING_CAPABILITY = -32021;
export const UNSUPPORTED_VERSION = -32022;

/** The code of a resource that is not there, in the revisions before 2026-07-28. */
export const LEGACY_NOT_FOUND = -32002;
