import type { Contract, Schema } from '../../core/contract.ts';
import * as core from '../../core.ts';
import { shapeOf } from '../../core/shape.ts';
import { importDraft, type Imported } from '../../import/import.ts';
import { contractCode } from '../../import/write/module.ts';
import type { ProtoLock } from '../../grpc/schema.ts';
import { loadContract } from '../module.ts';
import { compareContracts } from './compare.ts';
import { COLUMNS, type Change, type Column, type RuleName } from './rules.ts';

/** The subject of the comparison: a contract, and the facts beside it if a description says them. */
export interface Side {
  readonly contract: Contract;
  /** The protocols that the description is of. */
  readonly columns: readonly Column[];
  /** The numbers of fields in a .proto file. */
  readonly numbers?: ProtoLock | undefined;
  readonly isDescribed: boolean;
  /** How a client of the description sends each operation, if the contract does not say it. */
  readonly mappings: ReadonlyMap<string, unknown>;
}

const COLUMNS_OF: Readonly<Record<Imported['format'], readonly Column[]>> = {
  openapi: ['rest'],
  asyncapi: ['rest', 'websocket', 'mqtt'],
  graphql: ['graphql'],
  wsdl: ['soap'],
  proto: ['grpc'],
};

/** A contract of a module, or that of a description: a file that is not a module is imported. */
export async function loadSide(source: string, allow: readonly string[]): Promise<Side> {
  if (/\.[cm]?[jt]sx?$/.test(source) && !/^https?:/i.test(source))
    return { contract: await loadContract(source), columns: COLUMNS, isDescribed: false, mappings: new Map() };
  const { imported, draft } = await importDraft(source, { allow });
  const { modules, core: names } = contractCode(draft, { types: false });
  const body = [...modules.map((code) => code.replace(/^export const /gm, 'const ')), 'return contract;'].join('\n');
  const code = `export default ({ ${names.join(', ')} }, z) => {\n${body}\n};`;
  // The strings of a description are literals in it, as in every module that `import` writes.
  const url = `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`;
  const made = (await import(url)) as { readonly default: (own: typeof core, zod: unknown) => Contract };
  return {
    contract: made.default(core, await import('zod')),
    columns: COLUMNS_OF[imported.format],
    numbers: draft.numbers,
    isDescribed: true,
    mappings: new Map([...draft.operations, ...draft.events].map(({ name, mapping }) => [name, mapping])),
  };
}

/** Names that only gRPC and SOAP have on the wire; those of descriptions may be a file's. */
const NAMES: readonly RuleName[] = ['name changed', 'major changed', 'service changed'];

/** The changes of two sides, with those of what only a description says. */
export function compareSides(before: Side, after: Side, lock: ProtoLock | undefined): readonly Change[] {
  const columns = columnsOf(before, after);
  const numbers = columns.includes('grpc') ? { before: before.numbers, after: after.numbers } : 'none';
  const all = compareContracts(before.contract, after.contract, lock, numbers);
  const isNamed = columns.some((column) => column === 'grpc' || column === 'soap');
  const changes = isNamed ? all : all.filter(({ rule }) => !NAMES.includes(rule));
  return before.isDescribed && after.isDescribed ? [...changes, ...mappingChanges(before, after)] : changes;
}

/** The protocols that both sides are of; all of either if they have none in common. */
export function columnsOf(before: Side, after: Side): readonly Column[] {
  const common = COLUMNS.filter((column) => before.columns.includes(column) && after.columns.includes(column));
  return common.length > 0 ? common : COLUMNS.filter((column) => before.columns.includes(column) || after.columns.includes(column));
}

/** The places of parameters, their media types and topics: facts about a foreign service that a contract does not say. */
function mappingChanges(before: Side, after: Side): Change[] {
  return [...before.mappings].flatMap(([name, given]) => {
    const [was, is] = [plain(given), plain(after.mappings.get(name))];
    const [inputs, later] = [before, after].map(({ contract }) => fieldsOf(contract.operations[name]?.input));
    const params = [...new Set([was, is].flatMap(({ params }) => Object.keys(plain(params))))].filter(
      (param) => inputs?.has(param) && later?.has(param),
    );
    const pairs = [
      ...['http', 'type', 'topic', 'path', 'reply'].map((key) => [name, was[key], is[key]] as const),
      ...params.map((param) => [`${name}: input.${param}`, plain(was['params'])[param], plain(is['params'])[param]] as const),
    ];
    return pairs.flatMap(([place, one, other]): Change[] => {
      const [old, now] = [one, other].map((value) => JSON.stringify(value) ?? 'as the contract says');
      return old === now ? [] : [{ rule: 'channel changed', place, detail: `${old} became ${now}` }];
    });
  });
}

function plain(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function fieldsOf(schema: unknown): ReadonlySet<string> {
  const shape = schema === undefined ? undefined : shapeOf(schema as Schema);
  return new Set(shape?.kind === 'object' ? Object.keys(shape.fields) : []);
}
