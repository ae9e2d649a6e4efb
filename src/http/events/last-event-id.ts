const MAX_CHARS = 4096;
/** Characters that no header can hold. Source: https://www.rfc-editor.org/rfc/rfc9110#section-5.5 */
// eslint-disable-next-line no-control-regex -- these are the characters that are meant
const UNFIT = /[\0-\x08\n-\x1f\x7f]/;

/** An id as the value of `Last-Event-ID`, which holds its UTF-8 byte by byte; `undefined` for an id that no header can hold. */
export function writeLastEventId(id: string): string | undefined {
  if (id.length > MAX_CHARS || UNFIT.test(id)) return undefined;
  return String.fromCharCode(...new TextEncoder().encode(id));
}

/** The id in a `Last-Event-ID`: as it came if it is not UTF-8. */
export function readLastEventId(value: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(value, (char) => char.charCodeAt(0)));
  } catch {
    return value;
  }
}
