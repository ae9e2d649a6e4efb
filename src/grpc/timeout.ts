import { ApiError } from '../core/errors.ts';
import { now } from '../life/now.ts';
import { timeoutHeader } from '../peer/headers.ts';

/** Each unit of `grpc-timeout` in milliseconds. Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests */
const UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 };

/** The most that `connect-timeout-ms` can say, about 115 days. Source: https://connectrpc.com/docs/protocol#unary-request */
const MAX_MS = 9_999_999_999;

/** The deadline of `connect-timeout-ms`. Throws INVALID_ARGUMENT. */
export function readConnectTimeout(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && /^\d{1,10}$/.test(value)) return now() + Number(value);
  throw new ApiError('INVALID_ARGUMENT', 'connect-timeout-ms must be a whole number of milliseconds, in up to ten digits');
}

/** The deadline of `grpc-timeout`. Throws INVALID_ARGUMENT. */
export function readGrpcTimeout(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const [, digits = '', unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(typeof value === 'string' ? value : '') ?? [];
  const ms = UNITS[unit];
  if (ms !== undefined) return now() + Number(digits) * ms;
  throw new ApiError('INVALID_ARGUMENT', "grpc-timeout must be up to eight digits and a unit: '500m'");
}

/** The rest of a deadline as `connect-timeout-ms` carries it. */
export function connectTimeout(deadline: number): string {
  return String(Math.min(Number(timeoutHeader(deadline)), MAX_MS));
}

/** The rest of a deadline as `grpc-timeout` carries it: at least 1 ms, in at most eight digits. */
export function grpcTimeout(deadline: number): string {
  const ms = Number(timeoutHeader(deadline));
  return ms < 1e8 ? `${ms}m` : `${Math.min(Math.ceil(ms / 1000), 99_999_999)}S`;
}
