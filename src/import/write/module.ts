import type { Draft, DraftError, DraftEvent, DraftOperation } from '../draft/draft.ts';
import { refsOf, type NamedType, type Type } from '../draft/type.ts';
import { connectCode } from './connect.ts';
import { block, call, entry, list, literal, render, type Code, type Item } from './layout.ts';
import { orderTypes } from './order.ts';
import { isOwn, SchemaWriter } from './schema.ts';
import { comment, quote } from './text.ts';

/** Writes a draft as a module of TypeScript. The same draft gives the same text. */
export function writeModule(draft: Draft): string {
  const { modules, core } = contractCode(draft);
  const { imports, code } = connectCode(draft);
  const title = [draft.title ?? draft.name, draft.version].join(' ');
  const head = comment(`${title}: a contract, and the client of its service.`).join('\n');
  return [
    head,
    [
      `import { ${['createClient', ...core].sort().join(', ')} } from 'multi-api-sdk/core';`,
      ...imports,
      ...(modules.some((each) => each.includes('z.')) ? ["import * as z from 'zod';"] : []),
    ].join('\n'),
    ...modules,
    ...code,
    '',
  ].join('\n\n').trimEnd() + '\n'; // prettier-ignore
}

/** The schemas and the contract as code, and what they import from `multi-api-sdk/core`; without `types` it is JavaScript. */
export function contractCode(
  draft: Draft,
  { types = true } = {},
): { readonly modules: readonly string[]; readonly core: readonly string[] } {
  const writer = new SchemaWriter(types);
  const named = reached(draft);
  const ordered = orderTypes(named);
  writer.wide = new Set(ordered.flatMap(({ named, isWide }) => (isWide && isInterface(named.type) ? [named.name] : [])));
  writer.isPlain = writer.wide.size > 0 && [...named.values()].every(({ type }) => isPlain(type));
  const schemas = ordered.map(({ named, circle, lazy, isWide }) => {
    // In a large circle all members name interfaces, so that no type is within the type of another.
    writer.circle = isWide ? new Set([...circle, ...writer.wide]) : circle;
    return declaration(writer, named, lazy);
  });
  writer.circle = new Set();
  const contract = `export const contract = ${render(definition(draft, writer))};`;
  const core = new Set<string>(['defineContract', ...writer.used]);
  for (const { kind, item } of draft.operations) core.add(item && kind === 'query' ? 'stream' : kind);
  if (draft.events.length > 0) core.add('event');
  return {
    modules: [...schemas, contract],
    core: [...core].sort(),
  };
}

/** The types that operations and events need. */
function reached(draft: Draft): ReadonlyMap<string, NamedType> {
  const wanted = new Set<string>();
  const follow = (type: Type | undefined): void => {
    const queue = type ? [...refsOf(type)] : [];
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      const named = draft.types.get(name);
      if (wanted.has(name) || !named) continue;
      wanted.add(name);
      queue.push(...refsOf(named.type));
    }
  };
  for (const { input, output, item, errors } of draft.operations)
    [input, output, item, ...errors.map(({ details }) => details)].forEach(follow);
  for (const { payload } of draft.events) follow(payload);
  return new Map([...draft.types].filter(([name]) => wanted.has(name)));
}

function declaration(writer: SchemaWriter, { name, id, type }: NamedType, lazy: boolean): string {
  const { description, ...bare } = type;
  const schema = writer.write(bare);
  const meta = { id, ...(description !== undefined && { description }) };
  const code: Code = isCodec(type) ? schema : [schema, call('.meta', literal(meta))];
  // A codec has no place for it.
  const said = description !== undefined && isCodec(type) ? comment(description) : [];
  const written = lazy ? render(call('z.lazy', ['() => ', code])) : render(code);
  const annotation = lazy && writer.types ? ': z.ZodType<unknown>' : '';
  const inferred = writer.types
    ? [
        writer.wide.has(name)
          ? `export interface ${name} extends z.output<typeof ${name}> {}`
          : `export type ${name} = z.output<typeof ${name}>;`,
      ]
    : [];
  return [...said, `export const ${name}${annotation} = ${written};`, ...inferred].join('\n');
}

