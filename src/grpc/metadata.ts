import { Metadata, type MetadataValue } from '@grpc/grpc-js';
import { ApiError } from '../errors.js';
import type { RawHeaders } from '../internal/serve-call.js';
import { redact } from '../internal/wire-record.js';
import type { Headers } from '../transport.js';

export function toMetadata(headers: Headers): Metadata {
  const metadata = new Metadata();
  for (const name in headers) metadata.set(name, headers[name] ?? '');
  return metadata;
}

/** What a peer sent, with its binary values, which are no headers of ours, left for `receivedHeaders` to drop. */
export function toRawHeaders(metadata: Metadata): RawHeaders {
  return metadata.toJSON() as Record<string, string[]>;
}

/** How much metadata a call may have, in characters; HTTP/2 in Node takes four times as much. */
const MAX_METADATA_CHARS = 16_384;

/** Throws INVALID_ARGUMENT for more metadata than other protocols take as headers. */
export function checkSize(headers: RawHeaders): void {
  let chars = 0;
  for (const name in headers) chars += name.length + String(headers[name]).length;
  if (chars > MAX_METADATA_CHARS) throw new ApiError('INVALID_ARGUMENT', `metadata holds ${MAX_METADATA_CHARS} characters at most`);
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
