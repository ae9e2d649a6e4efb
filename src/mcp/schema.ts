import type { Contract, Operation } from '../core/contract.ts';
import type { JsonObject } from '../core/errors.ts';
import { readOptions } from '../core/options.ts';
import { nearest } from '../core/nearest.ts';
import { isObject } from '../peer/error-body.ts';
import { createComponents, type Side } from '../schema/components.ts';
import { notesOf } from '../schema/openapi.ts';
import { describeContract, type ContractView, type JsonSchema, type OperationView } from '../schema/view.ts';
import type { Era } from './wire.ts';

/** Options of `mcpTools`. */
export interface McpToolsOptions {
  /**
   * The operations that are tools, by name, or `'*'` for all. Few and well described ones serve a model better than many.
   * @default those with `meta: { mcp: true }`; if there are none, all but those with `meta: { mcp: false }`
   */
  readonly tools?: '*' | readonly string[] | undefined;
}

/** A tool as `tools/list` gives it. Source: https://modelcontextprotocol.io/specification/2026-07-28/server/tools#tool */
export interface McpTool {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema: JsonSchema;
  readonly outputSchema?: JsonSchema;
  readonly annotations: JsonObject;
}

/**
 * The tools that a contract's operations are, as clients of the newest revision get them.
 * Throws a `TypeError` for a name that is not an operation's.
 */
export function mcpTools(contract: Contract, options: McpToolsOptions = {}): readonly McpTool[] {
  const view = describeContract(contract);
  const { tools } = readOptions('mcpTools', options, {}, ['tools']);
  return chooseTools('mcpTools', contract, tools).map((operation) => toolOf(view, operation, 'modern'));
}

/** The operations that are tools, in the contract's order. */
export function chooseTools(owner: string, contract: Contract, tools: McpToolsOptions['tools']): readonly Operation[] {
  const all = Object.values(contract.operations);
  if (tools === '*') return all;
  if (tools === undefined) {
    const marked = all.filter(({ meta }) => meta['mcp'] !== undefined && meta['mcp'] !== false);
    return marked.length > 0 ? marked : all.filter(({ meta }) => meta['mcp'] !== false);
  }
  if (!Array.isArray(tools)) throw new TypeError(`${owner}: 'tools' is '*' or a list of operations: write ['${String(tools)}']`);
  checkNames(owner, 'tools', tools, contract);
  return all.filter(({ name }) => tools.includes(name));
}

/** Throws a `TypeError` for a name that is not an operation's. */
export function checkNames(owner: string, option: string, names: readonly string[], contract: Contract): void {
  for (const name of names) {
    if (Object.hasOwn(contract.operations, name)) continue;
    const like = nearest(name, Object.keys(contract.operations));
    throw new TypeError(
      `${owner}: ${option} names '${name}', which is not an operation of the contract${like === undefined ? '' : `: do you mean '${like}'?`}`,
    );
  }
}

/** One operation as a tool. */
export function toolOf(view: ContractView, operation: Operation, era: Era): McpTool {
  const own = view.operations.get(operation.name);
  const { summary, description } = notesOf(operation) as { readonly summary?: string; readonly description?: string };
  const words = [summary, description].filter((part) => part !== undefined).map((part) => (/[.!?]$/.test(part) ? part : `${part}.`));
  const output = own && outputSchemaOf(view, own, era);
  return {
    name: operation.name,
    ...(summary !== undefined && { title: summary }),
    ...(words.length > 0 && { description: words.join('\n\n') }),
    inputSchema: own?.inputSchema ? standing(view, own.inputSchema, 'input') : { type: 'object', additionalProperties: false },
    ...(output && { outputSchema: output }),
    annotations: annotationsOf(operation),
  };
}

/** Source: https://modelcontextprotocol.io/specification/2026-07-28/schema#toolannotations */
function annotationsOf({ kind, idempotent, http, meta, summary }: Operation): JsonObject {
  const given = isObject(meta['mcp']) ? meta['mcp'] : {};
  const title = summary === undefined ? {} : { title: summary };
  if (kind === 'query') return { ...title, readOnlyHint: true, ...given };
  // POST may add, or do anything else: clients take a tool without the hint for one that destroys.
  const isDestructive = http.some(({ method }) => method !== 'POST');
  return { ...title, readOnlyHint: false, ...(isDestructive && { destructiveHint: true }), idempotentHint: idempotent, ...given };
}

function outputSchemaOf(view: ContractView, own: OperationView, era: Era): JsonSchema | undefined {
  if (own.itemSchema) return itemsOf(standing(view, own.itemSchema, 'output'));
  if (!own.outputSchema) return undefined;
  const schema = standing(view, own.outputSchema, 'output');
  return era === 'legacy' && isWrapped(view, own.operation)
    ? wrap(schema, (value) => ({ properties: { result: value }, required: ['result'] }))
    : schema;
}

/** Whether the revisions before 2026-07-28, whose structured results are objects, need one around an operation's output. */
export function isWrapped(view: ContractView, operation: Operation): boolean {
  const use = view.operations.get(operation.name)?.output;
  return use !== undefined && (use.nullable || (use.node.kind !== 'object' && use.node.kind !== 'record'));
}

/** The result of a tool for a streamed operation. */
function itemsOf(item: JsonSchema): JsonSchema {
  return wrap(item, (items) => ({
    properties: {
      items: { type: 'array', items },
      complete: { type: 'boolean', description: 'False if there were more than one result can hold.' },
    },
    required: ['items', 'complete'],
  }));
}

/** A schema within an object, whose definitions stay at its root. */
function wrap({ $defs, ...schema }: JsonSchema, around: (schema: JsonSchema) => JsonObject): JsonSchema {
  return { type: 'object', ...around(schema), ...($defs !== undefined && { $defs }) };
}

/** A schema that stands alone: an object at its root, and what it refers to in it. */
function standing(view: ContractView, schema: JsonSchema, side: Side): JsonSchema {
  const components = createComponents(view, PREFIX);
  let root = components.refer(schema, side);
  const { $ref, ...beside } = root;
  if (typeof $ref === 'string') root = { ...components.schemas[$ref.slice(PREFIX.length)], ...beside };
  const used = new Set<string>();
  collect(root, components.schemas, used);
  if (used.size === 0) return root;
  return { ...root, $defs: Object.fromEntries([...used].map((name) => [name, components.schemas[name]])) };
}

const PREFIX = '#/$defs/';

function collect(schema: unknown, schemas: Readonly<Record<string, JsonSchema>>, used: Set<string>): void {
  if (typeof schema !== 'object' || schema === null) return;
  for (const [key, value] of Object.entries(schema)) {
    if (key === '$ref' && typeof value === 'string') {
      const name = value.slice(PREFIX.length);
      if (used.has(name)) continue;
      used.add(name);
      collect(schemas[name], schemas, used);
    } else collect(value, schemas, used);
  }
}
