import { isIP } from 'node:net';

/** The address of a channel, as grpc-js names it. */
export interface Target {
  readonly target: string;
  readonly isSecure: boolean;
  /** True if there are several addresses to take turns with. */
  readonly isSeveral: boolean;
}

const SECURE: Readonly<Record<string, boolean>> = { 'http:': false, 'grpc:': false, 'https:': true, 'grpcs:': true };

interface Address {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean | undefined;
}

/**
 * Reads `127.0.0.1:50051`, `http://…`, `https://…`, `grpc://…`, `grpcs://…`, or a list of IP addresses.
 * A name-system target of grpc-js (`dns:…`, `unix:…`) is taken as it is. Throws a `TypeError` that says what is wrong.
 */
export function targetOf(url: string | readonly string[]): Target {
  if (typeof url === 'string' && /^(dns|unix|ipv4|ipv6|xds):/.test(url)) return { target: url, isSecure: false, isSeveral: true };
  const given = typeof url === 'string' ? [url] : url;
  if (given.length === 0) throw new TypeError('grpc: the list of addresses is empty');
  const addresses = given.map(parse);
  const isSecure = addresses.some((address) => address.isSecure === true);
  if (isSecure && addresses.some((address) => address.isSecure === false))
    throw new TypeError('grpc: either all addresses are secure or none is');
  const [first] = addresses;
  if (addresses.length === 1 && first) {
    // A name may stand for several addresses.
    return { target: isIP(first.host) ? literal(addresses) : `dns:${first.host}:${first.port}`, isSecure, isSeveral: !isIP(first.host) };
  }
  return { target: literal(addresses), isSecure, isSeveral: true };
}

/**
 * Several addresses as one target: if versions are mixed, IPv4 is written as IPv6 has it. Source:
 * https://www.rfc-editor.org/rfc/rfc4291#section-2.5.5.2
 */
function literal(addresses: readonly Address[]): string {
  const name = addresses.find(({ host }) => isIP(host) === 0);
  if (name) {
    throw new TypeError(
      `grpc: several addresses must be IP addresses, and '${name.host}' is a name: give one name that DNS resolves to all of them`,
    );
  }
  if (addresses.every(({ host }) => isIP(host) === 4)) return `ipv4:${addresses.map(({ host, port }) => `${host}:${port}`).join(',')}`;
  return `ipv6:${addresses.map(({ host, port }) => `[${isIP(host) === 4 ? `::ffff:${host}` : host}]:${port}`).join(',')}`;
}

function parse(text: string): Address {
  // First, so that no message shows them.
  if (/^([a-z]+:\/\/)?[^/?#]*@/i.test(text)) throw new TypeError("grpc: put credentials into the option 'headers', not into the url");
  const hasScheme = /^[a-z]+:\/\//i.test(text);
  // The parser knows the port 80 of http and drops it; of an unknown scheme it keeps everything.
  const form = hasScheme ? text.replace(/^[a-z]+/i, 'x') : `x://${text}`;
  const scheme = hasScheme ? `${text.slice(0, text.indexOf(':')).toLowerCase()}:` : undefined;
  const isSecure = scheme === undefined ? undefined : SECURE[scheme];
  if (scheme !== undefined && isSecure === undefined)
    throw new TypeError(`grpc: '${text}' must begin with http:// or https://, or be host:port`);
  if (!URL.canParse(form))
    throw new TypeError(`grpc: '${text}' is not an address: write it like '127.0.0.1:50051' or 'https://example.com'`);
  const { hostname, port, pathname, search } = new URL(form);
  if ((pathname !== '' && pathname !== '/') || search !== '') throw new TypeError(`grpc: '${text}' must have no path and no query`);
  const number = port !== '' ? Number(port) : scheme?.startsWith('http') ? (isSecure ? 443 : 80) : undefined;
  if (number === undefined || hostname === '') throw new TypeError(`grpc: '${text}' needs a host and a port, like '127.0.0.1:50051'`);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: number, isSecure };
}
