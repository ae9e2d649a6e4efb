import { status as Status, type Metadata, type StatusObject } from '@grpc/grpc-js';
import { ApiError } from '../core/errors.ts';
import { answered } from '#answered';
import { textOf } from './metadata.ts';
import { decodeStatus } from './codec/details.ts';
import { codeOf, DETAILS_KEY } from './status.ts';

/**
 * The error of a status that a call ended with. grpc-js makes a status of its own when a stream ends without one; it has no trailers then, and
 * its words tell what happened. `hasHead` is whether the head of the answer had come.
 */
export function errorOf(status: StatusObject, hasHead: boolean): ApiError {
  const { code, details, metadata } = status;
  const [bytes] = metadata.get(DETAILS_KEY);
  if (bytes === undefined) {
    const own = localError(status, hasHead);
    if (own) return own;
  }
  const error = decodeStatus(code, inWords(details), typeof bytes === 'string' ? undefined : bytes, textOf(metadata, 'x-request-id'));
  return codeOf(code) === 'UNAVAILABLE' && bytes === undefined ? error.with({ remote: false }) : error;
}

/** The error of a status without details, if what it means is not what its code says. */
function localError({ code, details, metadata }: StatusObject, hasHead: boolean): ApiError | undefined {
  if (code === Status.UNAVAILABLE && UNSENT.test(details)) return new ApiError('UNAVAILABLE', noConnection(details), { sent: false });
  if (code === Status.RESOURCE_EXHAUSTED || code === Status.OUT_OF_RANGE) {
    // A server refuses a request before it answers, so the limit that an answer passes is this client's.
    if (hasHead && isEmpty(metadata) && OWN_LIMIT.test(details)) {
      return new ApiError('DATA_LOSS', `${lowerFirst(details)}: a larger maxResponseBytes takes it`);
    }
    if (PEER_LIMIT.test(details)) return new ApiError('INVALID_ARGUMENT', `the request is too large: ${details}`, { remote: true });
  }
  if (isEmpty(metadata) && BROKEN.test(details)) {
    return new ApiError('UNAVAILABLE', `the stream was cut before it had a status: ${inWords(lowerFirst(details))}`);
  }
  return undefined;
}

/** How grpc-js words an answer of HTTP, such as a proxy gives, says what that means. */
function inWords(details: string): string {
  const [, http] = /^received HTTP status code (\d{3})$/i.exec(details) ?? [];
  return http === undefined ? details : answered(Number(http), ', and no gRPC: is the url right?');
}

function isEmpty(metadata: Metadata): boolean {
  return Object.keys(metadata.getMap()).length === 0;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

/** How grpc-js words that no connection was had, so that the request never left. */
const UNSENT =
  /^([a-z_]+: )?(No connection established|Name resolution failed|Failed to connect|Unable to connect|The channel has been closed|Channel has been shut down)/i;

/**
 * How grpc-js words that a stream was reset, or ended without a status: a proxy lost its upstream, or a server went down.
 * Source: grpc-js `subchannel-call.ts`, `http2Stream.on('close')`; a gateway's own statuses are `mapHttpStatusCode`.
 */
const BROKEN =
  /^(Received RST_STREAM with code \d+|Call cancelled$|Bandwidth exhausted or memory limit exceeded$|Stream refused by server$|Connection dropped$|No status information received$|Received HTTP status code (200|408|5[2-9]\d)$)/;

/** How grpc-js words that a message was larger than this client takes. Source: grpc-js `stream-decoder.ts`, `compression-filter.ts` */
const OWN_LIMIT = /^Received message (larger than max \(\d+ vs \d+\)|that decompresses to a size larger than \d+)$/;

/** How servers word that a request was larger than they take: grpc-js and grpc's C core, Go, Java, .NET, Rust. */
const PEER_LIMIT =
  /message (larger than max|that decompresses to a size larger|exceeds (the )?(configured )?maximum)|message length too large/i;

/** grpc-js wraps what matters: `round_robin: No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: `. */
function noConnection(details: string): string {
  const why = details
    .replace(/\.? Resolution note: *$/, '')
    .replace(/^.*Last error: (?:Error: )?/s, '')
    .replace(/ \(\d{4}-[^()]*Z\)$/, '')
    .replace(/^Name resolution/, 'name resolution');
  const [, hint = 'is the server running?'] = HINTS.find(([pattern]) => pattern.test(why)) ?? [];
  return `no connection: ${why}: ${hint}`;
}

/** The codes to look at, by the words of grpc-js and Node for a failure. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/^name resolution/, 'is the host name right?'],
  [/^Protocol error/, 'is the port right, and does the server speak gRPC (HTTP/2)?'],
  [/wrong version number|packet length too long/, 'the server speaks without TLS: is the url right?'],
  [/certificate|altname/i, "is the server's authority in tls.ca, and the name in the url or tls.servername?"],
];
