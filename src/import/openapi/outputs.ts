import { ERROR_CODES, isErrorCode, isReason, type ErrorCode } from '../../core/errors.ts';
import { codeOfStatus } from '../../rest/status.ts';
import type { RestOperation } from '../../rest/foreign/mapping.ts';
import type { DraftError } from '../draft/draft.ts';
import type { Findings } from '../draft/findings.ts';
import { isObject } from '../../peer/error-body.ts';
import { ANY, type Type } from '../draft/type.ts';
import { isBinary, itemsOf, membersOf } from '../json-schema/facts.ts';
import type { SchemaTypes } from '../json-schema/schema-types.ts';
import type { HttpAnswer, HttpContent, HttpOperation } from './http-operation.ts';

/** The result of an operation. */
export interface Outputs {
  readonly output: Type | undefined;
  /** Of an answer that comes in pieces. */
  readonly item?: Type | undefined;
  readonly errors: readonly DraftError[];
  readonly mapping: Pick<RestOperation, 'answer'>;
}

/** Answers that are read piece by piece. */
const STREAM = /^(?:text\/event-stream|application\/(?:x-ndjson|jsonl|x-jsonlines))\s*(?:;|$)/;
const JSON_LIKE = /^(?:application\/(?:json|[\w.-]+\+json)|\*\/\*|application\/\*)\s*(?:;|$)/;

/** Reads the answers of an operation. */
export function readOutputs(operation: HttpOperation, types: SchemaTypes, findings: Findings, isOwn: boolean): Outputs {
  const { at, answers } = operation;
  const good = answers.filter(({ status }) => /^2(?:\d\d|xx)$/i.test(status));
  const said = good.length > 0 ? good : answers.filter(({ status }) => status === 'default' && !isOwn);
  const found: Type[] = [];
  let answer: RestOperation['answer'];
  let item: Type | undefined;
  for (const { contents, status } of said) {
    if (contents.length === 0) continue;
    const place = `${at}/responses/${status}`;
    const stream = contents.find(({ type }) => STREAM.test(type));
    if (stream && !contents.some(({ type, schema }) => JSON_LIKE.test(type) && schema !== undefined)) {
      item = itemOf(stream, types, place, findings);
      continue;
    }
    const json =
      contents.find(({ type, schema }) => JSON_LIKE.test(type) && schema !== undefined) ??
      contents.find(({ type }) => JSON_LIKE.test(type));
    const text = contents.find(({ type }) => /^text\/|xml|yaml|csv/.test(type));
    if (json)
      found.push(
        isBinary(json.schema)
          ? { kind: 'file' }
          : ownType(types.read(json.schema, { base: json.base, at: place, side: 'output' }), isOwn, types),
      );
    else if (text) {
      found.push({ kind: 'text' });
      answer = 'text';
    } else {
      found.push({ kind: 'file' });
    }
  }
  if (item) return { output: undefined, item, errors: errorsOf(operation, types), mapping: {} };
  const distinct = found.filter((type, index) => found.findIndex((other) => isSame(other, type)) === index);
  const [only] = distinct;
  if (distinct.length > 1 && distinct.some(({ kind }) => kind === 'file'))
    findings.add(at, 'answers of several kinds', 'only the first is read');
  const output: Type | undefined =
    distinct.length > 1 && !distinct.some(({ kind }) => kind === 'file') ? { kind: 'union', options: distinct } : only;
  return { output, errors: errorsOf(operation, types), mapping: answer === undefined || !output ? {} : { answer } };
}

/** The type of each piece: as OpenAPI 3.2 says it, as this library's documents say it, or the schema of the whole, as many older documents have it. */
function itemOf({ schema, item, media, base }: HttpContent, types: SchemaTypes, at: string, findings: Findings): Type {
  const own = media['x-item'];
  // Of server-sent events an item schema describes id, event and data beside each other: https://spec.openapis.org/oas/v3.2.0.html#server-sent-event-streams
  const { properties } = membersOf(item);
  const data = membersOf(properties)['data'];
  const said = own ?? (isObject(data) ? (data['contentSchema'] ?? data) : item) ?? schema;
  const { type } = membersOf(said);
  if (said === undefined || (own === undefined && item === undefined && type === 'string')) {
    findings.add(at, 'a stream whose items are not described', 'items of any type');
    return ANY;
  }
  return types.read(said, { base, at, side: 'output' });
}

function isSame(one: Type, other: Type): boolean {
  return JSON.stringify({ ...one, description: undefined }) === JSON.stringify({ ...other, description: undefined });
}

/** Our own documents say that fields may be left out, if a caller asks only for some. That is not a part of the contract. */
function ownType(type: Type, isOwn: boolean, types: SchemaTypes): Type {
  if (!isOwn || type.kind !== 'union' || type.options.length < 2) return type;
  const [whole, fields] = type.options;
  if (!whole || !fields) return type;
  const unlisted = (each: Type): Type => (each.kind === 'list' ? each.item : each);
  const partial = unlisted(fields);
  const name = partial.kind === 'ref' ? types.typeOf(partial.name) : partial;
  return name?.description === 'The fields that were asked for.' ? { ...whole, ...(type.nullable && { nullable: true }) } : type;
}

/** Codes that any operation may give: naming them on each says nothing. */
const EVERYWHERE = new Set<ErrorCode>(['INVALID_ARGUMENT', 'UNAUTHENTICATED', 'INTERNAL', 'UNKNOWN', 'UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED', 'CANCELLED']); // prettier-ignore

function errorsOf({ answers, at }: HttpOperation, types: SchemaTypes): DraftError[] {
  const found = new Map<string, DraftError>();
  for (const answer of answers) {
    if (!/^[45]\d\d$/.test(answer.status)) continue;
    const typed = typedErrors(answer, types, at);
    for (const error of typed) found.set(error.name, error);
    const codes = ownCodes(answer) ?? [codeOfStatus(Number(answer.status))];
    for (const code of codes) {
      const isTyped = typed.some((error) => error.code === code);
      if (!EVERYWHERE.has(code) && !isTyped) found.set(code, { name: code, code });
    }
  }
  return [...found.values()];
}

/** Our own documents name codes in the description of an answer: `NOT_FOUND`. */
function ownCodes({ description }: HttpAnswer): ErrorCode[] | undefined {
  const codes = [...(description ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name).filter(isErrorCode);
  return codes.length > 0 ? codes.filter((code) => ERROR_CODES.includes(code)) : undefined;
}

/** Errors with names and details, as this library's documents describe them: a problem document whose `reason` is a constant. */
function typedErrors({ contents, status }: HttpAnswer, types: SchemaTypes, at: string): DraftError[] {
  const errors: DraftError[] = [];
  for (const { type, schema, base } of contents) {
    if (!type.startsWith('application/problem+json')) continue;
    for (const option of itemsOf(membersOf(schema)['anyOf'])) {
      for (const part of itemsOf(membersOf(option)['allOf'])) {
        const { code, reason, details } = membersOf(membersOf(part)['properties']);
        const [saidCode, name] = [membersOf(code)['const'], membersOf(reason)['const']];
        if (!isErrorCode(saidCode) || typeof name !== 'string' || !isReason(name)) continue;
        const description = membersOf(part)['description'];
        errors.push({
          name,
          code: saidCode,
          ...(details !== undefined && { details: types.read(details, { base, at: `${at}/responses/${status}`, side: 'output' }) }),
          ...(typeof description === 'string' && { description }),
        });
      }
    }
  }
  return errors;
}
