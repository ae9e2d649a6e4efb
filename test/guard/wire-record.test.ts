import { expect, test, describe } from 'vitest';
import { redact } from '../../src/peer/wire-record.ts';

const SECRET = [
  ...['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'x-api-key', 'apikey', 'x-auth-key', 'x-access-key'],
  ...['x-csrf-token', 'x-amz-security-token', 'client-secret', 'x-session-id', 'x-amz-credential', 'webhook-signature'],
];
const SHOWN = ['accept', 'idempotency-key', 'www-authenticate', 'x-request-id', 'sec-websocket-key', 'etag', 'author'];

describe('a wire record', () => {
  test.each(SECRET)('%s is redacted', (name) => expect(redact([[name, 'x']])).toEqual({ [name]: '[redacted]' }));
  test.each(SHOWN)('%s is shown', (name) => expect(redact([[name, 'x']])).toEqual({ [name]: 'x' }));
});
