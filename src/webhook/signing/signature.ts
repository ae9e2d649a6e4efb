import { checkOptions } from '#contract-check';
import { ms } from '../../core/options.ts';
import { parseJson } from '../../peer/json.ts';
import { platformCrypto, type SignatureCrypto } from './crypto.ts';
import type { WebhookSchemeDefinition } from './definition.ts';
import { WebhookError } from '../error.ts';
import { findScheme, type WebhookScheme } from './find-scheme.ts';
import { explain, fits } from './match.ts';
import { verifyByPublicKey } from './public-key.ts';
import { ReceivedRequest } from './request.ts';
import { SCHEMES, type FindHeader, type SchemeDefinition, type SigningScheme } from './schemes.ts';
import { readSecret, type WebhookSecret } from './secret.ts';
import { isPromiseLike } from '../../life/maybe.ts';

/** Headers as any server has them; names in any case. */
export type WebhookHeaders =
  { get(name: string): string | null; has(name: string): boolean } | Readonly<Record<string, string | readonly string[] | undefined>>;

/** Options of `verifyWebhook`. */
export interface VerifyWebhookOptions {
  /** The raw body, as it was received; of a `Request` the headers are taken too. */
  readonly payload: string | Uint8Array | ArrayBuffer | Request;
  /** Needed unless `payload` is a `Request`. */
  readonly headers?: WebhookHeaders | undefined;
  /** One secret, or several while one is replaced. A scheme that finds its keys itself needs none. */
  readonly secret?: WebhookSecret | readonly WebhookSecret[] | undefined;
  /** How the sender signs: a name, or a description. @default 'standard' */
  readonly scheme?: WebhookScheme | WebhookSchemeDefinition | undefined;
  /** The address that the sender called, if the scheme signs it; of a `Request` its own. */
  readonly url?: string | undefined;
  /** How far the timestamp may be off, in milliseconds. @default the scheme's, else 300_000 (5 minutes) */
  readonly toleranceMs?: number | undefined;
  /** The present time in epoch milliseconds. @default Date.now */
  readonly clock?: (() => number) | undefined;
}

/** Options of `signWebhook`. */
export interface SignWebhookOptions {
  /** The body, exactly as it will be sent. */
  readonly payload: string | Uint8Array | ArrayBuffer;
  /** With several, all of them sign. */
  readonly secret: WebhookSecret | readonly WebhookSecret[];
  /** Without dots; the same for every attempt. @default a random one */
  readonly id?: string | undefined;
  /** Epoch milliseconds; sent in seconds. @default now */
  readonly timestampMs?: number | undefined;
  /** How receivers verify. @default 'standard' */
  readonly scheme?: SigningScheme | undefined;
}

const VERIFY_NAMES = namesOf<VerifyWebhookOptions>({ payload: 1, headers: 1, secret: 1, scheme: 1, url: 1, toleranceMs: 1, clock: 1 });
const SIGN_NAMES = namesOf<SignWebhookOptions>({ payload: 1, secret: 1, id: 1, timestampMs: 1, scheme: 1 });
const TOLERANCE = ms(undefined, { zero: true });

/** All names of a type: one that is forgotten does not compile. */
function namesOf<O extends object>(names: Readonly<Record<keyof O, 1>>): ReadonlySet<string> {
  return new Set(Object.keys(names));
}

const DEFAULT_TOLERANCE_MS = 300_000;
const TIMESTAMP = /^(?:0|[1-9]\d{0,11})$/;
/** Without dots, which separate what is signed: with them, parts of the body could be passed off as the timestamp. */
const ID = /^[\x21-\x2d\x2f-\x7e]{1,256}$/;

/** Tells whether a webhook can have this id. */
export function isWebhookId(id: string): boolean {
  return ID.test(id);
}

/** A webhook that is what its sender sent. */
export class VerifiedWebhook {
  /** The event's id, if the scheme has one. It is the same for each attempt. Only `standard` and `svix` sign it. */
  readonly id: string | undefined;
  /** The time of this attempt, in epoch milliseconds; undefined if the scheme signs no time. */
  readonly timestampMs: number | undefined;
  /** Which of the secrets fits: once it is never the old one, that one can go. */
  readonly secretIndex: number;
  private readonly payload: string | Uint8Array;

  constructor(id: string | undefined, timestampMs: number | undefined, secretIndex: number, payload: string | Uint8Array) {
    this.id = id;
    this.timestampMs = timestampMs;
    this.secretIndex = secretIndex;
    this.payload = payload;
  }

