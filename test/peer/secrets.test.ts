import { describe, expect, it } from 'vitest';
import { hideSecrets } from '../../src/peer/redact/secrets.ts';

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U';

describe('hiding secrets by their shape', () => {
  it.each([
    [`a ${JWT} b`, 'a [redacted] b'],
    [`{"anything":"${JWT}"}`, '{"anything":"[redacted]"}'],
    ['key sk_live_4eC39HqLyjWDarjtT1zdp7dc.', 'key [redacted]'],
    ['AKIAIOSFODNN7EXAMPLE', '[redacted]'],
    ['ghp_16C7e42F292c6912E7710c838347Ae178B4a', '[redacted]'],
    ['xoxb-1234-5678-abcdefghijk', '[redacted]'],
    ['whsec_VigceYHVXdMIUpAlR3+zDuSYkvADdP62496G5FyWdbg=', '[redacted]'],
    [`POST /bot110201543:${'A'.repeat(35)}/sendMessage`, 'POST /bot[redacted]/sendMessage'],
    ['{"url":"https://hooks.slack.com/services/T000/B000/XXXXXXXXXXXXXXXXXXXXXXXX"}', '{"url":"https://[redacted]"}'],
    [`POST /api/webhooks/175928847299117063/${'a'.repeat(68)}`, 'POST [redacted]'],
    ['-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----', '[redacted]'],
    ['Authorization: Bearer abc.def-123', 'Authorization: Bearer [redacted]'],
    ['Basic dXNlcjpwYXNz', 'Basic [redacted]'],
    ['GET https://user:pass@example.com/', 'GET https://[redacted]@example.com/'],
    ['GET /hook?a=1&token=abc&b=2', 'GET /hook?a=1&token=[redacted]&b=2'],
    ['GET /x?key=abc&sig=d%2Fe', 'GET /x?key=[redacted]&sig=[redacted]'],
    ['{"user":"a","password":"b\\"c","apiKey" : "d"}', '{"user":"a","password":"[redacted]","apiKey":"[redacted]"}'],
    ['{"headers":{"authorization":"a","cookie":"b","x-auth-user":"c"}}', '{"headers":{"authorization":"[redacted]","cookie":"[redacted]","x-auth-user":"[redacted]"}}'], // prettier-ignore
    ['client_secret=a&grant_type=b', 'client_secret=[redacted]&grant_type=b'],
    ['{"url":"https://a.example/cb?access_token=abc"}', '{"url":"https://a.example/cb?access_token=[redacted]"}'],
  ])('%s', (text, shown) => {
    expect(hideSecrets(text)).toBe(shown);
  });

  it.each([
    'GET /users/123?limit=20&after=5',
    '{"nextPageToken":"abc","title":"Basic understanding of tokens"}',
    'GET /things?sort_key=name&monkey=1&code_of=x',
    '6c3223820598-4',
    'a plain sentence about a secret, and a password',
    '2f1c9a52-77aa-4b0e-9f1d-2d5e6a7b8c9d',
  ])('leaves %s as it is', (text) => {
    expect(hideSecrets(text)).toBe(text);
  });

  it('takes time in proportion to the text, whatever it is', () => {
    for (const part of [
      'eyJ-',
      'Bearer ',
      '"a',
      '?a',
      '//a:',
      '-----BEGIN PRIVATE KEY-----',
      'whsec_',
      'sk_live_',
      '"token":"',
      '&token=',
      '1234567:',
      '7',
    ]) {
      const small = part.repeat(2_000);
      const large = part.repeat(200_000);
      const time = (text: string) => {
        const start = process.cpuUsage();
        hideSecrets(text);
        const { user } = process.cpuUsage(start);
        return user;
      };
      time(small);
      // Quadratic, it would be 10,000 times as much.
      expect(time(large)).toBeLessThan(Math.max(time(small), 1_000) * 1_500);
    }
  });
});
