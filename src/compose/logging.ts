import { isApiError, type ErrorCode } from '../core/errors.ts';
import { ms, readOptions, type OptionReader } from '../core/options.ts';
import type { CallRequest, SubscribeRequest } from '../core/transport.ts';
import { now } from '../life/now.ts';
import { attempt, reportToConsole } from '../life/report.ts';
import { printable } from '../peer/text/printable.ts';
import { hideSecrets } from '../peer/redact/secrets.ts';
import type { Middleware } from './use.ts';
import { watch } from './watch.ts';
import { memberOf } from './wrap.ts';

/** The logger, of pino's shape. Those of winston and bunyan fit too, and so does `console`. */
export interface Logger {
  /** For what went well. */
  info(fields: LogFields, message: string): void;
  /** For what the caller did wrong. */
  warn(fields: LogFields, message: string): void;
  /** For what failed here or at the peer. */
  error(fields: LogFields, message: string): void;
}

/** The members of a line. */
export interface LogFields {
  readonly member: string;
  readonly kind: 'query' | 'mutation' | 'stream' | 'event';
  readonly durationMs: number;
  /** `OK`, or the code of the error. */
  readonly code: 'OK' | ErrorCode;
  readonly requestId?: string;
  readonly protocol?: string;
  readonly address?: string;
  /** Events or items of a subscription or a stream that has ended. */
  readonly count?: number;
  /** The error's message without secrets, and the name of a declared error. */
  readonly error?: string;
  readonly reason?: string;
}

/** Options of `logging`. */
export interface LoggingOptions {
  /** @default one line of JSON on the console */
  readonly logger?: Logger;
  /** The share of calls without an error that are logged, from 0 to 1. Errors and slow calls always are. @default 1 */
  readonly sample?: number;
  /** From how long on a call is slow, in milliseconds: it is a warning then. @default Infinity */
  readonly slowMs?: number;
  /** Leaves members out: `(member) => member === 'getHealth'`. @default none */
  readonly skip?: (member: string) => boolean;
}

const share: OptionReader<number> = (value, owner, name) => {
  if (value === undefined) return 1;
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw new TypeError(`${owner}: ${name} must be a number from 0 to 1`);
};

/** The level of each code: a failure of the service, something to look at, or a matter of the caller. */
const LEVELS: Readonly<Record<ErrorCode, keyof Logger>> = {
  CANCELLED: 'info',
  UNKNOWN: 'error',
  INVALID_ARGUMENT: 'info',
  DEADLINE_EXCEEDED: 'warn',
  NOT_FOUND: 'info',
  ALREADY_EXISTS: 'info',
  PERMISSION_DENIED: 'warn',
  RESOURCE_EXHAUSTED: 'warn',
  FAILED_PRECONDITION: 'info',
  ABORTED: 'info',
  OUT_OF_RANGE: 'info',
  UNIMPLEMENTED: 'info',
  INTERNAL: 'error',
  UNAVAILABLE: 'error',
  DATA_LOSS: 'error',
  UNAUTHENTICATED: 'info',
};

/**
 * Middleware that writes a line for each call, and one for each subscription or stream when it ends or is refused. Inputs, outputs and headers are
 * not logged; texts of errors are one line without secrets.
 */
export function logging(options: LoggingOptions = {}): Middleware {
  const read = readOptions('logging', options, { sample: share, slowMs: ms(Infinity, { zero: true }) }, ['logger', 'skip']);
  const { logger = consoleLogger, sample, slowMs, skip } = read;
  const write = (request: CallRequest | SubscribeRequest, begin: number, error: unknown, count?: number): void => {
    const durationMs = Math.round((now() - begin) * 1000) / 1000;
    const isSlow = durationMs >= slowMs;
    if (error === undefined && !isSlow && sample < 1 && Math.random() >= sample) return;
    const fields = fieldsOf(request, durationMs, error, count);
    const level = fields.code === 'OK' ? (isSlow ? 'warn' : 'info') : LEVELS[fields.code];
    attempt(() => logger[level](fields, `${fields.member} ${fields.code}`), reportToConsole);
  };
  return {
    call(request, next) {
      if (skip?.(request.operation.name)) return next(request);
      const begin = now();
      return next(request).then(
        (output) => {
          write(request, begin, undefined);
          return output;
        },
        (error: unknown) => {
          write(request, begin, error ?? 'unknown');
          throw error;
        },
      );
    },
    subscribe(request, sink, next) {
      if (skip?.(memberOf(request))) return next(request, sink);
      const begin = now();
      const onOver = (count: number, error?: unknown): void => write(request, begin, error, count);
      return watch(request, sink, { onOver }, (watched) => next(request, watched));
    },
  };
}

type Writable<T> = { -readonly [N in keyof T]: T[N] };

/** By assignments: spreads of members that may be absent are half of what a line costs. */
function fieldsOf(request: CallRequest | SubscribeRequest, durationMs: number, error: unknown, count: number | undefined): LogFields {
  const { operation, headers, peer } = request;
  const fields: Writable<LogFields> = {
    member: memberOf(request),
    kind: operation ? (operation.item ? 'stream' : operation.kind) : 'event',
    durationMs,
    code: error === undefined ? 'OK' : isApiError(error) ? error.code : 'UNKNOWN',
  };
  const requestId = headers['x-request-id'];
  if (requestId !== undefined) fields.requestId = printable(requestId, 128);
  if (peer) fields.protocol = peer.protocol;
  if (peer?.address !== undefined) fields.address = peer.address;
  if (count !== undefined) fields.count = count;
  if (error !== undefined) fields.error = printable(hideSecrets(textOf(error)));
  if (isApiError(error) && error.reason !== undefined) fields.reason = error.reason;
  return fields;
}

function textOf(error: unknown): string {
  return isApiError(error) ? error.text : error instanceof Error ? error.message : String(error);
}

const line = (level: string) => (fields: LogFields, message: string) =>
  // eslint-disable-next-line no-console -- the lines go there if no logger is given
  console.log(JSON.stringify({ level, time: new Date().toISOString(), message, ...fields }));
const consoleLogger: Logger = { info: line('info'), warn: line('warn'), error: line('error') };
