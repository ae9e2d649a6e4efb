import { createHash } from 'node:crypto';
import type { WebhookSecret } from '../signing/secret.ts';
import { isWebhookId, signWebhook } from '../signing/signature.ts';
import type { DeliveryAttempt, StoredMessage, StoredSubscription } from '../store/store.ts';
import type { WebhookBody } from '../body/encode.ts';
import { REQUEST_ORIGIN } from '../wire.ts';
import type { Carrier } from './carrier.ts';
import { elapsedMs, type WebhookClock } from './schedule.ts';

/** One request to an endpoint, and what came of it. Never rejects. `cuts` gets what ends it at once, for as long as it lasts. */
export type Post = (
  subscription: StoredSubscription,
  message: StoredMessage,
  cuts: Set<() => void>,
) => Promise<DeliveryAttempt & { readonly retryAfter?: string }>;

export interface PostInit {
  readonly carrier: Carrier;
  readonly clock: WebhookClock;
  readonly signingKeys: readonly WebhookSecret[];
  readonly userAgent: string;
  readonly encode: (message: StoredMessage, subscription: StoredSubscription) => WebhookBody;
  readonly report: (error: unknown) => void;
}

/** Makes the requests of all endpoints: encoded, signed with each secret that is valid, and sent. */
export function createPost({ carrier, clock, signingKeys, userAgent, encode, report }: PostInit): Post {
  return async (subscription, message, cuts) => {
    const { url, secrets, grant } = subscription;
    const begun = clock.now();
    const start = elapsedMs(clock);
    const at = new Date(begun).toISOString();
    try {
      const { body, type, headers: own } = encode(message, subscription);
      const secret = [
        ...secrets.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > begun).map((each) => each.secret),
        ...signingKeys,
      ];
      const signature = await signWebhook({ payload: body, secret, id: webhookIdOf(message), timestampMs: begun });
      const origin = grant && { [REQUEST_ORIGIN]: grant.origin };
      const { traceparent } = message;
      const headers = {
        ...own,
        ...origin,
        ...(traceparent !== undefined && { traceparent }),
        'content-type': type,
        'user-agent': userAgent,
        ...signature,
      };
      const outcome = await carrier.post(url, headers, body, cuts);
      return { at, durationMs: Math.round(elapsedMs(clock) - start), ...outcome };
    } catch (error) {
      report(error);
      return { at, durationMs: Math.round(elapsedMs(clock) - start), error: 'the webhook could not be made' };
    }
  };
}

/** The event's id, and of one that no webhook can have, with dots or spaces in it, the hash: the same for each attempt. */
function webhookIdOf({ id }: StoredMessage): string {
  return isWebhookId(id) ? id : createHash('sha256').update(id).digest('base64url');
}