  /** The body as text. */
  text(): string {
    return typeof this.payload === 'string' ? this.payload : new TextDecoder().decode(this.payload);
  }

  /** The body as JSON. Throws an `ApiError` INVALID_ARGUMENT if it is not JSON. */
  json(): unknown {
    return parseJson(this.text());
  }

  /** The body as the fields of a form. */
  form(): URLSearchParams {
    return new URLSearchParams(this.text());
  }
}

/**
 * Verifies a webhook: its signature over the raw body in constant time, and its timestamp. Rejects with a `WebhookError`.
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function verifyWebhook(options: VerifyWebhookOptions): Promise<VerifiedWebhook> {
  return verifyWith(platformCrypto, options);
}

/** The headers that prove a webhook: send them with exactly this body. Rejects with a `WebhookError` for a secret that cannot be used. */
export function signWebhook(options: SignWebhookOptions): Promise<Record<string, string>> {
  return signWith(platformCrypto, options);
}

export async function verifyWith(crypto: SignatureCrypto, options: VerifyWebhookOptions): Promise<VerifiedWebhook> {
  checkOptions('verifyWebhook', options, VERIFY_NAMES);
  const { payload: given, secret } = options;
  const scheme = findScheme(options.scheme ?? 'standard', 'verifyWebhook');
  const toleranceMs = TOLERANCE(options.toleranceMs, 'verifyWebhook', 'toleranceMs') ?? scheme.toleranceMs ?? DEFAULT_TOLERANCE_MS;
  const headers = options.headers ?? (isRequest(given) ? given.headers : undefined);
  if (!headers) throw new WebhookError('missing-header', 'the headers are missing: pass those of the request as they came');
  const find = finderOf(headers);
  const { id, timestamp, signatures, ...said } = scheme.read(find);
  let { digests } = said;
  if (id !== undefined && !isWebhookId(id))
    throw new WebhookError('malformed-id', 'the id of the webhook has dots, spaces or other signs that an id cannot have');
  let timestampMs = timestamp === undefined ? undefined : readTimestamp(timestamp);
  const now = options.clock?.() ?? Date.now();
  if (timestampMs !== undefined) checkAge(timestampMs, toleranceMs, now);
  const read = bytesOf(given);
  const payload = isPromiseLike(read) ? await read : read;
  let signed = payload;
  let secrets = Array.isArray(secret) ? (secret as readonly WebhookSecret[]) : [secret as WebhookSecret];
  if (scheme.foreign) {
    const request = new ReceivedRequest('POST', options.url ?? (isRequest(given) ? given.url : ''), find, payload);
    ({ digests, timestampMs } = scheme.foreign.read(request));
    if (timestampMs !== undefined) checkAge(timestampMs, toleranceMs, now);
    signed = scheme.foreign.signed(request);
    if (scheme.foreign.keys) {
      secrets = await scheme.foreign.keys(request);
      if (secrets.length === 0) throw new WebhookError('no-matching-signature', 'the key that signed is not known');
    }
  }
  if (digests.length === 0 && signatures.length === 0) {
    throw new WebhookError('malformed-signature', 'the signature header has no signature of a known version: is this the right scheme?');
  }
  const head = scheme.head(id ?? '', timestamp ?? '');
  if (secrets.length === 0) throw new WebhookError('bad-secret', 'the list of secrets is empty');
  for (let index = 0; index < secrets.length; index++) {
    const found = scheme.foreign?.publicKey
      ? verifyByPublicKey(scheme.foreign, secrets[index] ?? '', signed, digests, scheme.encoding)
      : fits(crypto, readSecret(secrets[index] ?? '', scheme.secrets), scheme, head, signed, digests, signatures);
    if (typeof found === 'boolean' ? found : await found) return new VerifiedWebhook(id, timestampMs, index, payload);
  }
  throw new WebhookError('no-matching-signature', await explain(crypto, scheme, secrets, head, signed, digests));
}

