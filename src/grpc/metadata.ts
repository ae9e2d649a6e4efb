import { Metadata, type MetadataValue } from '@grpc/grpc-js';
import { ApiError } from '../core/errors.ts';
import type { RawHeaders } from '../guard/serve-call.ts';
import { entriesOf, joinHeaders, type HeadersOption, type HeadersSource } from '../peer/headers.ts';
import { redact } from '../peer/wire-record.ts';
import { responseHeaders } from '../peer/response-headers.ts';
import type { Headers } from '../core/transport.ts';
import { DETAILS_KEY } from './status.ts';
import { isPromiseLike } from '../life/maybe.ts';

const BINARY_NAME = /^[0-9a-z_.-]+-bin$/;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** The metadata that an adapter's `headers` add to each call: headers, and the `-bin` values, which are bytes and which only gRPC has. */
export class OwnMetadata {
  readonly #option: HeadersOption | undefined;
  /** Of a record, which stays the same. */
  readonly #binary: Headers | undefined;

  constructor(option: HeadersOption | undefined) {
    const [plain, binary] = typeof option === 'object' ? splitBinary(option) : [option, undefined];
    this.#option = plain;
    this.#binary = binary;
  }

  /** The metadata of a call with these headers. Throws INVALID_ARGUMENT if a value cannot travel. */
  join(call: Headers): Metadata | Promise<Metadata> {
    const option = this.#option;
    if (typeof option === 'function') return this.#ask(option, call);
    const joined = joinHeaders(option, call);
    // Of a record nothing has to be waited for.
    return isPromiseLike(joined) ? joined.then(toMetadata) : withBinary(toMetadata(joined), this.#binary);
  }

  async #ask(option: Extract<HeadersOption, () => unknown>, call: Headers): Promise<Metadata> {
    let binary: Headers = {};
    const joined = await joinHeaders(async () => {
      const [plain, found] = splitBinary(await option());
      binary = found;
      return plain;
    }, call);
    return withBinary(toMetadata(joined), binary);
  }
}

function splitBinary(headers: HeadersSource | undefined): readonly [plain: Headers, binary: Headers] {
  const entries = [...entriesOf(headers)];
  const isBinary = ([name]: readonly [string, string]) => name.toLowerCase().endsWith('-bin');
  return [Object.fromEntries(entries.filter((entry) => !isBinary(entry))), Object.fromEntries(entries.filter(isBinary))];
}

function withBinary(metadata: Metadata, binary: Headers = {}): Metadata {
  for (const [given, value] of Object.entries(binary)) {
    const name = given.toLowerCase();
    const why =
      !BINARY_NAME.test(name) || name === DETAILS_KEY
        ? 'its name is not one of metadata'
        : BASE64.test(value)
          ? undefined
          : 'its value must be base64';
    if (why !== undefined) throw new ApiError('INVALID_ARGUMENT', `the header '${name}' cannot travel: ${why}`, { sent: false });
    metadata.set(name, Buffer.from(value, 'base64'));
  }
  return metadata;
}

export function toMetadata(headers: Headers): Metadata {
  const metadata = new Metadata();
  for (const name in headers) metadata.set(name, headers[name] ?? '');
  return metadata;
}

/** The metadata of a peer, with its binary values, which are not headers of ours, left for `receivedHeaders` to drop. */
export function toRawHeaders(metadata: Metadata): RawHeaders {
  return metadata.toJSON() as Record<string, string[]>;
}

/** The headers of an answer: its initial metadata, and its trailers under them. */
export function receivedBeside(head: Metadata | undefined, trailers?: Metadata): Headers {
  return responseHeaders([...(trailers ? textsOf(trailers) : []), ...(head ? textsOf(head) : [])]);
}

function textsOf(metadata: Metadata): (readonly [string, string])[] {
  return Object.entries(metadata.toJSON()).map(([name, values]) => [name, values.filter((value) => typeof value === 'string').join(', ')]);
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
