import { ERROR_CODES, type ErrorCode } from '../core/errors.ts';

/** The number of each code. Source: https://grpc.io/docs/guides/status-codes/ */
export const STATUS: Readonly<Record<ErrorCode, number>> = Object.fromEntries(ERROR_CODES.map((code, index) => [code, index + 1])) as Record<ErrorCode, number>; // prettier-ignore

/** The code of a status; those that gRPC does not know are UNKNOWN. */
export function codeOf(status: number): ErrorCode {
  return ERROR_CODES[status - 1] ?? 'UNKNOWN';
}

/** The place in which the details travel: a `google.rpc.Status`. */
export const DETAILS_KEY = 'grpc-status-details-bin';

/** The length of the plain `grpc-message`, of which each character takes up to nine bytes. */
const MAX_PLAIN_MESSAGE = 100;

/** The message as `grpc-message` has it: cut, because it is whole in the details, and without halves of characters, which cannot be encoded. */
export function plainMessage(message: string): string {
  return message.slice(0, MAX_PLAIN_MESSAGE).replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}
