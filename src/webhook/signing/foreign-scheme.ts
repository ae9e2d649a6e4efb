import { ApiError, isApiError } from '../../core/errors.ts';
import { readOptions, bytes, ms } from '../../core/options.ts';
import { isObject } from '../../peer/error-body.ts';
import { printable } from '../../peer/text/printable.ts';
import { concatBytes } from '../../schema/codec/concat.ts';
import type { WebhookContent } from '../body/content.ts';
import { WebhookError } from '../error.ts';
import type { FoundKey, SignedContent, WebhookSchemeDefinition, WebhookValue } from './definition.ts';
import { isForm, type WebhookRequest } from './request.ts';
import type { ForeignSigned, SchemeDefinition } from './schemes.ts';
import type { WebhookSecret } from './secret.ts';

const MAX_SIGNATURES = 32;
/** Webhooks of one request. */
const MAX_PARTS = 1000;

/**
 * Compiles a scheme that is described by values.
 * @throws TypeError for a member that cannot be
 */
export function compileScheme(definition: WebhookSchemeDefinition, owner: string): SchemeDefinition {
  const read = readOptions(owner, definition, { toleranceMs: ms(), maxBodyBytes: bytes() }, [
    'signature',
    'prefix',
    'hash',
    'publicKey',
    'key',
    'split',
    'encoding',
    'signed',
    'secrets',
    'timestamp',
    'id',
    'type',
    'time',
    'data',
    'handshake',
    'status',
  ]);
  oneOf(owner, 'hash', read.hash, ['sha1', 'sha256', 'sha384', 'sha512', 'token']);
  oneOf(owner, 'publicKey', read.publicKey, ['ed25519', 'ecdsa', 'rsa']);
  if (read.publicKey !== undefined && read.hash === 'token')
    throw new TypeError(`${owner}: a sender that sends the secret itself ('token') has no public key`);
  oneOf(owner, 'encoding', read.encoding, ['hex', 'base64']);
  oneOf(owner, 'secrets', read.secrets, ['text', 'base64', 'hex']);
  oneOf(owner, 'status', read.status, [200, 202, 204]);
  const { hash = 'sha256', encoding = 'hex', secrets = 'text', prefix = '' } = read;
  for (const name of ['signature', 'timestamp', 'id', 'type', 'time'] as const) checkValue(owner, name, read[name]);
  if (read.signature === undefined) throw new TypeError(`${owner}: give the place of the signature in 'signature', such as 'x-signature'`);
  const signature = valueOf(read.signature);
  const timestamp = read.timestamp === undefined ? undefined : valueOf(read.timestamp);
  const foreign: ForeignSigned = {
    hash,
    publicKey: read.publicKey,
    keys: read.key && ((request) => keysOf(() => read.key?.(request))),
    split: read.split && ((request) => untrusted('split', () => bodiesOf(read.split?.(request)))),
    read(request) {
      const given = untrusted('signature', () => signature(request));
      const texts = textsOf(given).slice(0, MAX_SIGNATURES);
      if (texts.length === 0)
        throw new WebhookError('missing-header', `${whereOf(read.signature)} has no signature: is this the right scheme?`);
      const digests = texts.filter((text) => text.startsWith(prefix)).map((text) => asWritten(text.slice(prefix.length), encoding, hash));
      return { digests, timestampMs: timestamp && instantMs(untrusted('timestamp', () => timestamp(request))) };
    },
    signed: (request) => joined(untrusted('signed', () => (read.signed ? read.signed(request) : request.bytes))),
    content: contentReader(definition),
  };
  return {
    encoding,
    secrets,
    foreign,
    head: () => '',
    read: () => ({ id: undefined, timestamp: undefined, digests: [], signatures: [] }),
    header: typeof read.signature === 'string' ? read.signature.toLowerCase() : undefined,
    handshake: read.handshake,
    maxBodyBytes: read.maxBodyBytes,
    toleranceMs: read.toleranceMs,
    status: read.status ?? 200,
  };
}

function contentReader({ id, type = { body: 'type' }, time, data }: WebhookSchemeDefinition): ForeignSigned['content'] {
  const isDigest = typeof id === 'object' && 'digest' in id;
  const idOf = id === undefined || isDigest ? undefined : valueOf(id);
  const [typeOf, timeOf] = [valueOf(type), time === undefined ? undefined : valueOf(time)];
  return async (request, timestampMs): Promise<WebhookContent> => {
    const types = textsOf(typeOf(request));
    const at = timeOf ? tryInstantMs(timeOf(request)) : timestampMs;
    return {
      type: types.length === 1 ? (types[0] ?? '') : types,
      id: isDigest ? await digestOf(request.bytes) : textsOf(idOf?.(request))[0],
      time: at === undefined ? undefined : new Date(at).toISOString(),
      data: data ? data(request) : isForm(request.header('content-type')) ? fieldsOf(request.form) : request.json,
    };
  };
}

