/** The alphabets of https://www.rfc-editor.org/rfc/rfc4648#section-4 and #section-5, with or without padding. */
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

interface Slice {
  readonly buffer: ArrayBuffer;
  readonly byteOffset: number;
  readonly byteLength: number;
  toString(encoding: 'base64'): string;
}

/** Node's own conversion is many times as fast as any in JavaScript; browsers have none of it. */
const node = (
  globalThis as {
    readonly Buffer?: {
      from(text: string, encoding: 'base64'): Slice;
      from(buffer: ArrayBufferLike, offset: number, length: number): Slice;
    };
  }
).Buffer;

/** Bytes as base64 text, with padding. */
export function toBase64(bytes: Uint8Array): string {
  if (node) return node.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  let binary = '';
  // In parts, because arguments are limited in number.
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary);
}

/** The bytes of base64 text; `undefined` if it is not base64. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (!BASE64.test(text)) return undefined;
  const length = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length;
  if (length % 4 === 1 || (length < text.length && text.length % 4 !== 0)) return undefined;
  if (node) {
    const { buffer, byteOffset, byteLength } = node.from(text, 'base64');
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  return Uint8Array.from(atob(text.slice(0, length).replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}

/** Bytes in lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
