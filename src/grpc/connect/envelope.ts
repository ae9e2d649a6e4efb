/** Flags of an envelope. Sources: https://connectrpc.com/docs/protocol#streaming-rpcs and https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md */
export const COMPRESSED = 1;
/** Connect's last envelope: the end of the stream, as JSON. */
export const END_STREAM = 2;
/** gRPC-Web's last envelope: the trailers, as lines of a head. */
export const TRAILERS = 0x80;

const HEAD_BYTES = 5;

/** A message, or the end, of a stream. */
export interface Envelope {
  readonly flags: number;
  readonly data: Uint8Array;
}

/** Puts flags and length before a message. */
export function encodeEnvelope(flags: number, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD_BYTES + data.length);
  bytes[0] = flags;
  new DataView(bytes.buffer).setUint32(1, data.length);
  bytes.set(data, HEAD_BYTES);
  return bytes;
}

/** Reads envelopes from pieces that are cut anywhere. */
export class EnvelopeReader {
  #rest: Uint8Array = new Uint8Array(0);

  private readonly maxBytes: number;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Whether the pieces ended with an envelope. */
  get isComplete(): boolean {
    return this.#rest.length === 0;
  }

  /** The envelopes that a piece completes, in order. Throws a `RangeError` for one over the limit, as soon as its length is read. */
  push(piece: Uint8Array): Envelope[] {
    const bytes = this.#rest.length === 0 ? piece : joined(this.#rest, piece);
    const envelopes: Envelope[] = [];
    let at = 0;
    while (bytes.length - at >= HEAD_BYTES) {
      const view = new DataView(bytes.buffer, bytes.byteOffset + at, HEAD_BYTES);
      const length = view.getUint32(1);
      if (length > this.maxBytes) throw new RangeError(`a message is larger than ${this.maxBytes} bytes`);
      const end = at + HEAD_BYTES + length;
      if (end > bytes.length) break;
      envelopes.push({ flags: view.getUint8(0), data: bytes.subarray(at + HEAD_BYTES, end) });
      at = end;
    }
    this.#rest = at === 0 ? bytes : bytes.slice(at);
    return envelopes;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
