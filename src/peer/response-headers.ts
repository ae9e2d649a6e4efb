/**
 * Those of one connection, of one exchange, of the content, cookies, and what the protocols write themselves. `code` tells an error over MQTT.
 * Source: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
 */
const REFUSED =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|http2-settings|content-(?!security-policy|language$).*|set-cookie2?|date|x-request-id|x-timeout-ms|access-control-.*|grpc-.*|.*-bin|code|accept-encoding|server|via|age|alt-svc|x-powered-by|strict-transport-security)$/;
const NAME = /^[a-z0-9-]+$/;
const VALUE = /^[\x20-\x7e]*$/;
/** Names and values of one answer, in characters. Larger ones are dropped, whatever their sender. */
const MAX_CHARS = 16_384;

/** Verdicts by name, so that each of the few names in use is matched once. */
const verdicts = new Map<string, boolean>();

/** Whether a header of an answer, in lower case, goes through every protocol and gateway. */
export function passes(name: string): boolean {
  let verdict = verdicts.get(name);
  if (verdict === undefined) {
    verdict = NAME.test(name) && !REFUSED.test(name);
    if (verdicts.size < 1000) verdicts.set(name, verdict);
  }
  return verdict;
}

/** Whether every protocol can carry a value. */
export function isPrintable(value: string): boolean {
  return VALUE.test(value);
}

/** Keeps of the headers of a peer's answer those that pass. */
export function responseHeaders(entries: Iterable<readonly [name: string, value: unknown]>): Record<string, string> {
  const kept: Record<string, string> = {};
  let size = 0;
  for (const [given, value] of entries) {
    const name = given.toLowerCase();
    if (typeof value !== 'string' || !passes(name) || !VALUE.test(value)) continue;
    size += name.length + value.length;
    if (size > MAX_CHARS) break;
    kept[name] = value;
  }
  return kept;
}
