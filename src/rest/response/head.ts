import type { Operation } from '../../core/contract.ts';
import type { ResponseHead } from '../../core/transport.ts';
import type { FetchResponse } from '../../http/client/fetch-like.ts';
import { responseHeaders } from '../../peer/response-headers.ts';

/**
 * The parts of an answer of `base` beside its body. A `Location` there becomes a path of the contract, so that a gateway can put its own
 * root before it.
 */
export function headOf({ status, headers: given }: FetchResponse, base: string, operation?: Operation): ResponseHead {
  const headers = responseHeaders(given.entries());
  const { location } = headers;
  if (location !== undefined) headers['location'] = pathWithin(location, base);
  // The next page, which a gateway links to itself.
  if (operation?.pagedBy !== undefined) delete headers['link'];
  return { status, headers };
}

function pathWithin(location: string, base: string): string {
  if (!URL.canParse(location, `${base}/`)) return location;
  const { href } = new URL(location, `${base}/`);
  return href.startsWith(`${base}/`) ? href.slice(base.length) : location;
}
