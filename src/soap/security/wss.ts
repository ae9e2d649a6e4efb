import { ApiError } from '../../core/errors.ts';
import { ms, readOptions } from '../../core/options.ts';
import type { Headers } from '../../core/transport.ts';
import { isSecurity, unauthenticated } from '../wire/header.ts';
import { lowerCase } from './security.ts';
import { inTime } from '../../life/timers.ts';
import { answerOf } from '../../stores/answer.ts';
import { memoryNonceStore, type NonceStore } from '../../stores/nonces.ts';
import { childOf, textOf, type XmlElement } from '../../xml/tree.ts';

/** Someone who may call. */
export interface SoapUser {
  /** Checks digests, and passwords sent as text. */
  readonly password?: string;
  /** Checks a password sent as text if only its hash is known. Digests are refused then. */
  readonly verify?: (password: string) => boolean | Promise<boolean>;
  /** Headers that are added to those of the call, so the service's context knows who calls. They win over the caller's. */
  readonly headers?: Headers;
}

/** The WS-Security that a request's header must have. */
export interface SoapHandlerSecurity {
  /**
   * Demands a UsernameToken, with the password as text or as digest, and finds its user.
   * Source: https://docs.oasis-open.org/wss/v1.1/wss-v1.1-spec-os-UsernameTokenProfile.pdf
   */
  readonly user?: (username: string) => SoapUser | undefined | Promise<SoapUser | undefined>;
  /** `false` refuses passwords sent as text, which are for TLS only. @default true */
  readonly allowText?: boolean;
  /** Demands a Timestamp. One that is there is checked in any case. @default false */
  readonly timestamp?: boolean;
  /** How old a token may be, and how far clocks may differ, in milliseconds. @default 300_000 */
  readonly toleranceMs?: number;
  /**
   * Remembers nonces, so a token is accepted once. A user whose share is full is refused with RESOURCE_EXHAUSTED. Processes that serve
   * the same users share one. @default memoryNonceStore()
   */
  readonly nonceStore?: NonceStore;
  /** How long `nonceStore` may take to answer, in milliseconds. After that, or if it fails, the caller gets UNAVAILABLE. @default 30_000 */
  readonly storeTimeoutMs?: number;
}

/** Checks a request's header blocks; resolves with the user's headers, or rejects with UNAUTHENTICATED. */
export type WssGuard = (blocks: readonly XmlElement[]) => Promise<Headers>;

