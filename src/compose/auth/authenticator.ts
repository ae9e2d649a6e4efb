import { shown } from '../../core/options/shown.ts';
import type { Headers } from '../../core/transport.ts';
import { checkHeaders } from '../../peer/headers.ts';
import type { Maybe } from '../../life/maybe.ts';

/** Gives the headers that show who calls. */
export interface Authenticator {
  /** The headers in force; made or renewed first if need be. */
  headers(): Maybe<Headers>;
  /** Makes new headers when the peer refused these, once for all calls in flight. Absent if there are no others. */
  renew?(refused: Headers): Promise<Headers>;
}

type Secret = string | (() => Maybe<string>);

/** A bearer token, or a function that gives the one in force and is asked for each call. */
export function bearer(token: Secret): Authenticator {
  return secret('bearer', token, (value) => ({ authorization: `Bearer ${value}` }));
}

/** A user name and a password. */
export function basic(username: string, password: string): Authenticator {
  if (username.includes(':')) throw new TypeError('basic: a user name has no colon');
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  const headers = { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
  return { headers: () => headers };
}

/** An API key, or a function that gives it, in a header. @default header 'x-api-key' */
export function apiKey(key: Secret, header = 'x-api-key'): Authenticator {
  return secret('apiKey', key, (value) => checkHeaders({ [header]: value }));
}

function secret(owner: string, value: Secret, toHeaders: (value: string) => Headers): Authenticator {
  if (typeof value === 'string') {
    const headers = toHeaders(checked(owner, value));
    return { headers: () => headers };
  }
  // Such as a variable of the environment that is not set.
  if (typeof value !== 'function') throw new TypeError(`${owner}: give the secret, or a function that gives it, not ${shown(value)}`);
  const ask = (): Maybe<Headers> => {
    const given = value();
    return typeof given === 'string' ? toHeaders(checked(owner, given)) : given.then((settled) => toHeaders(checked(owner, settled)));
  };
  return {
    headers: ask,
    // The function may have found out meanwhile.
    renew: async () => ask(),
  };
}

/** Says nothing of the secret itself. */
function checked(owner: string, value: string): string {
  if (typeof value === 'string' && /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(value)) return value;
  throw new TypeError(`${owner}: the secret must be printable ASCII without spaces at its ends`);
}
