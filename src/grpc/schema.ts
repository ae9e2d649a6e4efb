import type { Contract } from '../core/contract.ts';
import { lockOf, type ProtoLock } from './proto/lock.ts';
import { unspecified } from './proto/names.ts';
import { protoOf } from './proto/described.ts';
import { typeName, type ProtoEnum, type ProtoField, type ProtoFile, type ProtoMessage, type ProtoMethod } from './proto/proto.ts';

export type { LockedField, LockedType, ProtoLock } from './proto/lock.ts';

/**
 * A contract's .proto file. With the lock of the published file, fields keep their numbers and removed ones become `reserved`.
 * @throws TypeError if names or numbers collide
 */
export function printProto(contract: Contract, lock?: ProtoLock): string {
  const file = protoOf(contract, lock);
  const parts = [
    `${comment(file.comment, '')}syntax = "proto3";`,
    `package ${file.package};`,
    importsOf(file)
      .map((path) => `import "${path}";`)
      .join('\n'),
    ...file.services.map(({ name, methods }) => `service ${name} {\n${methods.map(method).join('\n\n')}\n}`),
    ...file.messages.map(message),
    ...file.enums.map(printEnum),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/**
 * The lock of a contract's .proto file. Keep it next to the file, and pass the previous lock, so that nothing in it is forgotten.
 */
export function lockProto(contract: Contract, before?: ProtoLock): ProtoLock {
  return lockOf(protoOf(contract, before), before);
}

/** The files of google.protobuf that a file uses. */
export function importsOf(file: ProtoFile): string[] {
  const fields = file.messages.flatMap(({ entries }) =>
    entries.flatMap(({ field, nullField }) => (nullField ? [field, nullField] : [field])),
  );
  const kinds = new Set(fields.map(({ type }) => type.kind));
  const methods = file.services.flatMap((service) => service.methods);
  return [
    ...(methods.some(({ request, response }) => !request || !response) ? ['google/protobuf/empty.proto'] : []),
    ...(kinds.has('value') || kinds.has('null') ? ['google/protobuf/struct.proto'] : []),
    ...(kinds.has('timestamp') ? ['google/protobuf/timestamp.proto'] : []),
  ];
}

function method({
  name,
  request,
  response,
  requestStream,
  responseStream,
  comment: text,
  deprecated,
  hasNoSideEffects = false,
}: ProtoMethod): string {
  const type = (of: ProtoMessage | undefined, stream: boolean) => `${stream ? 'stream ' : ''}${of?.name ?? 'google.protobuf.Empty'}`;
  const options = [...(deprecated ? ['deprecated = true'] : []), ...(hasNoSideEffects ? ['idempotency_level = NO_SIDE_EFFECTS'] : [])];
  const end = options.length === 0 ? ';' : ` {\n${options.map((option) => `    option ${option};\n`).join('')}  }`;
  return `${comment(text, '  ')}  rpc ${name}(${type(request, requestStream)}) returns (${type(response, responseStream)})${end}`;
}

function message({ name, comment: text, entries, deprecated, reserved, reservedNames }: ProtoMessage): string {
  const lines = reservedLines(reserved, reservedNames);
  if (deprecated) lines.unshift('  option deprecated = true;');
  const oneofs = new Set<string>();
  for (const { field, nullField } of entries) {
    if (field.oneof === undefined) lines.push(printField(field, '  '));
    else if (!oneofs.has(field.oneof)) {
      oneofs.add(field.oneof);
      const members = nullField ? [field, nullField] : entries.flatMap((entry) => (entry.field.oneof === field.oneof ? [entry.field] : []));
      lines.push(`  oneof ${field.oneof} {\n${members.map((member) => printField(member, '    ')).join('\n')}\n  }`);
    }
  }
  return `${comment(text, '')}message ${name} {${lines.length === 0 ? '' : `\n${lines.join('\n')}\n`}}`;
}

function printField({ name, number, type, label, optional, comment: text, deprecated }: ProtoField, indent: string): string {
  const written =
    label === 'map'
      ? `map<string, ${typeName(type)}>`
      : `${label === 'repeated' ? 'repeated ' : optional ? 'optional ' : ''}${typeName(type)}`;
  return `${comment(text, indent)}${indent}${written} ${name} = ${number}${deprecated ? ' [deprecated = true]' : ''};`;
}

function printEnum({ name, comment: text, values, reserved, reservedNames }: ProtoEnum): string {
  const lines = [
    ...reservedLines(reserved, reservedNames),
    `  ${unspecified(name)} = 0;`,
    ...values.map((value) => `  ${value.name} = ${value.number};`),
  ];
  return `${comment(text, '')}enum ${name} {\n${lines.join('\n')}\n}`;
}

function reservedLines(numbers: readonly number[], names: readonly string[]): string[] {
  return [
    ...(numbers.length > 0 ? [`  reserved ${numbers.join(', ')};`] : []),
    ...(names.length > 0 ? [`  reserved ${names.map((name) => `"${name}"`).join(', ')};`] : []),
  ];
}

function comment(text: string | undefined, indent: string): string {
  if (text === undefined || text === '') return '';
  return text
    .split('\n')
    .map((line) => `${indent}//${line === '' ? '' : ` ${line}`}\n`)
    .join('');
}
