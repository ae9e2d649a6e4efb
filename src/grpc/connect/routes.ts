import type { Contract, EventDefinition, Operation } from '../../core/contract.ts';
import type { ProtoLock } from '../proto/lock.ts';
import { protoOf } from '../proto/described.ts';
import { PROTO_FORM } from '../codec/binary-form.ts';
import { jsonOf } from '../codec/json.ts';
import { compileWire, type EventWire, type Form, type OperationWire, type Wire } from '../wire.ts';
import { bytesOf, textOf, type Body, type FormName } from './form.ts';

/** A message as it came: JSON in a URL is text already. */
export type Given = string | Uint8Array;
export type ServedOperation = OperationWire<Body, Given>;
export type ServedEvent = EventWire<Body, Given>;

const FORMS: Readonly<Record<FormName, Form<Body, Given>>> = {
  json: (message) => {
    const { encode, decode } = jsonOf(message);
    return { encode, decode: (given) => decode(typeof given === 'string' ? given : textOf(given)) };
  },
  proto: (message) => {
    const codec = PROTO_FORM(message);
    return {
      encode: (value) => codec.encode(value),
      decode: (given, maxItems) => codec.decode(typeof given === 'string' ? bytesOf(given) : given, maxItems),
    };
  },
};

/** The exchange of one path. */
export type Route =
  | { readonly serves: 'operation'; readonly operation: Operation; wire(form: FormName): ServedOperation }
  | { readonly serves: 'event'; readonly event: EventDefinition; wire(form: FormName): ServedEvent }
  | { readonly serves: 'channel' };

/** The services of a contract by the paths of their methods. */
export interface Routes {
  readonly package: string;
  readonly byPath: ReadonlyMap<string, Route>;
}

/** Makes the routes of a contract; a form is compiled when it is first asked for. */
export function routesOf(contract: Contract, lock: ProtoLock | undefined): Routes {
  const file = protoOf(contract, lock);
  const wires: Partial<Record<FormName, Wire<Body, Given>>> = {};
  const wire = (form: FormName) => (wires[form] ??= compileWire(file, FORMS[form]));
  const byPath = new Map<string, Route>();
  for (const [name, { path }] of file.operations) {
    const operation = contract.operations[name];
    if (operation) byPath.set(path, { serves: 'operation', operation, wire: (form) => known(wire(form).operations.get(name)) });
  }
  for (const [name, { path }] of file.events) {
    const event = contract.events[name];
    if (event) byPath.set(path, { serves: 'event', event, wire: (form) => known(wire(form).events.get(name)) });
  }
  for (const { path } of file.channels.values()) byPath.set(path, { serves: 'channel' });
  return { package: file.package, byPath };
}

function known<T>(found: T | undefined): T {
  if (found === undefined) throw new TypeError('the contract changed after its services were compiled');
  return found;
}
