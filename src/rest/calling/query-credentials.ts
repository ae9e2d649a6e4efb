import { ApiError } from '../../core/errors.ts';

/** Parameters of the query of every request: a record, or a function asked again for each call and each reconnect. */
export type QueryOption =
  Readonly<Record<string, string>> | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

/** The credentials that an API wants in the query of every request, encoded. */
export interface QueryPairs {
  readonly pairs: readonly string[];
  /** As `onWire` sees them. */
  readonly shown: readonly string[];
}

/** Asks for the parameters. Rejects with UNAUTHENTICATED if the function fails. */
export async function readQuery(query: QueryOption): Promise<QueryPairs> {
  let given: Readonly<Record<string, string>>;
  try {
    given = typeof query === 'function' ? await query() : query;
  } catch (error) {
    throw ApiError.from(error, 'UNAUTHENTICATED', "the 'query' function failed, so the request was not sent", { sent: false });
  }
  const names = Object.keys(given).map(encodeURIComponent);
  return {
    pairs: Object.values(given).map((value, index) => `${names[index]}=${encodeURIComponent(value)}`),
    shown: names.map((name) => `${name}=[redacted]`),
  };
}

/** The address of a request with them, and the part of it that may be seen. */
export async function withQuery(url: string, query: QueryOption): Promise<{ readonly url: string; readonly shownUrl: string }> {
  const { pairs, shown } = await readQuery(query);
  const join = url.includes('?') ? '&' : '?';
  return { url: `${url}${join}${pairs.join('&')}`, shownUrl: `${url}${join}${shown.join('&')}` };
}
