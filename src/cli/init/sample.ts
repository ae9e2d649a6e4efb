import type { Draft, DraftOperation } from '../../import/draft/draft.ts';
import type { Type } from '../../import/draft/type.ts';
import { key, quote } from '../../import/write/text.ts';
import { sampleHeaders } from './sample-headers.ts';

/** A call that shows how a service is called. */
export interface SampleCall extends Pick<DraftOperation, 'name' | 'output'> {
  /** The arguments as code. */
  readonly input: string;
}

/** The first operation whose input can be made up: a query rather than a mutation. */
export function sampleCall(draft: Draft): SampleCall | undefined {
  const { operations, types } = draft;
  for (const kind of ['query', 'mutation'] as const) {
    for (const operation of operations) {
      const { name, input, output, item, kind: own } = operation;
      const made = own === kind && !item ? sample(input, types) : undefined;
      if (made === undefined) continue;
      const headers = sampleHeaders(draft, operation);
      const plain = made === '{}' ? '' : made;
      return { name, input: headers === undefined ? plain : `${made === '' ? 'undefined' : made}, { headers: ${headers} }`, output };
    }
  }
  return undefined;
}

/** A value of a type as code; none for a type that a sample cannot be made of by its look. */
function sample(type: Type | undefined, types: ReadonlyMap<string, { readonly type: Type }>, depth = 0): string | undefined {
  if (!type) return '';
  if (type.nullable) return 'null';
  if (depth > 4) return undefined;
  switch (type.kind) {
    case 'text':
      return type.format !== undefined || type.pattern !== undefined
        ? undefined
        : quote('text'.padEnd(type.min ?? 0, '-').slice(0, type.max ?? 1000));
    case 'number':
      return type.above !== undefined || type.below !== undefined || type.step !== undefined
        ? undefined
        : String(type.min ?? Math.min(1, type.max ?? 1));
    case 'boolean':
      return 'true';
    case 'any':
    case 'null':
      return 'null';
    case 'int64':
      return '1n';
    case 'bytes':
      return 'new Uint8Array([1, 2, 3])';
    case 'literal':
      return typeof type.values[0] === 'string' ? quote(type.values[0]) : String(type.values[0]);
    case 'list':
      return (type.min ?? 0) > 0 ? undefined : '[]';
    case 'record':
      return '{}';
    case 'object': {
      const fields = type.fields
        .filter((field) => !field.optional && field.default === undefined)
        .map((field) => ({ name: field.name, value: sample(field.type, types, depth + 1) }));
      if (fields.some(({ value }) => value === undefined)) return undefined;
      return fields.length === 0 ? '{}' : `{ ${fields.map(({ name, value }) => `${key(name)}: ${value ?? ''}`).join(', ')} }`;
    }
    case 'ref':
      return sample(types.get(type.name)?.type, types, depth + 1);
    default:
      return undefined;
  }
}
