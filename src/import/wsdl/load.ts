import { dirname, isAbsolute, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isApiError } from '../../core/errors.ts';
import { loadWsdl, type Wsdl } from '../../soap/wsdl/load.ts';
import { decodeXml } from '../../xml/decode.ts';
import { Raw } from '../draft/raw.ts';
import { ImportError } from '../load/error.ts';
import { shown, type Location, type Reach } from '../load/location.ts';
import type { Reader } from '../load/read.ts';
import { quote } from '../write/text.ts';

/** Reads a WSDL with what it imports, within what it may refer to. */
export async function wsdlOf(root: string, location: Location, reader: Reader, reach: Reach): Promise<Wsdl> {
  try {
    return await loadWsdl(location, async (at) => {
      return { text: at === location ? root : decodeXml(await reader.bytes(reach.follow(at, location))), location: at };
    });
  } catch (cause) {
    if (!isApiError(cause)) throw cause;
    throw new ImportError(cause.text, { cause });
  }
}

/** The way in which the client finds the WSDL at run time: by its URL, or as a file beside the module if its place is known. */
export function wsdlOption(location: Location, out: string | undefined): string | Raw {
  if (!location.startsWith('file:')) return location;
  const path = fileURLToPath(location);
  if (out === undefined) return shown(location).split(sep).join('/');
  const way = relative(dirname(out), path);
  // On another drive of Windows.
  if (isAbsolute(way)) return location;
  const from = way.split(sep).join('/');
  const url = encodeURI(from.startsWith('.') ? from : `./${from}`).replace(/[?#]/g, encodeURIComponent);
  return new Raw(`new URL(${quote(url)}, import.meta.url).href`);
}
