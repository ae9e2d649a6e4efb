import type { Adapter } from '../core/transport.ts';
import { DOORS, PROTOCOLS, type ConnectOptions, type Protocol, type ProtocolName, type Verb } from '../protocols.ts';
import { own } from '../core/own.ts';
import { unknown, UsageError } from './args.ts';

export const DEFAULT_PROTOCOL: ProtocolName = 'rest';

/** The names that may stand after `--via`. */
const VIAS: Readonly<Record<string, Protocol>> = { ...PROTOCOLS, ...DOORS };

/** The protocols that have a verb, as a hint in help texts: `rest, graphql`. */
export function protocolNames(verb: Verb): string {
  return Object.keys(VIAS)
    .filter((name) => VIAS[name]?.verbs.includes(verb))
    .join(', ');
}

/** The protocol of `--via`. Throws a `UsageError` if there is none of the name, or if it lacks the verb. */
export function protocolOf(name: string, verb: Verb): Protocol {
  const protocol = own(VIAS, name);
  if (!protocol) throw unknown('protocol', name, Object.keys(VIAS));
  if (protocol.verbs.includes(verb)) return protocol;
  throw new UsageError(`${name} ${verb === 'call' ? 'carries no operations' : 'carries no events'}: use one of ${protocolNames(verb)}`);
}

/** Makes a protocol's adapter; a `UsageError` says what is wrong with the url. */
export async function connectTo(protocol: Protocol, options: ConnectOptions): Promise<Adapter<never>> {
  try {
    return await protocol.connect(options);
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}
