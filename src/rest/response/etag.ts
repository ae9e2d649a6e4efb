/**
 * A weak entity tag of a text: its length and 62 bits of FNV-1a in two halves, two characters a step, for which no cryptographic hash is
 * needed and which costs a tenth of one. In decimal, which is written faster than any other base.
 * Source: https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3, http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function etagOf(text: string): string {
  const { length } = text;
  const odd = length % 2 === 1 ? text.charCodeAt(length - 1) : 0;
  let low = 0x811c9dc5 ^ odd;
  let high = 0x050c5d1f ^ odd;
  for (let at = 1; at < length; at += 2) {
    const pair = text.charCodeAt(at - 1) | (text.charCodeAt(at) << 16);
    low = Math.imul(low ^ pair, 0x01000193);
    high = Math.imul(high ^ pair, 0x5bd1e995) ^ (high >>> 15);
  }
  return `W/"${length}-${low >>> 1}-${high >>> 1}"`;
}

/** Tells whether `If-None-Match` names a tag, by weak comparison. Source: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 */
export function matchesEtag(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch.trim() === '*') return true;
  const opaque = etag.replace(/^W\//, '');
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === opaque);
}
