import { acceptRanges } from '../http/message/accept.ts';
import { HttpError } from '../http/message/error.ts';

/**
 * Tells whether an `Accept` header takes a media type: the most specific range that fits decides, and `q=0` means no.
 * Source: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
 */
export function accepts(accept: string, type: string): boolean {
  const [family = ''] = type.split('/');
  let best = 0;
  let taken = false;
  for (const { name, quality } of acceptRanges(accept)) {
    const precision = name === type ? 3 : name === `${family}/*` ? 2 : name === '*/*' ? 1 : 0;
    if (precision === 0 || precision < best) continue;
    taken = (precision === best && taken) || quality !== 0;
    best = precision;
  }
  return taken;
}

/** Throws 406 if an `Accept` header rules out the type that the path answers with. */
export function checkAccept(accept: string, type: string): void {
  if (!accepts(accept, type)) throw new HttpError(406, `this path answers with ${type}, which 'Accept: ${accept.slice(0, 100)}' rules out`);
}
