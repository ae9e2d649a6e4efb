import type { DigestEncoding } from './crypto.ts';
import { WebhookError } from '../error.ts';
import type { SecretForm } from './secret.ts';

/** How webhooks are signed: by the Standard Webhooks specification, or as one provider does it. */
export type WebhookScheme = 'standard' | 'svix' | 'github' | 'stripe' | 'slack' | 'shopify';

/** Finds a header by its lower-case name; throws where it came more than once. */
export type FindHeader = (name: string) => string | undefined;

/** What the headers of a webhook say. */
export interface SignatureHeaders {
  readonly id: string | undefined;
  /** The original text, because that is what was signed. */
  readonly timestamp: string | undefined;
  /** Digests of HMAC-SHA256. */
  readonly digests: readonly string[];
  /** ed25519 signatures. */
  readonly signatures: readonly string[];
}

export interface SchemeDefinition {
  readonly encoding: DigestEncoding;
  readonly secrets: SecretForm;
  /** What is signed before the body. */
  head(id: string, timestamp: string): string;
  read(find: FindHeader): SignatureHeaders;
  write(id: string, timestamp: string, digests: readonly string[], signatures: readonly string[]): Record<string, string>;
}

const NONE: readonly string[] = [];
/** More than anyone rotates: each costs a comparison. */
const MAX_SIGNATURES = 32;

/** Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
function standard(
  prefix: string,
  headersOf: (id: string, timestamp: string, signature: string) => Record<string, string>,
): SchemeDefinition {
  const [idName, timestampName, signatureName] = [`${prefix}-id`, `${prefix}-timestamp`, `${prefix}-signature`];
  return {
    encoding: 'base64',
    secrets: 'base64',
    head: (id, timestamp) => `${id}.${timestamp}.`,
    read(find) {
      const id = required(find, idName);
      const timestamp = required(find, timestampName);
      const text = required(find, signatureName);
      // One signature is the rule.
      if (text.startsWith('v1,') && !text.includes(' ')) return { id, timestamp, digests: [text.slice(3)], signatures: NONE };
      const all = text.split(' ', MAX_SIGNATURES);
      return { id, timestamp, digests: versions(all, 'v1,'), signatures: versions(all, 'v1a,') };
    },
    write(id, timestamp, digests, signatures) {
      let text = '';
      for (const digest of digests) text += `${text && ' '}v1,${digest}`;
      for (const signature of signatures) text += `${text && ' '}v1a,${signature}`;
      return headersOf(id, timestamp, text);
    },
  };
}

function versions(all: readonly string[], prefix: string): readonly string[] {
  return all.filter((each) => each.startsWith(prefix)).map((each) => each.slice(prefix.length));
}

/** A digest of the body alone: a copy of such a webhook cannot be told from the original. */
function bodyOnly(name: string, prefix: string, idName: string, encoding: DigestEncoding): SchemeDefinition {
  return {
    encoding,
    secrets: 'text',
    head: () => '',
    read(find) {
      const text = required(find, name);
      return {
        id: find(idName),
        timestamp: undefined,
        digests: text.startsWith(prefix) ? [text.slice(prefix.length)] : NONE,
        signatures: NONE,
      };
    },
    write: (id, _timestamp, [digest = '']) => ({ [name]: prefix + digest, [idName]: id }),
  };
}

export const SCHEMES: Readonly<Record<WebhookScheme, SchemeDefinition>> = {
  // Names that are known in advance make an object several times as fast as computed ones.
  standard: standard('webhook', (id, timestamp, signature) => ({
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signature,
  })),
  svix: standard('svix', (id, timestamp, signature) => ({ 'svix-id': id, 'svix-timestamp': timestamp, 'svix-signature': signature })),
  // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
  github: bodyOnly('x-hub-signature-256', 'sha256=', 'x-github-delivery', 'hex'),
  // https://shopify.dev/docs/apps/build/webhooks/subscribe/https
  shopify: bodyOnly('x-shopify-hmac-sha256', '', 'x-shopify-webhook-id', 'base64'),
  // https://docs.stripe.com/webhooks#verify-manually
  stripe: {
    encoding: 'hex',
    secrets: 'text',
    head: (_id, timestamp) => `${timestamp}.`,
    read(find) {
      const parts = required(find, 'stripe-signature').split(',', MAX_SIGNATURES);
      const [timestamp, second] = versions(parts, 't=');
      if (second !== undefined) throw new WebhookError('malformed-timestamp', "the header 'stripe-signature' has two timestamps");
      if (timestamp === undefined) throw new WebhookError('missing-header', "the header 'stripe-signature' has no timestamp 't='");
      return { id: undefined, timestamp, digests: versions(parts, 'v1='), signatures: NONE };
    },
    write: (_id, timestamp, digests) => ({ 'stripe-signature': [`t=${timestamp}`, ...digests.map((digest) => `v1=${digest}`)].join(',') }),
  },
  // https://docs.slack.dev/authentication/verifying-requests-from-slack
  slack: {
    encoding: 'hex',
    secrets: 'text',
    head: (_id, timestamp) => `v0:${timestamp}:`,
    read(find) {
      const text = required(find, 'x-slack-signature');
      const timestamp = required(find, 'x-slack-request-timestamp');
      return { id: undefined, timestamp, digests: text.startsWith('v0=') ? [text.slice(3)] : NONE, signatures: NONE };
    },
    write: (_id, timestamp, [digest = '']) => ({ 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${digest}` }),
  },
};

function required(find: FindHeader, name: string): string {
  const value = find(name);
  if (value !== undefined && value !== '') return value;
  throw new WebhookError('missing-header', `the header '${name}' is missing: is this the right scheme, and does a proxy drop headers?`);
}
