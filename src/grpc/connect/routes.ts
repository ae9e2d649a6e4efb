import type { Contract, EventDefinition, Operation } from '../../core/contract.ts';
import type { ProtoLock } from '../proto/lock.ts';
import { protoOf } from '../proto/described.ts';
import { PROTO_FORM } from '../codec/binary-form.ts';
import { compileWire } from '../wire.ts';
import { JSON_FORM, type FormEvent, type FormName, type FormOperation, type FormWire } from './form.ts';

/** The exchange of one path. */
export type Route =
  | { readonly serves: 'operation'; readonly operation: Operation; wire(form: FormName): FormOperation }
  | { readonly serves: 'event'; readonly event: EventDefinition; wire(form: FormName): FormEvent }
  | { readonly serves: 'channel' };

/** The services of a contract by the paths of their methods. */
export interface Routes {
  readonly package: string;
  readonly byPath: ReadonlyMap<string, Route>;
}

/** Makes the routes of a contract; a form is compiled when it is first asked for. */
export function routesOf(contract: Contract, lock: ProtoLock | undefined): Routes {
  const file = protoOf(contract, lock);
  const wires: Partial<Record<FormName, FormWire>> = {};
  const wire = (form: FormName): FormWire => (wires[form] ??= compileWire(file, form === 'json' ? JSON_FORM : PROTO_FORM));
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
