import type { Contract, EventDefinition, Operation } from '../core/contract.ts';
import type { HttpBinding } from '../core/http-binding.ts';
import type { JsonObject } from '../core/errors.ts';
import { hasFile } from '../schema/codec/has-file.ts';
import { compileTextReader, type TextReader } from '../schema/text.ts';
import type { ContractView, SchemaNode } from '../schema/view.ts';
import { notesOf } from '../schema/openapi.ts';

/** A query that is a resource: all that it needs is in its path. */
export interface Resource {
  readonly operation: Operation;
  readonly binding: HttpBinding;
  /** The parameters of the path, as the operation takes them. */
  readonly readers: readonly (readonly [name: string, read: TextReader])[];
  /** `shop:///things/{id}`; without parameters it is the URI of the only resource. */
  readonly template: string;
  /** The events whose payload is what the query gives, or is in its list, and that name the path's parameters. */
  readonly events: readonly EventDefinition[];
}

/** The queries among operations that are resources. */
export function resourcesOf(view: ContractView, operations: readonly Operation[]): readonly Resource[] {
  return operations.flatMap((operation) => resourceOf(view, operation) ?? []);
}

function resourceOf(view: ContractView, operation: Operation): Resource | undefined {
  const own = view.operations.get(operation.name);
  const [binding] = operation.http;
  if (operation.kind !== 'query' || binding?.method !== 'GET' || !operation.output || !own?.output || hasFile(operation.output)) return;
  const fields = own.input?.fields ?? [];
  const isNeeded = (field: (typeof fields)[number]) => !field.optional && !('default' in field);
  if (fields.some((field) => isNeeded(field) && !binding.params.includes(field.name))) return;
  const readers = fields
    .filter(({ name }) => binding.params.includes(name))
    .map((field) => [field.name, compileTextReader(field)] as const);
  const { node } = own.output;
  const told = node.kind === 'list' ? node.items.node : node;
  const events = [...view.events.values()].filter(({ payload }) => isSame(payload, told) && binding.params.every((name) => payload.fields.some((field) => field.name === name))); // prettier-ignore
  return { operation, binding, readers, template: uriOf(view.contract, binding.path), events: events.map(({ event }) => event) };
}

/** Whether two types are one: by their name, if their author gave one. */
function isSame(one: SchemaNode, other: SchemaNode): boolean {
  return one === other || ('name' in one && 'name' in other && one.name !== undefined && one.name === other.name);
}

function uriOf({ name }: Contract, path: string): string {
  // Source: https://www.rfc-editor.org/rfc/rfc3986#section-3.1
  const scheme = name.toLowerCase().replace(/[^a-z0-9+.-]/g, '-');
  return `${/^[a-z]/.test(scheme) ? scheme : `x-${scheme}`}://${path}`;
}

/** The path of a URI of this contract; `undefined` for another's. */
export function pathOf(contract: Contract, uri: string): string | undefined {
  const start = uriOf(contract, '');
  return uri.startsWith(`${start}/`) ? uri.slice(start.length) : undefined;
}

/** Whether a resource is one of many: then a template stands for all. */
export function isTemplate({ binding }: Resource): boolean {
  return binding.params.length > 0;
}

/** As the lists give it. Source: https://modelcontextprotocol.io/specification/2026-07-28/server/resources#data-types */
export function encodeResource(resource: Resource): JsonObject {
  const { operation, template } = resource;
  const { summary, description } = notesOf(operation) as { readonly summary?: string; readonly description?: string };
  return {
    [isTemplate(resource) ? 'uriTemplate' : 'uri']: template,
    name: operation.name,
    ...(summary !== undefined && { title: summary }),
    ...((description ?? summary) !== undefined && { description: description ?? summary }),
    mimeType: 'application/json',
  };
}

/** The input of a query by the parameters of a URI. */
export function inputOf({ readers, operation }: Resource, params: Readonly<Record<string, string>>): JsonObject | undefined {
  if (!operation.input) return undefined;
  return Object.fromEntries(readers.map(([name, read]) => [name, read(params[name] ?? '')]));
}
