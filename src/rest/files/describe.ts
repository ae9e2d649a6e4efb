import { isObject } from '../../peer/error-body.ts';
import type { JsonObject } from '../../core/errors.ts';
import { isFileNode, type Field, type JsonSchema, type SchemaNode, type TypeUse } from '../../schema/view.ts';
import { ANY_TYPE } from '../../schema/codec/file-stream.ts';
import type { AnswerBody } from './bodies.ts';

/** Media types that `file({ types })` takes at one place. */
function typesOf({ meta }: Pick<TypeUse, 'meta'>): readonly string[] {
  const rules = meta['x-file'];
  const types = isObject(rules) ? rules['types'] : undefined;
  return Array.isArray(types) ? (types as readonly string[]) : [];
}

/** Bytes as they are. `format` is what tools look for that came before OpenAPI 3.1. Source: https://spec.openapis.org/oas/v3.1.1.html#working-with-binary-data */
function binary(type: string, notes: JsonObject = {}): JsonObject {
  return { type: 'string', format: 'binary', ...(!type.includes('*') && { contentMediaType: type }), ...notes };
}

/** The content of a request whose body is one member. */
export function rawContent(field: Field, mediaType: string | undefined): JsonObject {
  const types = typesOf(field);
  const all = types.length > 0 ? types : [mediaType ?? ANY_TYPE];
  return Object.fromEntries(all.map((type) => [type, { schema: binary(type) }]));
}

/** The content of a form: `schema` describes its members, of which files are binary. */
export function formContent(schema: JsonSchema, fields: readonly Field[]): JsonObject {
  const properties = { ...(schema['properties'] as Readonly<Record<string, JsonSchema>>) };
  const encoding: Record<string, JsonObject> = {};
  for (const field of fields) {
    const { name, node } = field;
    const item = node.kind === 'list' ? node.items : field;
    // Tools would join the texts of a list by commas otherwise. Source: https://spec.openapis.org/oas/v3.1.1.html#encoding-object
    if (node.kind === 'list' && isText(item.node)) encoding[name] = { style: 'form', explode: true };
    if (!isFileNode(item.node)) continue;
    const types = typesOf(item);
    const { description, deprecated } = field;
    const notes = { ...(description !== undefined && { description }), ...(deprecated && { deprecated }) };
    const one = binary(types.length === 1 ? (types[0] ?? ANY_TYPE) : ANY_TYPE, node.kind === 'list' ? {} : notes);
    properties[name] = node.kind === 'list' ? { type: 'array', items: one, ...notes } : one;
    if (types.length > 0) encoding[name] = { contentType: types.join(', ') };
  }
  return { 'multipart/form-data': { schema: { ...schema, properties }, ...(Object.keys(encoding).length > 0 && { encoding }) } };
}

function isText({ kind }: SchemaNode): boolean {
  return kind === 'string' || kind === 'number' || kind === 'integer' || kind === 'boolean' || kind === 'enum';
}

/** The content of an answer that is the output itself. */
export function answerContent({ isFile: isOne, mediaType }: AnswerBody, output: TypeUse): JsonObject {
  const types = isOne ? typesOf(output) : [mediaType ?? ANY_TYPE];
  const all = types.length > 0 ? types : ['*/*'];
  return Object.fromEntries(all.map((type) => [type, { schema: binary(type === '*/*' ? ANY_TYPE : type) }]));
}

/** The header that names a file. */
export const DISPOSITION: JsonObject = {
  description: 'The name of the file, if it has one.',
  schema: { type: 'string' },
  example: 'attachment; filename="report.pdf"',
};
