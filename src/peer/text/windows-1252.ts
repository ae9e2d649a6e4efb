const C1 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/**
 * Text that a decoder of `windows-1252` gave, which is what `iso-8859-1` means too: Node 20 leaves 27 characters as control characters.
 * Source: https://encoding.spec.whatwg.org/#windows-1252
 */
export function fromWindows1252(text: string): string {
  return text.replace(/[\u0080-\u009f]/g, (character) => C1[character.charCodeAt(0) - 0x80] ?? character);
}
