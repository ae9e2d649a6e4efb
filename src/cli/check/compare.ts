import type { Contract, EventDefinition, Operation } from '../../core/contract.ts';
import type { ProtoLock } from '../../grpc/schema.ts';
import { isCompatible } from '../../grpc/proto/lock.ts';
import { lockProto } from '../../grpc/schema.ts';
import { describeContract, type EventView, type OperationView } from '../../schema/view.ts';
import type { Change, RuleName } from './rules.ts';
import { ValueComparison } from './values.ts';

/** The numbers of fields that .proto files have, if one of the contracts is theirs. */
export interface Numbers {
  readonly before?: ProtoLock | undefined;
  readonly after?: ProtoLock | undefined;
}

/** The changes between two contracts, in the order of the old one. Throws a `TypeError` if one of them cannot be described. */
export function compareContracts(before: Contract, after: Contract, lock?: ProtoLock, numbers: Numbers | 'none' = {}): readonly Change[] {
  const [was, is] = [describeContract(before), describeContract(after)];
  return [
    ...wholeOf(before, after),
    ...membersOf(was.operations, is.operations, 'operation', operationChanges),
    ...membersOf(was.events, is.events, 'event', eventChanges),
    ...(numbers === 'none'
      ? []
      : numbersOf(
          numbers.before ?? lockProto(before, lock),
          numbers.after ?? lockProto(after, lock),
          numbers.before !== undefined && numbers.after !== undefined,
        )),
  ];
}

function wholeOf(before: Contract, after: Contract): Change[] {
  const [was, is] = [majorOf(before), majorOf(after)];
  return [
    ...differ('name changed', 'contract', before.name, after.name),
    ...differ('major changed', 'contract', was, is),
    ...differ('namespace changed', 'contract', before.namespace, after.namespace),
  ];
}

function membersOf<V>(
  before: ReadonlyMap<string, V>,
  after: ReadonlyMap<string, V>,
  what: 'operation' | 'event',
  compare: (before: V, after: V) => readonly Change[],
): Change[] {
  const kept = [...before].flatMap(([name, was]): readonly Change[] => {
    const is = after.get(name);
    return is ? compare(was, is) : [{ rule: `${what} removed`, place: name }];
  });
  const added = [...after.keys()].filter((name) => !before.has(name));
  return [...kept, ...added.map((name): Change => ({ rule: `${what} added`, place: name }))];
}

function operationChanges(before: OperationView, after: OperationView): Change[] {
  const [was, is] = [before.operation, after.operation];
  const { name } = was;
  const routes = is.http.map(routeOf);
  // Clients use the first.
  const [route = ''] = was.http.map(routeOf);
  const changes: Change[] = [
    ...(routes.includes(route) ? [] : differ('route changed', name, route, routes[0] ?? '')),
    ...differ('kind changed', name, was.kind, is.kind),
    ...differ('service changed', name, was.service, is.service),
    ...securityChanges(was, is),
    ...errorChanges(was, is),
  ];
  const input = new ValueComparison('input');
  if (before.input && after.input) input.node(before.input, after.input, `${name}: input`);
  else if (after.input) input.node({ ...after.input, fields: [] }, after.input, `${name}: input`);
  else if (before.input) input.node(before.input, { ...before.input, fields: [] }, `${name}: input`);
  changes.push(...input.changes);
  if ((before.item === undefined) !== (after.item === undefined)) return [...changes, { rule: 'stream changed', place: name }];
  const [had, has] = [before.item ?? before.output, after.item ?? after.output];
  const output = new ValueComparison('output');
  if (had && has) output.use(had, has, `${name}: ${before.item ? 'item' : 'output'}`);
  else if (had) changes.push({ rule: 'output removed', place: name });
  else if (has) changes.push({ rule: 'output added', place: name });
  return [...changes, ...output.changes];
}

function eventChanges(before: EventView, after: EventView): Change[] {
  const [was, is] = [before.event, after.event];
  const payload = new ValueComparison('payload');
  payload.node(before.payload, after.payload, `${was.name}: payload`);
  return [
    ...differ('channel changed', was.name, was.channel, is.channel),
    ...differ('type changed', was.name, was.type, is.type),
    ...differ('service changed', was.name, was.service, is.service),
    ...securityChanges(was, is),
    ...payload.changes,
  ];
}

function errorChanges({ name, errors: before }: Operation, { errors: after }: Operation): Change[] {
  const kept = Object.entries(before).flatMap(([error, { code }]): readonly Change[] => {
    const now = Object.hasOwn(after, error) ? after[error] : undefined;
    return now ? differ('error changed', `${name}: ${error}`, code, now.code) : [{ rule: 'error removed', place: `${name}: ${error}` }];
  });
  const added = Object.keys(after).filter((error) => !Object.hasOwn(before, error));
  return [...kept, ...added.map((error): Change => ({ rule: 'error added', place: `${name}: ${error}` }))];
}

/** One of the requirements is enough: an old one that is gone shuts old clients out, a new one is not known to old servers. */
function securityChanges(before: Operation | EventDefinition, after: Operation | EventDefinition): Change[] {
  const [was, is] = [before.security ?? [], after.security ?? []].map((list) => list.map((each) => JSON.stringify(each)));
  if (!was || !is) return [];
  const gone = was.length === 0 ? is.length > 0 : is.length > 0 && was.some((each) => !is.includes(each));
  const come = is.length === 0 ? was.length > 0 : was.length > 0 && is.some((each) => !was.includes(each));
  const detail = `${was.join(' or ') || 'anybody'} became ${is.join(' or ') || 'anybody'}`;
  return [
    ...(gone ? [{ rule: 'security added', place: before.name, detail } as const] : []),
    ...(come ? [{ rule: 'security removed', place: before.name, detail } as const] : []),
  ];
}

/** The numbers of fields over gRPC, and how they are encoded. */
function numbersOf(was: ProtoLock, is: ProtoLock, isForeign: boolean): Change[] {
  // The effect of the package's name on clients is said.
  if (was.package !== is.package) return [];
  return (['messages', 'enums'] as const).flatMap((kind) =>
    Object.entries(was[kind]).flatMap(([type, { fields }]) =>
      Object.entries(fields).flatMap(([field, before]) => {
        const now = Object.hasOwn(is[kind], type) ? is[kind][type]?.fields[field] : undefined;
        if (!now) return [];
        const place = `${type}.${field}`;
        if (before.number !== now.number) return differ('number changed', place, String(before.number), String(now.number));
        // A contract's change of a type is said at the member.
        const isRead = !isForeign || !isScalar(before.type) || !isScalar(now.type) || isCompatible(before.type, now.type);
        return isRead ? [] : differ('output type changed', place, before.type, now.type);
      }),
    ),
  );
}

/** Types of messages and enums may have other names, and are compared by what they are. */
function isScalar(type: string): boolean {
  return /^(repeated )?(double|float|bool|string|bytes|[su]?int(32|64)|s?fixed(32|64))$/.test(type);
}

function differ(rule: RuleName, place: string, was: string, is: string): Change[] {
  return was === is ? [] : [{ rule, place, detail: `${was} became ${is}` }];
}

function routeOf({ method, path }: { readonly method: string; readonly path: string }): string {
  return `${method} ${path}`;
}

function majorOf({ version }: Contract): string {
  return version.split('.')[0] ?? '';
}
