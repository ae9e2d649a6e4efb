import { describe, expect, test } from 'vitest';
import { hideSecrets } from '../../src/soap/secrets.ts';

describe('hiding secrets of a message', () => {
  test.each<[string, string]>([
    ['<w:Password Type="x#Text">a &lt; b</w:Password>', '<w:Password Type="x#Text">[redacted]</w:Password>'],
    ['<Password><![CDATA[a<b]]>c</Password><x>1</x>', '<Password>[redacted]</Password><x>1</x>'],
    [
      '<Nonce>1</Nonce><n:BinarySecurityToken>2</n:BinarySecurityToken>',
      '<Nonce>[redacted]</Nonce><n:BinarySecurityToken>[redacted]</n:BinarySecurityToken>',
    ],
    ['<sessionId>1</sessionId><apiKey>2</apiKey>', '<sessionId>[redacted]</sessionId><apiKey>[redacted]</apiKey>'],
    ['<Login user="a" password="b c"/>', '<Login user="a" password="[redacted]"/>'],
    ['<Password/><a/>', '<Password/><a/>'],
    ['<Password></Password>', '<Password></Password>'],
    ['<Password>never ends', '<Password>[redacted]'],
    ['<Password><![CDATA[never ends', '<Password>[redacted]'],
    ['<a xmlns:token="urn:t">1</a>', '<a xmlns:token="urn:t">1</a>'],
    ['plain text', 'plain text'],
    ['<', '<'],
  ])('%s', (xml, shown) => {
    expect(hideSecrets(xml)).toBe(shown);
  });

  test.each([
    '<Password ',
    '<Password><![CDATA[',
    '<Password>',
    'x',
    '<',
    '<Password a="',
    `<Password a='`,
    '<Password a',
    ':',
    '<p:',
    '<Password/>',
    ' a= ',
  ])('takes time that grows with the length only: %s', (unit) => {
    const start = performance.now();
    hideSecrets(unit.repeat(2_000_000 / unit.length));
    // It is 100 ms. In time that grows with the square of the length it would be minutes.
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
