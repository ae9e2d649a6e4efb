import type { HttpResponse } from '../http/message/message.ts';
import { ALLOWED_ORIGIN, ALLOWED_RATE, REQUEST_ORIGIN } from './wire.ts';

/** Which senders may send, and how fast: the answer to the handshake of the CloudEvents webhook specification. */
export interface WebhookGrant {
  /** The names by which senders ask, such as `events.example.com`; `'*'` for all. */
  readonly origins: '*' | readonly string[];
  /** Requests in a minute. @default no limit */
  readonly ratePerMinute?: number | undefined;
}

/** Throws a `TypeError` for one that cannot be. */
export function readGrant(grant: WebhookGrant | undefined): WebhookGrant | undefined {
  if (grant === undefined) return undefined;
  const { origins, ratePerMinute } = grant;
  if (origins !== '*' && !(Array.isArray(origins) && origins.every((each) => typeof each === 'string' && each !== '')))
    throw new TypeError("webhook: grant.origins must be a list of the senders' names, such as 'events.example.com', or '*'");
  if (ratePerMinute !== undefined && !(Number.isSafeInteger(ratePerMinute) && ratePerMinute > 0))
    throw new TypeError('webhook: grant.ratePerMinute must be a whole number of requests above 0');
  return grant;
}

/**
 * The answer to a sender that asks for permission; `undefined` for what is none, or is not granted. `isOurs` says that its subscription is this
 * receiver's own.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#42-validation-response
 */
export function grantResponse(
  method: string,
  header: (name: string) => string | undefined,
  grant: WebhookGrant | undefined,
  isOurs: boolean,
): HttpResponse | undefined {
  const origin = method === 'OPTIONS' ? header(REQUEST_ORIGIN) : undefined;
  // A name of a host, which is sent back.
  if (origin === undefined || !/^[\w.:[\]-]{1,255}$/.test(origin)) return undefined;
  const isListed =
    grant !== undefined && (grant.origins === '*' || grant.origins.some((each) => each.toLowerCase() === origin.toLowerCase()));
  if (!isOurs && !isListed) return undefined;
  return {
    status: 200,
    headers: { allow: 'POST', [ALLOWED_ORIGIN]: origin, [ALLOWED_RATE]: String(grant?.ratePerMinute ?? '*'), 'cache-control': 'no-store' },
  };
}
