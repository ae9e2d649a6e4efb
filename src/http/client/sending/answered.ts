/** The statuses from 520 on are Cloudflare's. Pages do without (`answered-page.ts`). */
const MEANINGS: Readonly<Record<number, string>> = {
  403: 'access is refused, perhaps by a firewall or proxy on the way',
  407: "the proxy wants credentials: has its url 'user:password@'?",
  413: 'the request is too large for the server or a proxy on the way',
  414: 'the address is too long for the server or a proxy on the way',
  429: 'too many requests',
  431: 'the headers are too large for the server or a proxy on the way',
  502: 'a proxy gets no proper answer from the server',
  503: 'the server, or a proxy before it, takes no requests now',
  504: 'a proxy has waited too long for the server',
  511: 'the network wants you to sign in first',
  520: 'a proxy gets no proper answer from the server',
  521: 'a proxy finds nothing that listens: is the server running?',
  522: 'a proxy gets no connection to the server',
  523: 'a proxy does not reach the server',
  524: 'a proxy has waited too long for the server',
  525: 'a proxy and the server do not agree on TLS',
  526: "a proxy does not trust the server's certificate",
};

/** In words, what a status means that a proxy, a firewall or a network on the way may have answered with; `undefined` for others. */
export function meaningOf(status: number): string | undefined {
  return MEANINGS[status];
}

/**
 * The message of an answer without words of its own: `the server answered 502: a proxy gets no proper answer from the server`. `otherwise` is said
 * of a status that speaks of no proxy.
 */
export function answered(status: number, otherwise = '', who = 'the server'): string {
  const meaning = MEANINGS[status];
  return `${who} answered ${status}${meaning === undefined ? otherwise : `: ${meaning}`}`;
}
