import type { KeyObject } from 'node:crypto';
import { builtin } from '../../peer/builtin.ts';
import { toHex } from '../../schema/codec/base64.ts';

/** How digests are written. */
export type DigestEncoding = 'base64' | 'hex';
/** The hash of an HMAC. */
export type HashName = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** The kind of a key pair of which the sender has the private half. */
export type PublicKeyKind = 'ed25519' | 'ecdsa' | 'rsa';

/** A key for HMAC, with what a platform made of it. */
export interface HmacKey {
  readonly bytes: Uint8Array<ArrayBuffer>;
  node?: unknown;
  /** By hash, because WebCrypto's keys know theirs. */
  web?: Partial<Record<HashName, unknown>>;
}

/** A key for ed25519: the seed signs, the public key verifies. */
export interface Ed25519Key {
  readonly seed?: Uint8Array<ArrayBuffer>;
  readonly public?: Uint8Array<ArrayBuffer>;
  nodePrivate?: unknown;
  nodePublic?: unknown;
  webPrivate?: unknown;
  webPublic?: unknown;
}

/** The algorithms of a platform: at once if it can, else with a promise. */
export interface SignatureCrypto {
  /** HMAC of a text and the bytes after it; `hash` is `sha256` unless it says otherwise. */
  hmac(key: HmacKey, head: string, body: string | Uint8Array, encoding: DigestEncoding, hash?: HashName): string | Promise<string>;
  /** ed25519 (RFC 8032), in base64. */
  sign(key: Ed25519Key, head: string, body: string | Uint8Array): string | Promise<string>;
  verify(key: Ed25519Key, head: string, body: string | Uint8Array, signature: string): boolean | Promise<boolean>;
}

type NodeCrypto = typeof import('node:crypto');

const node = builtin<NodeCrypto>('node:crypto');

const encoder = new TextEncoder();

/** The bytes before a raw ed25519 seed in PKCS #8, see https://www.rfc-editor.org/rfc/rfc8410#section-7 */
const PKCS8_HEAD = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/** `node:crypto`: several times as fast as WebCrypto for small messages, and without a promise for each. */
function nodeCrypto({ createHmac, createPrivateKey, createPublicKey, createSecretKey, sign, verify }: NodeCrypto): SignatureCrypto {
  const privateKey = (key: Ed25519Key): KeyObject =>
    (key.nodePrivate ??= createPrivateKey({
      // Node takes any bytes; its types demand a Buffer.
      key: Uint8Array.from([...PKCS8_HEAD, ...(key.seed ?? [])]) as never,
      format: 'der',
      type: 'pkcs8',
    })) as KeyObject;
  const publicKey = (key: Ed25519Key): KeyObject =>
    (key.nodePublic ??= key.public
      ? createPublicKey({
          key: { kty: 'OKP', crv: 'Ed25519', x: toBase64(key.public).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '') },
          format: 'jwk',
        })
      : createPublicKey(privateKey(key))) as KeyObject;
  return {
    hmac(key, head, body, encoding, hash = 'sha256') {
      const hmac = createHmac(hash, (key.node ??= createSecretKey(key.bytes)) as KeyObject);
      // One text is one call into native code.
      if (typeof body === 'string') return hmac.update(head + body).digest(encoding);
      if (head !== '') hmac.update(head);
      return hmac.update(body).digest(encoding);
    },
    sign: (key, head, body) => toBase64(sign(null, join(head, body), privateKey(key))),
    verify: (key, head, body, signature) => verify(null, join(head, body), publicKey(key), fromBase64(signature) ?? new Uint8Array()),
  };
}

/** WebCrypto: browsers, workers, edge runtimes. */
export const webCrypto: SignatureCrypto = {
  async hmac(key, head, body, encoding, hash = 'sha256') {
    const keys = (key.web ??= {});
    keys[hash] ??= crypto.subtle.importKey('raw', key.bytes, { name: 'HMAC', hash: hash.replace('sha', 'SHA-') }, false, ['sign']);
    const digest = new Uint8Array(await crypto.subtle.sign('HMAC', await (keys[hash] as Promise<CryptoKey>), join(head, body)));
    return encoding === 'base64' ? toBase64(digest) : toHex(digest);
  },
  async sign(key, head, body) {
    key.webPrivate ??= crypto.subtle.importKey('pkcs8', Uint8Array.from([...PKCS8_HEAD, ...(key.seed ?? [])]), 'Ed25519', true, ['sign']);
    return toBase64(new Uint8Array(await crypto.subtle.sign('Ed25519', await (key.webPrivate as Promise<CryptoKey>), join(head, body))));
  },
  async verify(key, head, body, signature) {
    key.webPublic ??= importPublic(key);
    const bytes = fromBase64(signature);
    return bytes !== undefined && crypto.subtle.verify('Ed25519', await (key.webPublic as Promise<CryptoKey>), bytes, join(head, body));
  },
};

/** Of a private key, the public part is what its JSON form says. */
async function importPublic(key: Ed25519Key): Promise<CryptoKey> {
  if (key.public) return crypto.subtle.importKey('raw', key.public, 'Ed25519', false, ['verify']);
  const pair = await crypto.subtle.importKey('pkcs8', Uint8Array.from([...PKCS8_HEAD, ...(key.seed ?? [])]), 'Ed25519', true, ['sign']);
  const { x = '' } = await crypto.subtle.exportKey('jwk', pair);
  return crypto.subtle.importKey('jwk', { kty: 'OKP', crv: 'Ed25519', x }, 'Ed25519', false, ['verify']);
}

/** The fastest there is here. */
export const platformCrypto: SignatureCrypto = node ? nodeCrypto(node) : webCrypto;

function join(head: string, body: string | Uint8Array): Uint8Array<ArrayBuffer> {
  if (typeof body === 'string') return encoder.encode(head + body);
  const before = encoder.encode(head);
  const joined = new Uint8Array(before.length + body.length);
  joined.set(before);
  joined.set(body, before.length);
  return joined;
}

/** Tells whether two texts are the same, in a time that does not say at which place they differ. */
export function sameText(given: string, expected: string): boolean {
  let difference = given.length ^ expected.length;
  for (let at = 0; at < expected.length; at++) difference |= given.charCodeAt(at) ^ expected.charCodeAt(at);
  return difference === 0;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Hex in either case; else `undefined`. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(text)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, at) => Number(`0x${text.slice(2 * at, 2 * at + 2)}`));
}

/** Strictly: no white space, padding in place, no bits after the last byte; else `undefined`. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!BASE64.test(text)) return undefined;
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  return toBase64(bytes) === text ? bytes : undefined;
}
