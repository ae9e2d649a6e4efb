import type { DigestEncoding, HashName, PublicKeyKind } from './crypto.ts';
import type { WebhookRequest } from './request.ts';
import type { SecretForm, WebhookSecret } from './secret.ts';

/** The place of a value in a request: a header's name, a member of the JSON body or a field of the form, or a function that finds it. */
export type WebhookValue = string | { readonly body: string } | ((request: WebhookRequest) => unknown);

/** Text, bytes, or several of them one after the other. */
export type SignedContent = string | Uint8Array | readonly (string | Uint8Array)[];

/**
 * How a sender signs that is none of the named ones. Its webhooks get what those of the named ones get: a comparison in constant time, a
 * tolerance for the timestamp, ids that are handled once, and limits.
 */
export interface WebhookSchemeDefinition {
  /** The place of the signature, or of several. A function gets requests that nobody has verified. */
  readonly signature: WebhookValue;
  /** The text before the signature: `sha256=`. A signature without it does not count. @default none */
  readonly prefix?: string;
  /** The hash of the HMAC; `token` if the sender sends the secret itself. @default 'sha256' */
  readonly hash?: HashName | 'token';
  /**
   * The kind of key pair, if the sender signs with a private key. The secret is then its public key: PEM, or its bytes in base64 or hex. `hash` counts for
   * `ecdsa` and `rsa`.
   * @default none: an HMAC
   */
  readonly publicKey?: PublicKeyKind;
  /**
   * Finds the key of a request, one or several, for senders that name it in each: `secret` is not needed then. `undefined` is an unknown key. It gets requests
   * that nobody has verified, so it must ask no address that they name without a check, and should keep keys. If it throws, the sender shall come again.
   * @default the option `secret`
   */
  readonly key?: (request: WebhookRequest) => FoundKey | Promise<FoundKey>;
  /**
   * Takes a request apart that carries several webhooks, each of which is signed by itself: the JSON of each. All other members see one of them as the body.
   * @default a request is one webhook
   */
  readonly split?: (request: WebhookRequest) => readonly unknown[];
  /** How the signature is written. @default 'hex' */
  readonly encoding?: DigestEncoding;
  /** The signed text or bytes. @default the body */
  readonly signed?: (request: WebhookRequest) => SignedContent;
  /** How the secret is written: as itself, or as an encoding of bytes. @default 'text' */
  readonly secrets?: SecretForm;
  /** The time of sending: seconds or milliseconds since 1970, or ISO 8601. It must be part of the signed text. @default none, so an old copy is accepted like the original */
  readonly timestamp?: WebhookValue;
  /** How far the timestamp may be off, in milliseconds. @default 300_000 (5 minutes) */
  readonly toleranceMs?: number;
  /** The id, which is the same for each attempt. `digest` is the body's digest, for senders whose bodies are all different. @default none: repeats are not recognized */
  readonly id?: WebhookValue | { readonly digest: true };
  /** The event's type; a function may give several. @default { body: 'type' } */
  readonly type?: WebhookValue;
  /** When it happened: seconds or milliseconds since 1970, or ISO 8601. @default the timestamp */
  readonly time?: WebhookValue;
  /** The data for listeners. @default the JSON body, or the fields of a form */
  readonly data?: (request: WebhookRequest) => unknown;
  /** How it proves that the address is yours. @default none */
  readonly handshake?: WebhookHandshake;
  /** Larger bodies get 413. @default 1_048_576 (1 MiB) */
  readonly maxBodyBytes?: number;
  /** The status for a webhook that was handled, or to which nobody listens. @default 200 */
  readonly status?: 200 | 202 | 204;
}

/** The key of a request; `undefined` if it is unknown. */
export type FoundKey = WebhookSecret | readonly WebhookSecret[] | undefined;

/** How a sender makes sure that an address belongs to a receiver. */
export interface WebhookHandshake {
  /** Whether the sender signs it: then it is only asked about requests whose signature was verified. */
  readonly isSigned: boolean;
  /**
   * The answer to the request: text, which goes out as `text/plain` and may have neither control characters nor those of markup, or an
   * object, which goes out as JSON; `undefined` for a request that is not a handshake. `sign` makes the HMAC of a text with the secret.
   */
  answer(request: WebhookRequest, sign: (text: string) => Promise<string>): HandshakeAnswer | Promise<HandshakeAnswer>;
}

/** Text, an object for JSON, or `undefined` for what is not a handshake. */
export type HandshakeAnswer = string | Readonly<Record<string, unknown>> | undefined;
