/** Tells whether a text is Unicode. Half of a surrogate pair is not, and has no UTF-8. Engines of before 2023 do not tell, and take all. */
export function isWellFormed(text: string): boolean {
  return (text as { isWellFormed?(): boolean }).isWellFormed?.() !== false;
}

/** The text with U+FFFD for each half of a surrogate pair. */
export function wellFormed(text: string): string {
  return isWellFormed(text) ? text : text.replace(/\p{Surrogate}/gu, '\ufffd');
}