export async function signWith(crypto: SignatureCrypto, options: SignWebhookOptions): Promise<Record<string, string>> {
  checkOptions('signWebhook', options, SIGN_NAMES);
  const { secret, id = globalThis.crypto.randomUUID(), timestampMs = Date.now() } = options;
  const scheme = findScheme(options.scheme ?? 'standard', 'signWebhook');
  if (!scheme.write)
    throw new TypeError(`signWebhook: webhooks of this scheme can only be verified: use one of ${Object.keys(SCHEMES).join(', ')}`);
  if (!isWebhookId(id)) throw new TypeError(`signWebhook: the id '${id}' must be printable, without spaces and dots`);
  const timestamp = String(Math.floor(timestampMs / 1000));
  if (!TIMESTAMP.test(timestamp)) throw new TypeError(`signWebhook: timestampMs ${timestampMs} is not a time since 1970 in milliseconds`);
  const read = bytesOf(options.payload);
  const payload = isPromiseLike(read) ? await read : read;
  const head = scheme.head(id, timestamp);
  const digests: string[] = [];
  const signatures: string[] = [];
  for (const each of Array.isArray(secret) ? (secret as readonly WebhookSecret[]) : [secret as WebhookSecret]) {
    const read = readSecret(each, scheme.secrets);
    if (read.kind === 'hmac') {
      const digest = crypto.hmac(read.key, head, payload, scheme.encoding);
      digests.push(typeof digest === 'string' ? digest : await digest);
    } else {
      if (!read.key.seed) throw new WebhookError('bad-secret', 'a whpk_ key can only verify: sign with the whsk_ key of the same pair');
      const signature = crypto.sign(read.key, head, payload);
      signatures.push(typeof signature === 'string' ? signature : await signature);
    }
  }
  if (digests.length + signatures.length === 0) throw new WebhookError('bad-secret', 'the list of secrets is empty');
  return scheme.write(id, timestamp, digests, signatures);
}

/** The HMAC of a text, by the scheme. */
export async function hmacText({ secrets, encoding, foreign }: SchemeDefinition, secret: WebhookSecret, text: string): Promise<string> {
  const read = readSecret(secret, foreign?.publicKey ? 'text' : secrets);
  if (read.kind !== 'hmac' || foreign?.hash === 'token' || foreign?.publicKey)
    throw new TypeError('webhook: the secret of this scheme makes no HMAC');
  return platformCrypto.hmac(read.key, '', text, encoding, foreign?.hash);
}

/** Each header once, whatever the case of its name. */
function finderOf(headers: WebhookHeaders): FindHeader {
  if (typeof headers.get === 'function' && typeof headers.has === 'function') {
    const found = headers as Headers;
    return (name) => found.get(name) ?? undefined;
  }
  const record = headers as Readonly<Record<string, string | readonly string[] | undefined>>;
  return (name) => {
    let value = record[name];
    if (value === undefined) for (const key in record) if (key.length === name.length && key.toLowerCase() === name) value = record[key];
    if (value === undefined || typeof value === 'string') return value;
    if (value.length > 1) throw new WebhookError('malformed-signature', `the header '${name}' came ${value.length} times`);
    return value[0];
  };
}

function readTimestamp(text: string): number {
  if (TIMESTAMP.test(text)) return Number(text) * 1000;
  throw new WebhookError('malformed-timestamp', 'the timestamp is not a whole number of seconds since 1970');
}

function checkAge(timestampMs: number, toleranceMs: number, now: number): void {
  const age = now - timestampMs;
  if (age > toleranceMs)
    throw new WebhookError('timestamp-too-old', `the timestamp is ${duration(age)} old: a clock that is off, or a replay`);
  if (-age > toleranceMs)
    throw new WebhookError(
      'timestamp-too-new',
      `the timestamp is ${duration(-age)} ahead: a clock that is off, or milliseconds instead of seconds`,
    );
}

function duration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 2) return `${Math.round(ms / 1000)} seconds`;
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}

function isRequest(payload: unknown): payload is Request {
  return typeof payload === 'object' && payload !== null && 'arrayBuffer' in payload && 'headers' in payload;
}

function bytesOf(payload: VerifyWebhookOptions['payload']): string | Uint8Array | Promise<Uint8Array> {
  if (typeof payload === 'string' || payload instanceof Uint8Array) return payload;
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload);
  if (isRequest(payload)) {
    if (payload.bodyUsed)
      throw new WebhookError(
        'parsed-body',
        "the request's body was read before it reached the verifier: verify first, then use the text that was verified",
      );
    return payload.arrayBuffer().then((buffer) => new Uint8Array(buffer));
  }
  const got = payload === null ? 'null' : Array.isArray(payload) ? 'a list' : `a value of type ${typeof payload}`;
  throw new WebhookError(
    'parsed-body',
    `the body was parsed before it reached the verifier (it is ${got}): pass the raw bytes or text, in Express by express.raw({ type: '*/*' }) on this route`,
  );
}
