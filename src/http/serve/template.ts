/** A piece of a template: a literal, of which two do not follow each other, or `undefined` for a parameter of one character at least. */
export type Piece = string | undefined;

/**
 * The values of a template's parameters in a text, each as short as can be; `undefined` if it does not fit. Not by a regular expression: with several
 * parameters its time would grow with a power of the text's length, and texts come from anybody.
 */
export function matchTemplate(pieces: readonly Piece[], text: string): string[] | undefined {
  const values: string[] = [];
  let at = 0;
  /** Where the value of the last parameter begins, until its end is found. */
  let begin: number | undefined;
  for (const [index, piece] of pieces.entries()) {
    if (begin === undefined) {
      if (piece === undefined) begin = at;
      else if (text.startsWith(piece, at)) at += piece.length;
      else return undefined;
      continue;
    }
    const least = begin + 1;
    // The first place will do, because it leaves most for what follows. A literal that ends it has one place.
    const end = piece === undefined ? least : index === pieces.length - 1 ? text.length - piece.length : text.indexOf(piece, least);
    if (end < least || !text.startsWith(piece ?? '', end)) return undefined;
    values.push(text.slice(begin, end));
    at = end + (piece ?? '').length;
    begin = piece === undefined ? at : undefined;
  }
  if (begin === undefined) return at === text.length ? values : undefined;
  return begin < text.length ? [...values, text.slice(begin)] : undefined;
}
