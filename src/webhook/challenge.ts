import { ApiError } from '../core/errors.ts';
import type { HttpResponse } from '../http/message/message.ts';
import type { WebhookHandshake } from './signing/definition.ts';
import { HANDSHAKES, hubHandshake, type WebhookHandshakeName } from './signing/handshakes.ts';
import type { WebhookRequest } from './signing/request.ts';

/** A provider's handshake, Meta's with the token that you chose, or one that you describe. */
export type WebhookHandshakeOption = WebhookHandshakeName | { readonly verifyToken: string } | WebhookHandshake;

const MAX_CHARS = 4096;
/** Text that no browser could take for a page or a script, whatever it makes of the content type. */
const HARMLESS = /^[\x20-\x7e]{1,1024}$/;
const MARKUP = /[<>&"'`\\]/;

/** Throws a `TypeError` for one that cannot be. */
export function readHandshake(option: WebhookHandshakeOption): WebhookHandshake {
  if (typeof option === 'string') {
    if (Object.hasOwn(HANDSHAKES, option)) return HANDSHAKES[option];
    throw new TypeError(
      `webhook: there is no handshake '${String(option)}': use one of ${Object.keys(HANDSHAKES).join(', ')}, or describe one`,
    );
  }
  if (typeof option === 'object' && 'verifyToken' in option) {
    if (typeof option.verifyToken === 'string' && option.verifyToken !== '') return hubHandshake(option.verifyToken);
    throw new TypeError('webhook: handshake.verifyToken must be the text that you gave the provider: is the environment variable set?');
  }
  if (typeof option?.isSigned === 'boolean' && typeof option.answer === 'function') return option;
  throw new TypeError("webhook: handshake must be a provider's name, { verifyToken } or { isSigned, answer }");
}

/** The answer to a handshake; `undefined` for what is none. Rejects with INVALID_ARGUMENT for a challenge that must not be sent back. */
export async function challengeResponse(
  handshake: WebhookHandshake | undefined,
  request: WebhookRequest,
  sign: (text: string) => Promise<string> = unsigned,
): Promise<HttpResponse | undefined> {
  const answer = await handshake?.answer(request, sign);
  if (answer === undefined) return undefined;
  const isText = typeof answer === 'string';
  const body = isText ? answer : JSON.stringify(answer);
  if (isText ? !HARMLESS.test(body) || MARKUP.test(body) : body.length > MAX_CHARS)
    throw new ApiError('INVALID_ARGUMENT', 'the challenge is empty, too long, or has characters that are not sent back');
  return {
    status: 200,
    headers: {
      'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cache-control': 'no-store',
    },
    body,
  };
}

async function unsigned(): Promise<never> {
  throw new TypeError('webhook: a handshake that nobody has signed is answered without the secret');
}
