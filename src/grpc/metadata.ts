import { Metadata, type MetadataValue } from '@grpc/grpc-js';
import type { RawHeaders } from '../guard/serve-call.ts';
import { redact } from '../peer/on-wire.ts';
import type { Headers } from '../core/transport.ts';
import { now } from '../life/now.ts';

export function toMetadata(headers: Headers): Metadata {
  const metadata = new Metadata();
  for (const name in headers) metadata.set(name, headers[name] ?? '');
  return metadata;
}

/**
 * The rest of a deadline as `grpc-timeout` carries it: at least 1 ms, in at most eight digits.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export function timeoutText(deadline: number): string {
  const ms = Math.max(1, Math.ceil(deadline - now()));
  return ms < 1e8 ? `${ms}m` : `${Math.min(Math.ceil(ms / 1000), 99_999_999)}S`;
}

/** What a peer sent, with its binary values, which are no headers of ours, left for `receivedHeaders` to drop. */
export function toRawHeaders(metadata: Metadata): RawHeaders {
  return metadata.toJSON() as Record<string, string[]>;
}

/** Bytes of the names and values. Binary values count as they are, not as base64. */
export function sizeOf(raw: RawHeaders): number {
  let size = 0;
  for (const name in raw) {
    const values = raw[name] ?? [];
    for (const value of typeof values === 'string' ? [values] : values) size += name.length + value.length;
  }
  return size;
}

/** One value of a peer's metadata as text. */
export function textOf(metadata: Metadata, name: string): string | undefined {
  const [value] = metadata.get(name);
  return typeof value === 'string' ? value : undefined;
}

/** For `onWire`: credentials redacted, binary values as base64. */
export function shown(metadata: Metadata): Record<string, string> {
  const text = (value: MetadataValue) => (typeof value === 'string' ? value : value.toString('base64'));
  return redact(Object.entries(metadata.toJSON()).map(([name, values]) => [name, values.map(text).join(', ')] as const));
}
