import { toBase64 } from './base64.ts';

/**
 * Bytes as they cross the seam. Whatever writes text (JSON, a query string, XML, a store) writes them as base64 without knowing of them;
 * a protocol that carries bytes takes them as they are. Shares the memory of the bytes that it is made of.
 */
export class WireBytes extends Uint8Array<ArrayBufferLike> {
  /** Slices and copies are plain. */
  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array;
  }

  static share(bytes: Uint8Array): WireBytes {
    return bytes instanceof WireBytes ? bytes : new WireBytes(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  toJSON(): string {
    return toBase64(this);
  }

  override toString(): string {
    return toBase64(this);
  }
}
