import { readOptions } from '../../core/options.ts';
import type { HttpHandler } from '../message/message.ts';
import { problem } from '../message/problem.ts';
import { publicBase } from './public-url.ts';
import { reportOnce } from './refusals.ts';

/** Which names a server answers to. */
export interface HostOptions {
  /**
   * More names, for a server that only this machine should reach: `['tasks.test', 'tasks.test:4000']`; without a port, any port will do.
   * `'*'` answers to all, which lets any page on the internet call the server through the browser of its user (DNS rebinding).
   * @default none beside `localhost`, `127.0.0.1`, `[::1]` and the host of `publicUrl`
   */
  readonly hosts?: '*' | readonly string[] | undefined;
  /** The URL by which callers reach the server, if it differs from the address on which it listens. */
  readonly publicUrl?: string | undefined;
}

/** Tells whether a server answers to the name in a `Host` header. */
export interface HostCheck {
  (host: string | undefined): boolean;
}

/** The answer to a request for another name. */
export const WRONG_HOST = "this server does not answer to that host: list it in the option 'hosts'";

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Makes the check of `Host` for a server on loopback: a page whose name was made to lead to this machine is of the same origin to a browser,
 * and only its name gives it away. A request without the header, which no browser sends, is let in. `onError` hears once of each host that was
 * refused. Throws a `TypeError` for a text that is not a host.
 */
export function hostCheck(options: HostOptions, onError: (error: unknown) => void): HostCheck {
  const { hosts = [], publicUrl } = readOptions('hostCheck', options, {}, ['hosts', 'publicUrl']);
  if (hosts === '*') return () => true;
  if (!Array.isArray(hosts)) throw new TypeError(`hosts is a list: write ['${String(hosts)}']`);
  const names = new Set(LOOPBACK);
  for (const host of hosts as readonly string[]) {
    if (!URL.canParse(`http://${host}/`) || new URL(`http://${host}/`).origin !== `http://${host.toLowerCase().replace(/:80$/, '')}`)
      throw new TypeError(`hosts: '${host}' is not a host: write a name or an address, with a port or without: 'tasks.test:4000'`);
    names.add(host.toLowerCase());
  }
  const base = publicBase('hosts', publicUrl);
  if (base !== undefined) names.add(new URL(base).host);
  const refused = reportOnce(onError);
  return (host) => {
    if (host === undefined) return true;
    const name = host.toLowerCase();
    if (names.has(name) || names.has(name.replace(/:\d*$/, ''))) return true;
    refused(host, (shown) => `a request to the host ${shown} was refused: if it is meant for this server, list it in the option 'hosts'`);
    return false;
  };
}

/** A handler that answers 421 to requests for another host. Source: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.20 */
export function checkingHosts(check: HostCheck, handler: HttpHandler): HttpHandler {
  return (request) => {
    // The target of a request in absolute form wins over `Host`.
    const host = request.origin.slice(request.origin.indexOf('//') + 2);
    return request.headers['host'] === undefined || check(host) ? handler(request) : problem(421, WRONG_HOST);
  };
}