/** Reports a store that fails. */
export function createGuard(security: SoapHandlerSecurity, report: (error: unknown) => void): WssGuard {
  const {
    user: findUser,
    allowText = true,
    timestamp = false,
    toleranceMs,
    storeTimeoutMs,
    nonceStore = memoryNonceStore(),
  } = readOptions('soapHandler security', security, { toleranceMs: ms(300_000, { infinity: false }), storeTimeoutMs: ms(30_000) }, [
    'user',
    'allowText',
    'timestamp',
    'nonceStore',
  ]);
  const late = () => new ApiError('UNAVAILABLE', `the nonce store did not answer within ${storeTimeoutMs} ms`);
  const use = async (nonce: string, name: string): Promise<void> => {
    // Services find users by names of any case: another spelling is not another share.
    // A token may be created up to the tolerance ahead of our clock, and is taken until the tolerance after.
    const asked = async () => nonceStore.use(nonce, 2 * toleranceMs, name.trim().toLowerCase());
    if (await answerOf('the nonce store', inTime(storeTimeoutMs, asked(), late), report)) return;
    throw unauthenticated('the Nonce was used before: each request needs one of its own');
  };
  return async (blocks) => {
    const [block, other] = blocks.filter(isSecurity);
    if (other) throw unauthenticated('the header has two Security blocks');
    checkTimestamp(childOf(block, 'Timestamp'), timestamp, toleranceMs);
    if (!findUser) return {};
    const token = childOf(block, 'UsernameToken');
    const name = textOf(token, 'Username');
    const password = childOf(token, 'Password');
    if (name === undefined || !password) throw unauthenticated('the header has no UsernameToken with a Username and a Password');
    // One answer for an unknown user and a wrong password, so that it does not tell which it was.
    const wrong = unauthenticated('the username or the password is wrong');
    const isDigest = password.attributes.get('Type')?.endsWith('#PasswordDigest') ?? false;
    if (!isDigest && !allowText) throw unauthenticated('the password must be sent as PasswordDigest');
    const nonce = textOf(token, 'Nonce')?.trim();
    const created = textOf(token, 'Created')?.trim();
    if (isDigest && (!nonce || !created)) throw unauthenticated('a PasswordDigest needs a Nonce and a Created');
    if (created !== undefined) checkFresh(created, toleranceMs);
    const user = await findUser(name);
    const given = password.text;
    if (!user) throw wrong;
    if (isDigest) {
      if (user.password === undefined || !(await equal(given.trim(), await digest(nonce ?? '', created ?? '', user.password)))) throw wrong;
    } else if (!(user.verify ? await user.verify(given) : user.password !== undefined && (await equal(given, user.password)))) throw wrong;
    // Only of who is known, so that nobody else fills the cache.
    // A digest stands for itself: base64 writes the same nonce in many ways, and services find users by names of any case.
    if (isDigest) await use(given.trim(), name);
    else if (nonce) await use(await hash(`${name}\n${nonce}\n${created ?? ''}`), name);
    // As the caller's own are: under another case of the name theirs would stand beside it.
    return lowerCase(user.headers ?? {});
  };
}

function checkTimestamp(timestamp: XmlElement | undefined, isRequired: boolean, toleranceMs: number): void {
  if (!timestamp) {
    if (isRequired) throw unauthenticated('the header has no Timestamp');
    return;
  }
  const created = textOf(timestamp, 'Created')?.trim();
  const expires = textOf(timestamp, 'Expires')?.trim();
  if (created !== undefined) checkFresh(created, expires === undefined ? toleranceMs : Infinity, toleranceMs);
  if (expires !== undefined && !(instant(expires) + toleranceMs > Date.now()))
    throw unauthenticated(`the message expired at ${expires.slice(0, 40)}`);
  if (isRequired && created === undefined) throw unauthenticated('the Timestamp has no Created');
}

function checkFresh(created: string, toleranceMs: number, skewMs = toleranceMs): void {
  const age = Date.now() - instant(created);
  if (!(age <= toleranceMs && age >= -skewMs))
    throw unauthenticated(`Created '${created.slice(0, 40)}' is too old, in the future, or no time: compare the clocks`);
}

/** Without a zone it is UTC: https://docs.oasis-open.org/wss/v1.1/wss-v1.1-spec-os-SOAPMessageSecurity.pdf, section 10. */
function instant(text: string): number {
  return Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`);
}

/** Base64 of SHA-1 of nonce, created and password. SHA-1 is the profile's; a digest is not better kept secret than a text. */
async function digest(nonce: string, created: string, password: string): Promise<string> {
  const text = new TextEncoder().encode(created + password);
  const bytes = fromBase64(nonce);
  const all = new Uint8Array(bytes.length + text.length);
  all.set(bytes);
  all.set(text, bytes.length);
  return btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest('SHA-1', all))));
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    throw unauthenticated('the Nonce is not base64');
  }
}

/** Of one length, however long the text is. */
async function hash(text: string): Promise<string> {
  return btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))));
}

/** Compares hashes, so that the time it takes says nothing of the place at which the texts differ. */
async function equal(left: string, right: string): Promise<boolean> {
  const [a, b] = await Promise.all(
    [left, right].map(async (text) => new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))),
  );
  let difference = 0;
  for (let at = 0; at < 32; at++) difference |= (a?.[at] ?? 0) ^ (b?.[at] ?? 1);
  return difference === 0;
}
