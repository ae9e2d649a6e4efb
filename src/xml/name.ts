/** https://www.w3.org/TR/xml/#NT-NameStartChar without the colon: https://www.w3.org/TR/xml-names/#NT-NCName */
const START =
  'A-Z_a-z\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}\\u{200C}\\u{200D}\\u{2070}-\\u{218F}\\u{2C00}-\\u{2FEF}\\u{3001}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFFD}\\u{10000}-\\u{EFFFF}';
// eslint-disable-next-line no-misleading-character-class -- the ranges are the grammar's, with joiners and combining marks
const NAME = new RegExp(`^[${START}][${START}\\-.0-9\\u{B7}\\u{300}-\\u{36F}\\u{203F}\\u{2040}]*$`, 'u');

/** Whether a text can be the name of an element or attribute, of any script. */
export function isName(text: string): boolean {
  return NAME.test(text);
}

/** A name without what languages write differently: `created_at`, `createdAt` and `CreatedAt` are the same. Letters of every script are letters. */
export function foldName(name: string): string {
  const known = folded.get(name);
  if (known !== undefined) return known;
  const made = name.replace(/[^\p{L}\p{N}\p{M}]/gu, '').toLowerCase();
  // As many as the schemas in use have; names may also be a peer's.
  if (folded.size < 5000 && name.length <= 100) folded.set(name, made);
  return made;
}

const folded = new Map<string, string>();
