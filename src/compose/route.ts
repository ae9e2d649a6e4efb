import { composedOf } from '../events/publishing-span.ts';
import { connect, markGuarded } from '../guard/guard.ts';
import { listenerName } from '../core/listener-name.ts';
import { nearest } from '../core/nearest.ts';
import type { Contract } from '../core/contract.ts';
import { ApiError } from '../core/errors.ts';
import type { Adapter, Transport } from '../core/transport.ts';

type Source = Adapter<never> | Transport;

/** The transport of each client member, and of all others by `default`. */
export type Routes = { readonly default?: Source } & { readonly [member: string]: Source };

/** The capabilities of a part: an adapter says them in its type, a transport can do both verbs. */
type Capability<S> = S extends Adapter<infer V> ? V : 'call' | 'subscribe' | 'stream';
type Verb<Member> = Member extends `on${Capitalize<string>}` ? 'subscribe' : 'call';
/** A member counts only if its part can do it. */
type Routed<R, Member extends keyof R> = Member extends 'default'
  ? Capability<R[Member]>
  : (Verb<Member> | Member) & Capability<R[Member]> extends never
    ? never
    : Member;

/**
 * Sends each member of a client over the transport named for it, and the others over `default`:
 * `route({ default: rest(…), onTemperature: mqtt(…), getWeather: soap(…) })`. One client then uses many protocols.
 * @throws TypeError if a name is not a member of the contract
 */
export function route<const R extends Routes>(routes: R): Adapter<Extract<{ [M in keyof R]: Routed<R, M> }[keyof R], string>> {
  return (contract) => {
    const members = clientMembers(contract);
    for (const name of Object.keys(routes)) {
      if (name === 'default' || members.has(name)) continue;
      const near = nearest(name, members.keys());
      throw new TypeError(
        `route: the contract ${contract.name} has no member '${name}'${near === undefined ? '' : `, do you mean '${near}'?`}`,
      );
    }
    // A part that is named twice is connected once.
    const transports = new Map<Source, Transport>();
    for (const source of Object.values(routes)) if (!transports.has(source)) transports.set(source, connect(source, contract));
    const byMember = new Map<string, Transport>();
    for (const [name, key] of members) {
      const source = Object.hasOwn(routes, name) ? routes[name] : routes.default;
      const transport = source && transports.get(source);
      if (transport) byMember.set(key, transport);
    }
    const main = routes.default && transports.get(routes.default);
    return composedOf(markGuarded(routed(contract, byMember, transports, main)), [...transports.values()]);
  };
}

function routed(
  contract: Contract,
  byMember: ReadonlyMap<string, Transport>,
  transports: ReadonlyMap<Source, Transport>,
  main: Transport | undefined,
): Transport {
  // The default identifies the caller, else the first one that can.
  const knows = main?.identify ? main : [...transports.values()].find(({ identify }) => identify);
  return {
    ...(knows?.identify && { identify: knows.identify.bind(knows) }),
    contract,
    name: 'route',
    call: async (request) => pick(byMember, request.operation.name).call(request),
    subscribe: async (request, sink) =>
      pick(byMember, request.operation ? request.operation.name : `event ${request.event.name}`).subscribe(request, sink),
    async close() {
      // Adapters were connected here; transports were given.
      await Promise.all([...transports].map(async ([source, transport]) => typeof source === 'function' && transport.close()));
    },
  };
}

function pick(byMember: ReadonlyMap<string, Transport>, key: string): Transport {
  const transport = byMember.get(key);
  if (!transport) throw new ApiError('UNIMPLEMENTED', `route: nothing is named for ${key}, and there is no default`, { sent: false });
  return transport;
}

/** The client's member names, each with the key of its operation or event. */
function clientMembers(contract: Contract): Map<string, string> {
  const members = new Map(Object.keys(contract.operations).map((name) => [name, name]));
  for (const name of Object.keys(contract.events)) members.set(listenerName(name), `event ${name}`);
  return members;
}
