import type { SecurityScheme } from '../core/security/security.ts';
import type { Headers, Peer } from '../core/transport.ts';
import type { Credentials } from './types.ts';

type Shown = Pick<Credentials, 'token' | 'username' | 'password'>;

/** The credentials that a caller showed for a scheme; `undefined` if there are none. */
export function credentialsOf(
  scheme: SecurityScheme,
  call: { readonly headers: Headers; readonly peer: Peer | undefined },
): Shown | undefined {
  const { headers, peer } = call;
  switch (scheme.type) {
    case 'http':
      return authorization(headers, scheme.scheme);
    case 'oauth2':
    case 'openIdConnect':
      return authorization(headers, 'bearer');
    case 'apiKey': {
      const token = scheme.in === 'cookie' ? cookie(headers['cookie'], scheme.name) : headers[scheme.name.toLowerCase()];
      return token === undefined || token === '' ? undefined : { token };
    }
    case 'mutualTLS':
      // The host has looked at the certificate.
      return peer?.caller === undefined ? undefined : { token: '' };
  }
}

/** How a caller shows what a scheme wants, for those who showed nothing. */
export function howToSend(scheme: SecurityScheme | undefined): string {
  switch (scheme?.type) {
    case 'http':
      return `the header 'authorization: ${scheme.scheme.charAt(0).toUpperCase()}${scheme.scheme.slice(1)} …'`;
    case 'oauth2':
    case 'openIdConnect':
      return "the header 'authorization: Bearer …'";
    case 'apiKey':
      return `the ${scheme.in} '${scheme.name}'`;
    default:
      return 'a client certificate';
  }
}

function authorization(headers: Headers, scheme: string): Shown | undefined {
  const match = /^([^\s]+) +(\S.*)$/.exec(headers['authorization'] ?? '');
  if (match?.[1]?.toLowerCase() !== scheme.toLowerCase()) return undefined;
  const token = (match[2] ?? '').trimEnd();
  if (scheme.toLowerCase() !== 'basic') return { token };
  const pair = decodeBase64(token);
  const colon = pair?.indexOf(':') ?? -1;
  // Source: https://www.rfc-editor.org/rfc/rfc7617#section-2
  return pair === undefined || colon === -1 ? undefined : { token: pair, username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function decodeBase64(text: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The value of a cookie; the first counts. Source: https://www.rfc-editor.org/rfc/rfc6265#section-4.2 */
function cookie(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=');
    if (at !== -1 && pair.slice(0, at).trim() === name)
      return pair
        .slice(at + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}
