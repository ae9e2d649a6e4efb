import type { DigestEncoding, HashName } from './crypto.ts';
import type { WebhookRequest } from './request.ts';
import type { SecretForm } from './secret.ts';

/** Where a sender writes something: a header's name, a member of the JSON body or a field of the form, or a function that finds it. */
export type WebhookValue = string | { readonly body: string } | ((request: WebhookRequest) => unknown);

/** Text, bytes, or several of them one after the other. */
export type SignedContent = string | Uint8Array | readonly (string | Uint8Array)[];

/**
 * How a sender signs that is none of the named ones. Its webhooks get what those of the named ones get: a comparison in constant time, a
 * tolerance for the timestamp, ids that are handled once, and limits.
 */
export interface WebhookSchemeDefinition {
  /** Where the signature is, or several of them. A function gets requests that nobody has verified. */
  readonly signature: WebhookValue;
  /** What stands before it: `sha256=`. A signature without it does not count. @default none */
  readonly prefix?: string;
  /** The hash of the HMAC; `token` if the sender sends the secret itself. @default 'sha256' */
  readonly hash?: HashName | 'token';
  /** How the signature is written. @default 'hex' */
  readonly encoding?: DigestEncoding;
  /** What is signed. @default the body */
  readonly signed?: (request: WebhookRequest) => SignedContent;
  /** What the secret's text stands for: itself, or the bytes that it encodes. @default 'text' */
  readonly secrets?: SecretForm;
  /** When it was sent: seconds or milliseconds since 1970, or ISO 8601. It must be part of what is signed. @default none, so that an old copy is as good as the original */
  readonly timestamp?: WebhookValue;
  /** How far the timestamp may be off, in milliseconds. @default 300_000 (5 minutes) */
  readonly toleranceMs?: number;
  /** What is the same for each attempt. `digest` is the body's, for senders whose bodies are all different. @default none: repetitions are not told apart */
  readonly id?: WebhookValue | { readonly digest: true };
  /** The event's type; a function may give several. @default { body: 'type' } */
  readonly type?: WebhookValue;
  /** When it happened: seconds or milliseconds since 1970, or ISO 8601. @default the timestamp */
  readonly time?: WebhookValue;
  /** What listeners get. @default the JSON body, or the fields of a form */
  readonly data?: (request: WebhookRequest) => unknown;
  /** How it proves that the address is yours. @default none */
  readonly handshake?: WebhookHandshake;
  /** Larger bodies get 413. @default 1_048_576 (1 MiB) */
  readonly maxBodyBytes?: number;
  /** What a webhook is answered that was handled, or that nobody listens to. @default 200 */
  readonly status?: 200 | 202 | 204;
}

/** How a sender makes sure that an address belongs to a receiver. */
export interface WebhookHandshake {
  /** Whether the sender signs it: then it is only asked about requests whose signature was verified. */
  readonly isSigned: boolean;
  /**
   * What the request is answered: text, which goes out as `text/plain` and may have neither control characters nor those of markup, or an
   * object, which goes out as JSON; `undefined` for a request that is not a handshake. `sign` makes the HMAC of a text with the secret.
   */
  answer(request: WebhookRequest, sign: (text: string) => Promise<string>): HandshakeAnswer | Promise<HandshakeAnswer>;
}

/** Text, an object for JSON, or `undefined` for what is not a handshake. */
export type HandshakeAnswer = string | Readonly<Record<string, unknown>> | undefined;
