import { sameText, type SignatureCrypto } from './crypto.ts';
import type { SchemeDefinition } from './schemes.ts';
import { readSecret, type SecretForm, type SigningKey, type WebhookSecret } from './secret.ts';

/** Compares texts, not bytes: of base64 several texts give the same bytes, and only one of them was sent. */
export function fits(
  crypto: SignatureCrypto,
  { kind, key }: SigningKey,
  scheme: SchemeDefinition,
  head: string,
  payload: string | Uint8Array,
  digests: readonly string[],
  signatures: readonly string[],
): boolean | Promise<boolean> {
  if (kind === 'hmac') {
    if (digests.length === 0) return false;
    const hash = scheme.foreign?.hash;
    if (hash === 'token') return includesText(digests, new TextDecoder().decode(key.bytes));
    const expected = crypto.hmac(key, head, payload, scheme.encoding, hash);
    return typeof expected === 'string' ? includesText(digests, expected) : expected.then((text) => includesText(digests, text));
  }
  return includesValid(signatures, (signature) => crypto.verify(key, head, payload, signature));
}

async function includesValid(signatures: readonly string[], verify: (signature: string) => boolean | Promise<boolean>): Promise<boolean> {
  for (const signature of signatures) if (isStrict(signature) && (await verify(signature))) return true;
  return false;
}

/** 64 bytes in base64, with no bits after the last byte. */
function isStrict(signature: string): boolean {
  return /^[A-Za-z0-9+/]{85}[AQgw]==$/.test(signature);
}

function includesText(given: readonly string[], expected: string): boolean {
  let found = false;
  for (const each of given) found = sameText(each, expected) || found;
  return found;
}

/** How a secret can be read otherwise than its scheme reads it, and what to do about it. */
const READINGS: readonly { readonly form: SecretForm; readonly made: string; readonly cure: string }[] = [
  { form: 'text', made: "the secret's text", cure: 'pass new TextEncoder().encode(secret)' },
  { form: 'base64', made: "the bytes that the secret's base64 stands for", cure: "use the scheme 'standard' or 'svix', or pass the bytes" },
  { form: 'hex', made: "the bytes that the secret's hex stands for", cure: "pass Buffer.from(secret, 'hex')" },
];
/** Credentials that are shown beside the secret and taken for it. */
const MISTAKEN: readonly (readonly [prefix: RegExp, what: string])[] = [
  [/^(?:sk|rk|pk)_(?:test|live)_/, "an API key of Stripe: the endpoint's signing secret begins with 'whsec_'"],
  [/^(?:ghp|gho|ghs|github_pat)_/, "an access token of GitHub: the secret is the one that you typed into the webhook's form"],
  [/^xox[abprs]-|^xapp-/, "a token of Slack: the signing secret is under 'Basic Information'"],
  [/^shp(?:at|ca|pa)_/, "an access token of Shopify: the secret is the app's client secret"],
];

/** The likely mistake; only worked out when the webhook is refused. */
export async function explain(
  crypto: SignatureCrypto,
  scheme: SchemeDefinition,
  secrets: readonly WebhookSecret[],
  head: string,
  payload: string | Uint8Array,
  digests: readonly string[],
): Promise<string> {
  if (scheme.foreign?.publicKey)
    return 'no signature fits: another public key (that of another app or account?), or a body that was changed on its way, for example parsed and printed again';
  const hash = scheme.foreign?.hash ?? 'sha256';
  const isMadeBy = async (secret: WebhookSecret, form: SecretForm): Promise<boolean> => {
    const key = tryRead(secret, form);
    return (
      hash !== 'token' && key?.kind === 'hmac' && includesText(digests, await crypto.hmac(key.key, head, payload, scheme.encoding, hash))
    );
  };
  for (const secret of secrets) {
    if (typeof secret !== 'string') continue;
    for (const { form, made, cure } of READINGS)
      if (form !== scheme.secrets && (await isMadeBy(secret, form)))
        return `no signature fits: the sender took ${made} as the key: ${cure}`;
    if (await isMadeBy(`whsec_${secret.trim()}`, scheme.secrets))
      return "no signature fits: 'whsec_' at the secret's beginning was left out";
    if (await isMadeBy(new TextEncoder().encode(secret), 'text'))
      return 'no signature fits: the white space around the secret is part of it: pass its bytes';
    const [, mistaken] = MISTAKEN.find(([prefix]) => prefix.test(secret.trim())) ?? [];
    if (mistaken !== undefined) return `no signature fits: the secret looks like ${mistaken}`;
  }
  return 'no signature fits: another secret (that of another endpoint?), or a body that was changed on its way, for example parsed and printed again';
}

function tryRead(secret: WebhookSecret, form: SecretForm): SigningKey | undefined {
  try {
    return readSecret(secret, form);
  } catch {
    return undefined;
  }
}
