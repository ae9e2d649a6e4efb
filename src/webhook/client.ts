export { isWebhookError, WEBHOOK_REASONS, WebhookError, type WebhookReason } from './error.js';
export type { WebhookScheme } from './schemes.js';
export { makeWebhookSecret, type WebhookSecret } from './secret.js';
export {
  signWebhook,
  verifyWebhook,
  type SignWebhookOptions,
  type VerifiedWebhook,
  type VerifyWebhookOptions,
  type WebhookHeaders,
} from './signature.js';
