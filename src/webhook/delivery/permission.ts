import { ApiError } from '../../core/errors.ts';
import type { StoredGrant } from '../store/store.ts';
import { ALLOWED_ORIGIN, ALLOWED_RATE, readRate, REQUEST_ORIGIN } from '../wire.ts';
import type { Carrier } from './carrier.ts';

/** Asks an endpoint for its permission. Rejects with FAILED_PRECONDITION if it does not grant it, with UNAVAILABLE if there was no answer. */
export type AskPermission = (url: string, origin: string) => Promise<StoredGrant>;

/**
 * Makes what asks endpoints whether they want webhooks of a sender.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#4-abuse-protection
 */
export function createPermission(carrier: Carrier, userAgent: string): AskPermission {
  return async (url, origin) => {
    const answer = await carrier.ask(url, { 'user-agent': userAgent, [REQUEST_ORIGIN]: origin });
    if (answer.error !== undefined)
      throw new ApiError('UNAVAILABLE', `url: the endpoint was not asked for its permission: ${answer.error}`);
    // Consent is only in the headers: many servers answer OPTIONS, whatever is asked.
    const allowed = answer.headers[ALLOWED_ORIGIN];
    if (allowed !== '*' && allowed?.toLowerCase() !== origin.toLowerCase())
      throw new ApiError(
        'FAILED_PRECONDITION',
        `url: the endpoint does not grant permission to '${origin}': it must answer OPTIONS with the header WebHook-Allowed-Origin`,
      );
    const ratePerMinute = readRate(answer.headers[ALLOWED_RATE]);
    return { origin, ...(ratePerMinute !== undefined && { ratePerMinute }) };
  };
}
