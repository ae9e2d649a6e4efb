import { isErrorCode, type ErrorCode } from '../core/errors.ts';
import { STATUS as HTTP_STATUS } from '../http/message/status.ts';

export { codeOfStatus } from '../http/message/status.ts';

/** The HTTP status of a request that was refused as a whole; errors of single fields travel in a 200. */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
  ...HTTP_STATUS,
  // An operation that a schema does not have makes a document invalid, which is 400 in GraphQL over HTTP.
  UNIMPLEMENTED: 400,
};

/**
 * The texts that other servers write as the code of an error, in upper case with underscores. Sources:
 * https://www.apollographql.com/docs/apollo-server/data/errors#built-in-error-codes,
 * https://www.apollographql.com/docs/graphos/routing/errors, https://shopify.dev/docs/api/admin-graphql#status_and_error_codes,
 * https://hasura.io/docs/2.0/api-reference/graphql-api/error-codes/,
 * https://docs.aws.amazon.com/appsync/latest/devguide/troubleshooting-and-common-mistakes.html,
 * https://chillicream.com/docs/hotchocolate/v13/security/authorization
 */
const FOREIGN_CODES: Readonly<Record<string, ErrorCode>> = Object.fromEntries(
  Object.entries({
    INVALID_ARGUMENT:
      'GRAPHQL_PARSE_FAILED GRAPHQL_VALIDATION_FAILED BAD_USER_INPUT BAD_REQUEST OPERATION_RESOLUTION_FAILURE PARSING_ERROR PARSE_FAILED ' +
      'VALIDATION_ERROR VALIDATION_FAILED VALIDATION_INVALID_TYPE_VARIABLE INVALID_SYNTAX INVALID_INPUT INVALID_GRAPHQL_REQUEST INVALID_JSON MISSING_QUERY_STRING ' +
      'UNPROCESSABLE UNPROCESSABLE_ENTITY DATA_EXCEPTION COERCION_ERROR UNEXPECTED_PAYLOAD ARGUMENTS_LITERALS_INCOMPATIBLE UNDEFINED_FIELD ' +
      'MAX_DEPTH_LIMIT MAX_HEIGHT_LIMIT MAX_ALIASES_LIMIT MAX_ROOT_FIELDS_LIMIT MAX_COST_EXCEEDED MAX_NODE_LIMIT_EXCEEDED COST_ESTIMATED_TOO_EXPENSIVE',
    UNIMPLEMENTED: 'PERSISTED_QUERY_NOT_FOUND PERSISTED_QUERY_NOT_SUPPORTED NOT_SUPPORTED NOT_IMPLEMENTED',
    UNAUTHENTICATED:
      'UNAUTHORIZED UNAUTHENTICATED AUTH_NOT_AUTHENTICATED AUTHENTICATION_ERROR AUTH_ERROR INVALID_JWT INVALID_HEADERS JWT_INVALID_CLAIMS',
    PERMISSION_DENIED:
      'FORBIDDEN AUTH_NOT_AUTHORIZED ACCESS_DENIED PERMISSION_ERROR INSUFFICIENT_SCOPES UNAUTHORIZED_FIELD_OR_TYPE FEATURE_NOT_ACCESSIBLE QUERY_NOT_IN_SAFELIST ' +
      'PERSISTED_QUERY_ID_REQUIRED JWT_MISSING_ROLE_CLAIMS SHOP_INACTIVE',
    NOT_FOUND: 'NOT_EXISTS',
    ALREADY_EXISTS: 'CONFLICT CONSTRAINT_VIOLATION CONSTRAINT_ERROR',
    FAILED_PRECONDITION: 'PRECONDITION_FAILED DEPENDENCY_ERROR',
    ABORTED: 'TX_CONFLICT CONCURRENT_UPDATE',
    RESOURCE_EXHAUSTED:
      'TOO_MANY_REQUESTS RATE_LIMITED RATELIMITED RATE_LIMIT RATE_LIMIT_EXCEEDED REQUEST_RATE_LIMITED THROTTLED USAGE_LIMIT_EXCEEDED QUOTA_EXCEEDED',
    DEADLINE_EXCEEDED: 'REQUEST_TIMEOUT GATEWAY_TIMEOUT TIMEOUT TIME_LIMIT_EXCEEDED',
    CANCELLED: 'CANCELED',
    INTERNAL: 'INTERNAL_SERVER_ERROR INTERNAL_ERROR UNEXPECTED POSTGRES_ERROR',
    UNAVAILABLE: 'SERVICE_UNAVAILABLE SUBREQUEST_HTTP_ERROR BAD_GATEWAY BUSY',
  }).flatMap(([code, names]) => names.split(' ').map((name) => [name, code as ErrorCode])),
);

/** The code that a foreign error names: `THROTTLED`, `access-denied`. */
export function codeOfName(name: unknown): ErrorCode | undefined {
  if (typeof name !== 'string') return undefined;
  const spelled = name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toUpperCase()
    .replace(/[\s-]+/g, '_')
    .replace(/_EXCEPTION$/, '');
  return Object.hasOwn(FOREIGN_CODES, spelled) ? FOREIGN_CODES[spelled] : isErrorCode(spelled) ? spelled : undefined;
}

/** Closes of a socket after which another connection would meet the same. Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
export const CLOSE_CODES: Readonly<Record<number, ErrorCode>> = {
  4004: 'INVALID_ARGUMENT',
  4005: 'INTERNAL',
  4400: 'INVALID_ARGUMENT',
  4401: 'UNAUTHENTICATED',
  // Also an expired token: the core asks for new headers and tries again if the connection had stood.
  4403: 'UNAUTHENTICATED',
  4406: 'UNIMPLEMENTED',
  4409: 'INTERNAL',
  4429: 'RESOURCE_EXHAUSTED',
};