/** The fields of a form as an object; those that come several times as lists. */
export function fieldsOf(form: URLSearchParams): Record<string, string | readonly string[]> {
  const fields = new Map<string, string | string[]>();
  for (const [name, value] of form) {
    const before = fields.get(name);
    if (before === undefined) fields.set(name, value);
    else if (typeof before === 'string') fields.set(name, [before, value]);
    else before.push(value);
  }
  return Object.fromEntries(fields);
}

/** The place of a value, as a function. */
function valueOf(where: WebhookValue): (request: WebhookRequest) => unknown {
  if (typeof where === 'function') return where;
  if (typeof where === 'string') return ({ header }) => header(where);
  const path = where.body.split('.');
  return (request) => {
    if (isForm(request.header('content-type'))) return request.form.get(where.body) ?? undefined;
    let at = request.json;
    for (const name of path) at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
    return at;
  };
}

/** The work of a part of the definition on a request that anybody may have made: an error that it throws refuses the request. */
function untrusted<T>(name: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    const words = isApiError(error) ? error.text : ((error as Error | undefined)?.message ?? 'it failed');
    throw new WebhookError('malformed-signature', `'${name}' of the scheme cannot read the request: ${printable(words)}`);
  }
}

async function keysOf(find: () => FoundKey | Promise<FoundKey>): Promise<readonly WebhookSecret[]> {
  let keys: FoundKey;
  try {
    keys = await find();
  } catch (cause) {
    throw ApiError.from(cause, 'UNAVAILABLE', "the scheme's 'key' could not find the key of a webhook");
  }
  return keys === undefined ? [] : typeof keys === 'string' || keys instanceof Uint8Array ? [keys] : keys;
}

function bodiesOf(parts: unknown): readonly string[] {
  if (!Array.isArray(parts) || parts.length === 0 || parts.length > MAX_PARTS)
    throw new TypeError(`a request has 1 to ${MAX_PARTS} webhooks`);
  return parts.map((part) => JSON.stringify(part) ?? 'null');
}

function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value === 'number') return [String(value)];
  return typeof value === 'string' && value !== '' ? [value] : [];
}

/** Hex in any case is the same digest. */
function asWritten(text: string, encoding: string, hash: string): string {
  return encoding === 'hex' && hash !== 'token' ? text.toLowerCase() : text;
}

function joined(content: SignedContent): Uint8Array {
  const parts = (Array.isArray(content) ? content : [content]) as readonly (string | Uint8Array)[];
  const encoder = new TextEncoder();
  return concatBytes(parts.map((part) => (typeof part === 'string' ? encoder.encode(part) : part)));
}

/** Epoch milliseconds of seconds, milliseconds or ISO 8601. */
function instantMs(value: unknown): number {
  const at = tryInstantMs(value);
  if (at !== undefined) return at;
  if (value === undefined || value === '') throw new WebhookError('missing-header', 'the timestamp of the webhook is missing');
  throw new WebhookError('malformed-timestamp', 'the timestamp is neither seconds nor milliseconds since 1970, nor ISO 8601');
}

function tryInstantMs(value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '';
  if (/^\d{1,14}$/.test(text)) return Number(text) * (text.length > 11 ? 1 : 1000);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,12})?(?:Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

async function digestOf(content: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(content)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function whereOf(signature: WebhookValue | undefined): string {
  return typeof signature === 'string' ? `the header '${signature}'` : 'the request';
}

function checkValue(owner: string, name: string, value: unknown): void {
  const isKnown =
    value === undefined ||
    typeof value === 'function' ||
    (typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value)) ||
    (isObject(value) && (typeof value['body'] === 'string' || (name === 'id' && value['digest'] === true)));
  if (!isKnown) throw new TypeError(`${owner}: ${name} must be a header's name, { body: 'a.member' } or a function`);
}

function oneOf(owner: string, name: string, value: unknown, known: readonly unknown[]): void {
  if (value !== undefined && !known.includes(value))
    throw new TypeError(`${owner}: ${name} must be one of ${known.join(', ')}, not ${printable(JSON.stringify(value) ?? typeof value)}`);
}
