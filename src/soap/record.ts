import type { FetchResponse } from '../http/client/fetch-like.ts';
import { redact, type OnWire } from '../peer/on-wire.ts';

/** WS-Security puts passwords into the envelope. */
const SECRETS = /(<(?:[\w.-]+:)?(?:Password|Nonce|BinarySecurityToken|SignatureValue)\b[^>]*>)(?:[^<]|<!\[CDATA\[[^]*?\]\]>)*/g;

/** Tells `onWire` of a request. */
export function recordOut(
  onWire: OnWire,
  method: 'GET' | 'POST',
  url: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): void {
  const { pathname, search } = new URL(url);
  onWire({
    protocol: 'soap',
    direction: 'out',
    start: `${method} ${pathname}${search}`,
    headers: redact(Object.entries(headers)),
    ...(body !== undefined && { body: hide(body) }),
  });
}

/** Tells `onWire` of a reply. */
export function recordIn(onWire: OnWire, response: FetchResponse, body: string): void {
  const start = `${response.status} ${response.statusText}`.trim();
  onWire({ protocol: 'soap', direction: 'in', start, headers: redact(response.headers.entries()), body: hide(body) });
}

function hide(xml: string): string {
  return xml.replace(SECRETS, '$1[redacted]');
}
