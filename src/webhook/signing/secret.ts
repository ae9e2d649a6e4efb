import { fromBase64, fromHex, toBase64, type Ed25519Key, type HmacKey } from './crypto.ts';
import { WebhookError } from '../error.ts';

/**
 * The secret that signs and verifies: `whsec_<base64>` (or only the base64, or bytes) for HMAC-SHA256, `whsk_<base64>` for signing and
 * `whpk_<base64>` for verifying with ed25519. The schemes of single providers take their secret's text as it is. White space around a text
 * is not part of it, since files and dashboards add some; bytes are taken as they are.
 */
export type WebhookSecret = string | Uint8Array;

/** A secret, read. */
export type SigningKey = { readonly kind: 'hmac'; readonly key: HmacKey } | { readonly kind: 'ed25519'; readonly key: Ed25519Key };

/** Which bytes a scheme takes of a secret's text. */
export type SecretForm = 'base64' | 'hex' | 'text';

/** Secrets that were read: reading costs as much as signing. */
const read: Readonly<Record<SecretForm, Map<string, SigningKey>>> = { base64: new Map(), hex: new Map(), text: new Map() };
/** As many as a dispatcher has subscriptions by default, in the middle of a rotation. */
const MAX_READ = 20_000;
const SEED_BYTES = 32;

/** Throws a `WebhookError` `bad-secret` that names the mistake, never the secret. */
export function readSecret(secret: WebhookSecret, form: SecretForm): SigningKey {
  if (typeof secret !== 'string') {
    if (!(secret instanceof Uint8Array)) throw bad('it must be text or bytes: is the environment variable set?');
    if (secret.length === 0) throw bad('it is empty');
    return { kind: 'hmac', key: { bytes: Uint8Array.from(secret) } };
  }
  const known = read[form].get(secret);
  if (known) return known;
  const key = parse(secret, form);
  if (read[form].size >= MAX_READ) read[form].clear();
  read[form].set(secret, key);
  return key;
}

function parse(text: string, form: SecretForm): SigningKey {
  const secret = text.trim();
  if (secret === '') throw bad('it is empty: is the environment variable set?');
  if (/^(["']).*\1$/.test(secret)) throw bad('it stands in quotes: take them off');
  if (form === 'text') return { kind: 'hmac', key: { bytes: new TextEncoder().encode(secret) } };
  if (form === 'hex') {
    const bytes = fromHex(secret);
    if (!bytes) throw bad('it is not hex: copy it whole');
    return { kind: 'hmac', key: { bytes } };
  }
  if (secret.startsWith('whsk_')) {
    const bytes = decode(secret.slice(5));
    // The form of RFC 8032 is the seed; libsodium and Go put the public key behind it.
    if (bytes.length !== SEED_BYTES && bytes.length !== 2 * SEED_BYTES) throw bad('a whsk_ key has 32 or 64 bytes');
    return { kind: 'ed25519', key: { seed: bytes.slice(0, SEED_BYTES) } };
  }
  if (secret.startsWith('whpk_')) {
    const bytes = decode(secret.slice(5));
    if (bytes.length !== SEED_BYTES) throw bad('a whpk_ key has 32 bytes');
    return { kind: 'ed25519', key: { public: bytes } };
  }
  return { kind: 'hmac', key: { bytes: decode(secret.startsWith('whsec_') ? secret.slice(6) : secret) } };
}

/** Base64 as secrets are shown: also in its form for URLs, and without the padding. */
function decode(text: string): Uint8Array<ArrayBuffer> {
  const bare = text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
  const bytes = fromBase64(bare.padEnd(Math.ceil(bare.length / 4) * 4, '='));
  if (!bytes) throw bad('it is not base64: copy it whole');
  if (bytes.length === 0) throw bad('nothing stands behind its prefix');
  return bytes;
}

function bad(what: string): WebhookError {
  return new WebhookError('bad-secret', `the secret cannot be used: ${what}`);
}

/** A new secret of 32 random bytes: `whsec_…`. Source: https://www.standardwebhooks.com */
export function makeWebhookSecret(): string {
  return `whsec_${toBase64(crypto.getRandomValues(new Uint8Array(32)))}`;
}
