import { ApiError, type ErrorCode } from '../../core/errors.ts';
import { parseRetryAfter } from '../../http/message/retry-after.ts';
import { codeOfClose, codeOfHandshake } from '../close.ts';
import type { UpgradeResponse } from './like.ts';
import { meaningOf } from '#answered';

/** The meaning of a closed connection for calls that wait. `failure` is what the socket reported before. */
export function lostConnection(
  url: string,
  { code, reason, failure }: { readonly code: number; readonly reason: string; readonly failure: unknown },
  own: Readonly<Record<number, ErrorCode>>,
): ApiError {
  if ((failure as { readonly code?: unknown } | undefined)?.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return overLimit(url, failure);
  if (code === 1006) return new ApiError('UNAVAILABLE', `${url}: the connection was cut`);
  const why = reason === '' ? '' : `: ${reason}`;
  return new ApiError(codeOfClose(code, own), `${url}: the peer closed the connection (${code})${why}`, { remote: true });
}

/** A message over the hard limit. Nobody knows whose it was, and it would come again: all that wait on the connection end for good. */
export function overLimit(url: string, cause?: unknown): ApiError {
  return new ApiError('DATA_LOSS', `${url}: a message was far over the limit (maxMessageBytes), which ended the connection`, { cause });
}

/** The error of a call or subscription whose message is over the soft limit. */
export function tooLarge(maxMessageBytes: number): ApiError {
  return new ApiError('DATA_LOSS', `a message of the peer is over the limit of ${maxMessageBytes} bytes (maxMessageBytes)`);
}

export function unavailable(url: string, why: string, cause?: unknown): ApiError {
  return new ApiError('UNAVAILABLE', `${url}: ${why}`, { sent: false, ...(cause !== undefined && { cause }) });
}

/** Codes of a server that knows of no socket there. */
const NO_SOCKET: ReadonlySet<ErrorCode> = new Set(['UNIMPLEMENTED', 'INVALID_ARGUMENT', 'UNKNOWN']);

/** The server answered the upgrade with a plain response. */
export async function refusalOf(url: string, response: UpgradeResponse): Promise<ApiError> {
  const { statusCode = 0 } = response;
  let text = '';
  await new Promise<void>((resolve) => {
    response.on('data', (chunk) => {
      if (text.length < 1000) text += chunk.toString();
    });
    for (const end of ['end', 'error', 'close']) response.on(end, () => resolve());
  });
  const said = text === '' || text.startsWith('<') ? '' : `: ${text.slice(0, 1000)}`;
  const code = codeOfHandshake(statusCode);
  const advice = meaningOf(statusCode) ?? (NO_SOCKET.has(code) ? 'is the url right?' : undefined);
  const why = said === '' && advice !== undefined ? `: ${advice}` : said;
  const retryAfterMs = parseRetryAfter([response.headers['retry-after']].flat()[0]);
  return new ApiError(code, `${url}: the server answered the upgrade with ${statusCode}${why}`, {
    retryAfterMs,
    sent: false,
    remote: true,
  });
}
