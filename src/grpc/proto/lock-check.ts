import { isCompatible, partsOf, type ProtoLock } from './lock.ts';
import { fieldType, nameOfMessage, type ProtoFile, type ProtoMessage } from './proto.ts';

/** A field whose type has another name than the one that was published. */
export interface TypeChange {
  /** `Post.author`. */
  readonly at: string;
  readonly was: string;
  readonly is: string;
}

/**
 * Refuses what would be taken for something else by programs that know an older .proto. Throws a `TypeError` that says how to keep what was
 * published: a rpc that answers with another type, and a type that only seems to have another name, whose numbers would begin anew.
 */
export function checkLock(file: ProtoFile, lock: ProtoLock, changes: readonly TypeChange[]): void {
  const now = new Set([...file.messages, ...file.enums].map(({ name }) => name));
  const isRenamed = (was: string, is: string) => isPublished(lock, was) && !now.has(was) && now.has(is) && !isPublished(lock, is);
  for (const { at, was: before, is: after } of changes) {
    const [, was] = partsOf(before);
    const [, is] = partsOf(after);
    if (!isRenamed(was, is)) continue;
    throw new TypeError(
      `gRPC: ${at} was published as ${was}, and there is ${is} now: ${keepName(was)}, or give the field a new number: .meta({ grpc: { number } })`,
    );
  }
  for (const { name: service, methods } of file.services) {
    for (const { name, response } of methods) {
      const was = responseOf(lock, service, name);
      const is = nameOfMessage(response);
      // A message that nobody reads may become more.
      if (was === undefined || was === is || was === nameOfMessage(undefined)) continue;
      const hint = isRenamed(was, is) ? `${keepName(was)}, or` : 'clients would misread it:';
      throw new TypeError(
        `gRPC: ${service}.${name} was published with ${was} as its response, and has ${is} now: ${hint} make it another rpc: meta: { grpc: { name: '…' } }`,
      );
    }
  }
}

function keepName(name: string): string {
  return `if it is the same type, keep its name with .meta({ id: '…', grpc: { name: '${name}' } })`;
}

function isPublished({ messages, enums }: ProtoLock, name: string): boolean {
  return Object.hasOwn(messages, name) || Object.hasOwn(enums, name);
}

/** The service that a rpc belongs to: the one that it was published in, whatever the contract calls it now. */
export function serviceOf(lock: ProtoLock | undefined, service: string, method: string): string {
  if (!lock?.services || responseOf(lock, service, method) !== undefined) return service;
  return Object.keys(lock.services).find((name) => responseOf(lock, name, method) !== undefined) ?? service;
}

function responseOf({ services = {} }: ProtoLock, service: string, method: string): string | undefined {
  const methods = Object.hasOwn(services, service) ? services[service] : undefined;
  return methods && Object.hasOwn(methods, method) ? methods[method] : undefined;
}

/** Refuses a union whose unnamed variants, which only their place names, have changed places. */
export function checkVariants(union: ProtoMessage, lock: ProtoLock): void {
  const unnamed = union.entries.flatMap(({ field: { type } }) =>
    type.kind === 'message' && isVariant(type.message.name, union.name) ? [type.message] : [],
  );
  for (const message of unnamed) {
    const isKnown = fits(message, lock, message.name);
    if (isKnown === 'wholly') continue;
    const isMoved = Object.keys(lock.messages).some((name) => isVariant(name, union.name) && fits(message, lock, name) === 'wholly');
    if (!isMoved && isKnown !== 'not') continue;
    throw new TypeError(
      `gRPC: ${message.name} is not the variant that was published under this name: clients would take one for another. Add variants to ${union.name} at its end, or name them with .meta({ id: '…', grpc: { name: '…' } })`,
    );
  }
}

function isVariant(name: string, union: string): boolean {
  return name.startsWith(`${union}Option`) && /^\d+$/.test(name.slice(union.length + 'Option'.length));
}

/** How far a message is the one that was published under a name: an unpublished one fits in part. */
function fits({ entries }: ProtoMessage, { messages }: ProtoLock, name: string): 'wholly' | 'partly' | 'not' {
  const published = Object.entries((Object.hasOwn(messages, name) && messages[name]?.fields) || {});
  const fields = entries.flatMap(({ field, nullField }) => (nullField ? [field, nullField] : [field]));
  const kept = published.filter(([was, { type }]) => fields.some((field) => field.name === was && isCompatible(fieldType(field), type)));
  if (published.length === 0) return 'partly';
  if (kept.length === 0) return 'not';
  return kept.length === published.length && kept.length === fields.length ? 'wholly' : 'partly';
}
