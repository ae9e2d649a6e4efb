import { WebhookError } from '../error.ts';
import { fromBase64, fromHex, type DigestEncoding, type HashName, type PublicKeyKind } from './crypto.ts';
import type { WebhookSecret } from './secret.ts';

/** A public key, and how WebCrypto verifies with it. */
interface PublicKey {
  readonly key: Promise<CryptoKey>;
  /** Bytes of each half of an ECDSA signature. */
  readonly half: number;
}

/** Curves by the end of their object identifier in a key's DER. Source: https://www.rfc-editor.org/rfc/rfc5480#section-2.1.1.1 */
const CURVES = [
  ['06082a8648ce3d030107', 'P-256', 32],
  ['06052b81040022', 'P-384', 48],
  ['06052b81040023', 'P-521', 66],
] as const;

/** The rules of a scheme for its signatures. */
interface Signed {
  readonly publicKey: PublicKeyKind | undefined;
  readonly hash: HashName | 'token';
}

const keys = new Map<string, PublicKey>();
/** A receiver has few. */
const MAX_KEYS = 1000;

/** Whether one of the signatures is that of the payload. Rejects with a `WebhookError` `bad-secret` if the secret is not a public key of the kind. */
export async function verifyByPublicKey(
  { publicKey: kind = 'rsa', hash: named }: Signed,
  secret: WebhookSecret,
  payload: string | Uint8Array,
  signatures: readonly string[],
  encoding: DigestEncoding,
): Promise<boolean> {
  const hash = hashOf(named);
  const { key, half } = readKey(kind, secret, hash);
  let imported: CryptoKey;
  try {
    imported = await key;
  } catch {
    throw bad(kind);
  }
  const algorithm = kind === 'ed25519' ? 'Ed25519' : kind === 'rsa' ? 'RSASSA-PKCS1-v1_5' : { name: 'ECDSA', hash: nameOf(hash) };
  const content = typeof payload === 'string' ? new TextEncoder().encode(payload) : new Uint8Array(payload);
  for (const text of signatures) {
    const bytes = encoding === 'hex' ? fromHex(text) : fromBase64(text);
    const signature = bytes && kind === 'ecdsa' ? halves(bytes, half) : bytes;
    if (signature && (await crypto.subtle.verify(algorithm, imported, signature, content))) return true;
  }
  return false;
}

/** Throws a `WebhookError` `bad-secret` if the secret cannot be a public key of the kind, as far as its form tells. */
export function checkPublicKey({ publicKey = 'rsa', hash }: Signed, secret: WebhookSecret): void {
  readKey(publicKey, secret, hashOf(hash));
}

function hashOf(hash: Signed['hash']): HashName {
  return hash === 'token' ? 'sha256' : hash;
}

function readKey(kind: PublicKeyKind, secret: WebhookSecret, hash: HashName): PublicKey {
  const name = typeof secret === 'string' ? `${kind} ${hash} ${secret}` : undefined;
  const known = name === undefined ? undefined : keys.get(name);
  if (known) return known;
  const bytes = typeof secret === 'string' ? bytesOf(kind, secret) : Uint8Array.from(secret);
  const made = importKey(kind, bytes, hash);
  made.key.catch(() => {});
  if (keys.size >= MAX_KEYS) keys.clear();
  if (name !== undefined) keys.set(name, made);
  return made;
}

/** The bytes of PEM, base64 or hex. */
function bytesOf(kind: PublicKeyKind, text: string): Uint8Array<ArrayBuffer> {
  if (/-----BEGIN (?!PUBLIC KEY-----)/.test(text))
    throw bad(kind, "it must begin with '-----BEGIN PUBLIC KEY-----': 'openssl x509 -pubkey -noout' takes it out of a certificate");
  // Environment variables often have `\n` for the ends of lines.
  const bare = text.replace(/-----(?:BEGIN|END) PUBLIC KEY-----/g, '').replace(/\\n|\s/g, '');
  const bytes = fromHex(bare) ?? fromBase64(bare.replaceAll('-', '+').replaceAll('_', '/'));
  if (!bytes || bytes.length === 0) throw bad(kind);
  return bytes;
}

function importKey(kind: PublicKeyKind, bytes: Uint8Array<ArrayBuffer>, hash: HashName): PublicKey {
  const { subtle } = crypto;
  if (kind === 'ed25519')
    return { half: 0, key: subtle.importKey(bytes.length === 32 ? 'raw' : 'spki', bytes, 'Ed25519', false, ['verify']) };
  if (kind === 'rsa') {
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: nameOf(hash) };
    return { half: 0, key: subtle.importKey('spki', bytes, algorithm, false, ['verify']) };
  }
  const head = Array.from(bytes.subarray(0, 40), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const [, namedCurve, half] = CURVES.find(([id]) => head.includes(id)) ?? [];
  if (namedCurve === undefined || half === undefined) throw bad(kind);
  return { half, key: subtle.importKey('spki', bytes, { name: 'ECDSA', namedCurve }, false, ['verify']) };
}

/** An ECDSA signature as its two numbers, one after the other: most senders write them as DER. Source: https://www.rfc-editor.org/rfc/rfc3279#section-2.2.3 */
function halves(bytes: Uint8Array<ArrayBuffer>, half: number): Uint8Array<ArrayBuffer> | undefined {
  if (bytes.length === 2 * half && bytes[0] !== 0x30) return bytes;
  const start = bytes[1] === 0x81 ? 3 : 2;
  const whole = new Uint8Array(2 * half);
  let at = start;
  for (const end of [half, 2 * half]) {
    const [tag, length = 0] = bytes.subarray(at, at + 2);
    let number = bytes.subarray(at + 2, at + 2 + length);
    if (tag !== 0x02 || length === 0 || number.length !== length) return bytes.length === 2 * half ? bytes : undefined;
    // A zero before a first bit that is set.
    if (number[0] === 0 && length > 1) number = number.subarray(1);
    if (number.length > half) return undefined;
    whole.set(number, end - number.length);
    at += 2 + length;
  }
  return bytes[0] === 0x30 && at === bytes.length ? whole : undefined;
}

function nameOf(hash: HashName): string {
  return hash.replace('sha', 'SHA-');
}

function bad(kind: PublicKeyKind, what = `it must be the sender's public key of the kind ${kind}, as PEM, base64 or hex`): WebhookError {
  return new WebhookError('bad-secret', `the secret cannot be used: ${what}`);
}
