import { ApiError } from '../../../core/errors.ts';
import type { HttpExchange } from './exchange.ts';
import type { SignOption } from '../options.ts';

/** A request with what its signature adds, and the headers that `onWire` may see. */
export interface Signed {
  readonly exchange: HttpExchange;
  readonly shownHeaders: Readonly<Record<string, string>>;
}

const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const VALUE = /^[\t\x20-\x7e]*$/;

/** Asks for the signature of a request, and adds it. Rejects with UNAUTHENTICATED if the function fails, and INTERNAL if a header cannot be sent. */
export async function signed(exchange: HttpExchange, sign: SignOption): Promise<Signed> {
  const { method, url, headers } = exchange;
  // A blob is read, so what is signed is what is sent.
  const body = exchange.body instanceof Blob ? new Uint8Array(await exchange.body.arrayBuffer()) : exchange.body;
  const bytes =
    body === undefined
      ? new Uint8Array()
      : typeof body === 'string'
        ? new TextEncoder().encode(body)
        : 'getReader' in body
          ? undefined
          : body;
  let made: Awaited<ReturnType<SignOption>>;
  try {
    made = await sign({ method, url, headers: { ...headers }, body: bytes });
  } catch (error) {
    throw ApiError.from(error, 'UNAUTHENTICATED', "the 'sign' function failed, so the request was not sent", { sent: false });
  }
  const added: Record<string, string> = {};
  for (const [name, value] of Object.entries(made.headers ?? {})) {
    if (!NAME.test(name) || !VALUE.test(value))
      throw new ApiError('INTERNAL', `the 'sign' function gave a header that cannot be sent: ${JSON.stringify(name.slice(0, 40))}`, {
        sent: false,
      });
    added[name.toLowerCase()] = value;
  }
  const query = Object.entries(made.query ?? {}).map(([name, value]) => [encodeURIComponent(name), encodeURIComponent(value)] as const);
  const hidden = (name: string) => `${name}=[redacted]`;
  const { shownUrl = url } = exchange;
  return {
    exchange: {
      ...exchange,
      url: withPairs(
        url,
        query.map(([name, value]) => `${name}=${value}`),
      ),
      shownUrl: withPairs(
        shownUrl,
        query.map(([name]) => hidden(name)),
      ),
      headers: { ...headers, ...added },
      body,
    },
    shownHeaders: { ...headers, ...Object.fromEntries(Object.keys(added).map((name) => [name, '[redacted]'])) },
  };
}

/** A URL or path with more pairs of a query. */
export function withPairs(url: string, pairs: readonly string[]): string {
  return pairs.length === 0 ? url : `${url}${url.includes('?') ? '&' : '?'}${pairs.join('&')}`;
}
