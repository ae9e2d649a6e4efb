import { cancelled } from '../../life/lifetime.ts';
import { ApiError } from '../../core/errors.ts';
import { answered } from '#answered';
import { shownUrl } from '../../peer/redact/shown-url.ts';
import { causesOf, codeOf, isUnsent, RESPONSE_TOO_LARGE, UNREADABLE_RESPONSE } from './fetch-like.ts';

const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: is the server running?',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  ECONNRESET: 'the connection was reset',
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_HEADERS_OVERFLOW: "the answer's headers are larger than 16 KiB",
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
};

/** Codes that a `fetch` of Node or Bun has for a body that is not compressed as its head says; browsers do not tell. */
const BROKEN_CODING = /^(Z_|ZSTD_|ERR__ERROR|ERR_BROTLI|Zlib)/;

/** The words of Node's `fetch` for a port of https://fetch.spec.whatwg.org/#port-blocking */
const BAD_PORT = 'bad port';

/** The words of undici for a proxy that does not connect a client to the server. */
const TUNNEL = /^Proxy response \((\d{3})\)/;

/** The error of a failed fetch: the signal's reason, or UNAVAILABLE, with `sent` false if the request surely did not leave. */
export function networkError(error: unknown, url: string, signal: AbortSignal): ApiError {
  if (signal.aborted) return cancelled(signal);
  const message = `${shownUrl(url)}: ${networkReason(error)}`;
  // It would be the same the next time: nothing that another try may mend.
  const code = codeOf(error);
  if (code === RESPONSE_TOO_LARGE || code === UNREADABLE_RESPONSE || BROKEN_CODING.test(code ?? ''))
    return new ApiError('DATA_LOSS', message, { remote: true, cause: error });
  const reason = reasonOf(error);
  const isSent = !isUnsent(error) && reason !== BAD_PORT && !TUNNEL.test(reason);
  return new ApiError('UNAVAILABLE', message, { sent: isSent, cause: error });
}

/** Why a connection failed, and what to look at: `nothing listens there: is the server running? (ECONNREFUSED)`. */
export function networkReason(error: unknown, peer = 'server'): string {
  const code = codeOf(error);
  const why = HINTS[code ?? '']?.replace('the server', `the ${peer}`) ?? inWords(reasonOf(error));
  return `${why}${code === undefined ? '' : ` (${code})`}`;
}

function inWords(reason: string): string {
  if (reason === BAD_PORT) return 'fetch refuses this port, as browsers do: serve on another one, or is the port of the url right?';
  const [, status] = TUNNEL.exec(reason) ?? [];
  return status === undefined ? reason : answered(Number(status), '', 'the proxy');
}

/** The message of the innermost cause, because `fetch` itself only says that it failed. */
function reasonOf(error: unknown): string {
  let reason = 'the request failed';
  for (const { message } of causesOf(error)) if (typeof message === 'string' && message !== '') reason = message;
  return reason;
}
