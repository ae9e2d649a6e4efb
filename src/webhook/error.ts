/** The reason why a webhook is refused: a closed list, so programs can count and decide. */
export const WEBHOOK_REASONS = [
  'parsed-body',
  'bad-secret',
  'missing-header',
  'malformed-id',
  'malformed-timestamp',
  'timestamp-too-old',
  'timestamp-too-new',
  'malformed-signature',
  'no-matching-signature',
] as const;

/** One of the reasons why a webhook is refused. */
export type WebhookReason = (typeof WEBHOOK_REASONS)[number];

const BRAND: unique symbol = Symbol.for('multi-api-sdk.WebhookError');

/** A webhook that was not verified. The message names the likely mistake; it is for the receiver, not for who sent the request. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';

  readonly reason: WebhookReason;

  constructor(reason: WebhookReason, message: string) {
    super(message);
    this.reason = reason;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** Tells whether a value is a `WebhookError`, also one from another copy of this package (`instanceof` would say no). */
export function isWebhookError(value: unknown): value is WebhookError {
  return typeof value === 'object' && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true;
}
