import type { ErrorCode } from '../core/errors.ts';
import { isTextId } from './json.ts';

/** The error codes of JSON-RPC itself. Source: https://www.jsonrpc.org/specification#error_object */
export const PARSE_ERROR = -32700;
export const INVALID_REQUEST = -32600;
export const METHOD_NOT_FOUND = -32601;
export const INVALID_PARAMS = -32602;
export const INTERNAL_ERROR = -32603;

const CODES = /* @__PURE__ */ new Map<unknown, ErrorCode>([
  [PARSE_ERROR, 'INVALID_ARGUMENT'],
  [INVALID_REQUEST, 'INVALID_ARGUMENT'],
  [METHOD_NOT_FOUND, 'UNIMPLEMENTED'],
  [INVALID_PARAMS, 'INVALID_ARGUMENT'],
  [INTERNAL_ERROR, 'INTERNAL'],
]);

/** The code of a JSON-RPC error that came without one of ours. */
export function codeOfRpc(code: unknown): ErrorCode {
  return CODES.get(code) ?? 'UNKNOWN';
}

/** Tells whether a value of JSON can be the id of a request. */
export function isRpcId(id: unknown): id is string | number | null {
  // `1e400` is JSON, but nothing that JSON could give back.
  return isTextId(id) || Number.isFinite(id) || id === null;
}
