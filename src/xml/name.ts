/** https://www.w3.org/TR/xml-names/#NT-NCName */
const NAME = /^[\p{L}_][\p{L}\p{N}\p{M}_.\u00b7-]*$/u;

/** Whether a text can be the name of an element or attribute, of any script. */
export function isName(text: string): boolean {
  return NAME.test(text);
}

/** A name without what languages write differently: `created_at`, `createdAt` and `CreatedAt` are the same. Letters of every script are letters. */
export function foldName(name: string): string {
  return name.replace(/[^\p{L}\p{N}\p{M}]/gu, '').toLowerCase();
}
