import { PROTOCOL_NAMES, PROTOCOLS, type ProtocolName } from '../../protocols.ts';
import { unknown, UsageError } from '../args.ts';

/**
 * The addresses of `--urls`: `rest=https://…` names one, several may stand in a list with commas, and an address alone stands for every
 * protocol that `serve` has on its HTTP port.
 */
export function addressesOf(typed: readonly string[]): Map<ProtocolName, string> {
  const addresses = new Map<ProtocolName, string>();
  for (const each of typed.flatMap((text) => text.split(',')).map((text) => text.trim())) {
    const [, name, url = ''] = /^([a-z]+)=(.+)$/.exec(each) ?? [];
    if (name !== undefined) {
      const protocol = PROTOCOL_NAMES.find((known) => known === name);
      if (protocol === undefined) throw unknown('protocol', name, PROTOCOL_NAMES);
      addresses.set(protocol, url);
      continue;
    }
    if (!/^https?:\/\//.test(each)) throw new UsageError(`--urls takes <protocol>=<url>, or the http address of a service, not '${each}'`);
    const http = each.replace(/\/$/, '');
    for (const protocol of PROTOCOL_NAMES) {
      const isOnHttp = PROTOCOLS[protocol].url.startsWith('http') && PROTOCOLS[protocol].verbs.includes('call');
      if (isOnHttp && !addresses.has(protocol)) addresses.set(protocol, PROTOCOLS[protocol].urlOf({ http, grpc: '', mqtt: '' }));
    }
  }
  return addresses;
}
