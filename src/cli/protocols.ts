import type { Adapter } from '../core/transport.ts';
import {
  PROTOCOL_NAMES,
  PROTOCOLS,
  protocolNamed,
  type ConnectOptions,
  type Protocol,
  type ProtocolName,
  type Verb,
} from '../protocols.ts';
import { unknown, UsageError } from './args.ts';

export const DEFAULT_PROTOCOL: ProtocolName = 'rest';

/** The protocols that have a verb, as a hint in help texts: `rest, graphql`. */
export function protocolNames(verb: Verb): string {
  return PROTOCOL_NAMES.filter((name) => PROTOCOLS[name].verbs.includes(verb)).join(', ');
}

/** The protocol of `--via`. Throws a `UsageError` if there is none of the name, or if it lacks the verb. */
export function protocolOf(name: string, verb: Verb): Protocol {
  const protocol = protocolNamed(name);
  if (!protocol) throw unknown('protocol', name, PROTOCOL_NAMES);
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
