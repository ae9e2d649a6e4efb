/** Names of elements and attributes that hold credentials: those of WS-Security, and what services call theirs. */
const SECRET = /password|passwd|secret|token|nonce|signaturevalue|credential|session-?id|api-?key/i;
/** The name of a tag, at its beginning. Longer names are not looked at. */
const TAG = /<(?:[^\s<>/:!?"'=]{1,100}:)?([^\s<>/:!?"'=]{1,100})/y;
const ATTRIBUTE = /(\s(?:[^\s<>="':]{1,100}:)?([^\s<>="':]{1,100})\s*=\s*)("[^"<]*"|'[^'<]*')/g;
const CDATA = '<![CDATA[';

/**
 * A message with the text of elements, and the values of attributes, that hold credentials taken out. It walks from tag to tag, so that its time grows
 * with the length of a message only, whatever a peer sends.
 */
export function hideSecrets(xml: string): string {
  let shown = '';
  let written = 0;
  for (let at = xml.indexOf('<'); at !== -1; at = xml.indexOf('<', at)) {
    TAG.lastIndex = at;
    const name = TAG.exec(xml)?.[1];
    if (name === undefined) {
      at++;
      continue;
    }
    const end = xml.indexOf('>', at);
    if (end === -1) break;
    const tag = xml.slice(at, end + 1);
    const safe = tag.replace(ATTRIBUTE, (all, before: string, attribute: string) =>
      SECRET.test(attribute) && !before.trimStart().startsWith('xmlns') ? `${before}"[redacted]"` : all,
    );
    at = end + 1;
    if (safe !== tag) {
      shown += xml.slice(written, end + 1 - tag.length) + safe;
      written = at;
    }
    if (tag.endsWith('/>') || !SECRET.test(name)) continue;
    const over = endOfText(xml, at);
    if (over > at) shown += `${xml.slice(written, at)}[redacted]`;
    else shown += xml.slice(written, at);
    written = at = over;
  }
  return written === 0 ? xml : shown + xml.slice(written);
}

/** The end of the text that begins at `start`, CDATA sections included. */
function endOfText(xml: string, start: number): number {
  let at = xml.indexOf('<', start);
  while (at !== -1 && xml.startsWith(CDATA, at)) {
    const end = xml.indexOf(']]>', at);
    if (end === -1) return xml.length;
    at = xml.indexOf('<', end);
  }
  return at === -1 ? xml.length : at;
}
