/** A percent-encoded text decoded; `undefined` if it is not percent-encoded UTF-8. Source: https://www.rfc-editor.org/rfc/rfc3986#section-2.1 */
export function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
