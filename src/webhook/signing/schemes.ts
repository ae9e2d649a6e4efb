import type { WebhookContent } from '../body/content.ts';
import type { DigestEncoding, HashName, PublicKeyKind } from './crypto.ts';
import type { WebhookHandshake } from './definition.ts';
import { WebhookError } from '../error.ts';
import { HANDSHAKES } from './handshakes.ts';
import type { WebhookRequest } from './request.ts';
import type { SecretForm, WebhookSecret } from './secret.ts';

/** The schemes that this library can sign by, too. */
export type SigningScheme = 'standard' | 'svix' | 'github' | 'stripe' | 'slack' | 'shopify';

/** Finds a header by its lower-case name; throws if it came more than once. */
export type FindHeader = (name: string) => string | undefined;

/** The facts in the headers of a webhook. */
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
  /** The signed text before the body. */
  head(id: string, timestamp: string): string;
  read(find: FindHeader): SignatureHeaders;
  /** Absent if this library cannot sign by it. */
  write?(id: string, timestamp: string, digests: readonly string[], signatures: readonly string[]): Record<string, string>;
  /** The function that replaces `head` and `read` if the whole request is needed. */
  readonly foreign?: ForeignSigned;
  /** The header without which there is no use in reading the body. */
  readonly header?: string | undefined;
  readonly handshake?: WebhookHandshake | undefined;
  /** The type of a webhook by which the sender only tries the address. */
  readonly probe?: string;
  readonly maxBodyBytes?: number | undefined;
  readonly toleranceMs?: number | undefined;
  /** The status of a webhook that was taken. @default 204 */
  readonly status?: number;
}

/** The facts that a scheme takes from the whole request. */
export interface ForeignSigned {
  readonly hash: HashName | 'token';
  /** The kind of the sender's key pair; none for an HMAC. */
  readonly publicKey: PublicKeyKind | undefined;
  /** The keys of a request, if it names them. Rejects with UNAVAILABLE if they cannot be found now. */
  readonly keys: ((request: WebhookRequest) => Promise<readonly WebhookSecret[]>) | undefined;
  /** The bodies of the webhooks in a request, if it may have several. Throws a `WebhookError`. */
  readonly split: ((request: WebhookRequest) => readonly string[]) | undefined;
  /** The signatures and the time in a request that anybody may have made. Throws a `WebhookError`. */
  read(request: WebhookRequest): { readonly digests: readonly string[]; readonly timestampMs: number | undefined };
  /** The signed text. Throws a `WebhookError`. */
  signed(request: WebhookRequest): Uint8Array;
  content(request: WebhookRequest, timestampMs: number | undefined): Promise<WebhookContent>;
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
    header: signatureName,
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
    header: name,
    status: 200,
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

export const SCHEMES: Readonly<Record<SigningScheme, SchemeDefinition>> = {
  // Names that are known in advance make an object several times as fast as computed ones.
  standard: standard('webhook', (id, timestamp, signature) => ({
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signature,
  })),
  svix: standard('svix', (id, timestamp, signature) => ({ 'svix-id': id, 'svix-timestamp': timestamp, 'svix-signature': signature })),
  // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
  github: {
    ...bodyOnly('x-hub-signature-256', 'sha256=', 'x-github-delivery', 'hex'),
    // https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap
    maxBodyBytes: 26_214_400,
    probe: 'ping',
  },
  // https://shopify.dev/docs/apps/build/webhooks/subscribe/https
  shopify: { ...bodyOnly('x-shopify-hmac-sha256', '', 'x-shopify-webhook-id', 'base64'), maxBodyBytes: 10_485_760 },
  // https://docs.stripe.com/webhooks#verify-manually
  stripe: {
    header: 'stripe-signature',
    status: 200,
    maxBodyBytes: 4_194_304,
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
    header: 'x-slack-signature',
    handshake: HANDSHAKES.slack,
    status: 200,
    maxBodyBytes: 4_194_304,
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