/** The types that an interface can extend: an object whose members all have names. */
function isInterface(type: Type): boolean {
  return type.kind === 'object' && type.nullable !== true && !type.rest && type.fields.length > 0;
}

/** Whether a value is sent as it is: no codec, and no default. */
function isPlain(type: Type): boolean {
  switch (type.kind) {
    case 'list':
      return isPlain(type.item);
    case 'record':
      return isPlain(type.value);
    case 'tuple':
      return [...type.items, ...(type.rest ? [type.rest] : [])].every(isPlain);
    case 'union':
      return type.options.every(isPlain);
    case 'both':
      return type.parts.every(isPlain);
    case 'object':
      return type.fields.every((field) => field.default === undefined && isPlain(field.type)) && (!type.rest || isPlain(type.rest));
    default:
      return !isOwn(type.kind);
  }
}

function isCodec({ kind, nullable }: Type): boolean {
  return isOwn(kind) && !nullable;
}

function definition(draft: Draft, writer: SchemaWriter): Code {
  const { name, version, description, namespace, securitySchemes, security, operations, events } = draft;
  const members: Item[] = [
    entry('name', quote(name)),
    entry('version', quote(version)),
    ...(description === undefined ? [] : [entry('description', quote(description))]),
    ...(namespace === undefined ? [] : [entry('namespace', quote(namespace))]),
    ...(securitySchemes === undefined ? [] : [entry('securitySchemes', literal(securitySchemes))]),
    ...(security === undefined ? [] : [entry('security', literal(security))]),
  ];
  if (operations.length > 0) members.push(entry('operations', block(operations.map((each) => operationItem(each, writer)), true))); // prettier-ignore
  if (events.length > 0) members.push(entry('events', block(events.map((each) => eventItem(each, writer)), true))); // prettier-ignore
  return call('defineContract', block(members, true));
}

function notesOf({ service, summary, description, deprecated, security }: DraftOperation | DraftEvent): Item[] {
  return [
    ...(service === undefined ? [] : [entry('service', quote(service))]),
    ...(summary === undefined ? [] : [entry('summary', quote(summary))]),
    ...(description === undefined || description === summary ? [] : [entry('description', quote(description))]),
    ...(deprecated ? [entry('deprecated', 'true')] : []),
    ...(security === undefined ? [] : [entry('security', literal(security))]),
  ];
}

function operationItem(operation: DraftOperation, writer: SchemaWriter): Item {
  const { name, kind, input, output, item, http, errors, idempotent, pagedBy } = operation;
  const members: Item[] = [
    ...notesOf(operation),
    ...(input ? [entry('input', writer.write(input))] : []),
    ...(output ? [entry('output', writer.write(output))] : []),
    ...(item ? [entry('item', writer.write(item))] : []),
    ...(http ? [entry('http', http.length === 1 ? quote(http[0] ?? '') : list(http.map(quote)))] : []),
    ...(idempotent && kind === 'mutation' ? [entry('idempotent', 'true')] : []),
    ...(pagedBy === undefined ? [] : [entry('pagedBy', quote(pagedBy))]),
    ...(errors.length > 0 ? [entry('errors', errorsCode(errors, writer))] : []),
  ];
  return entry(name, call(item && kind === 'query' ? 'stream' : kind, block(members)));
}

function errorsCode(errors: readonly DraftError[], writer: SchemaWriter): Code {
  if (errors.every(({ name, code }) => name === code)) return list(errors.map(({ code }) => quote(code)));
  return block(
    errors.map(({ name, code, details, description }) => {
      if (name === code) return entry(name, 'true');
      const members = [
        entry('code', quote(code)),
        ...(details ? [entry('details', writer.write(details))] : []),
        ...(description === undefined ? [] : [entry('description', quote(description))]),
      ];
      return entry(name, block(members));
    }),
  );
}

function eventItem(event: DraftEvent, writer: SchemaWriter): Item {
  const members: Item[] = [
    ...notesOf(event),
    entry('channel', quote(event.channel)),
    ...(event.type === undefined ? [] : [entry('type', quote(event.type))]),
    entry('payload', writer.write(event.payload)),
    ...(event.writtenBy === undefined ? [] : [entry('writtenBy', quote(event.writtenBy))]),
  ];
  return entry(event.name, call('event', block(members)));
}
