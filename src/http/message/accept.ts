/** One range of an `Accept` header: its name in lower case, and how much it is liked, from 0 ("not at all") to 1. */
export interface AcceptRange {
  readonly name: string;
  readonly quality: number;
}

/** The ranges of an `Accept` header. Source: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1 */
export function acceptRanges(accept: string): readonly AcceptRange[] {
  return accept.split(',').map((range) => {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return { name, quality: Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1) };
  });
}
