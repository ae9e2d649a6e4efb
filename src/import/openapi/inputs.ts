import type { RestOperation, RestPlace } from '../../rest/foreign/mapping.ts';
import type { Findings } from '../draft/findings.ts';
import { memberName, Names } from '../draft/names.ts';
import type { Field, Type } from '../draft/type.ts';
import { defaultFor, membersOf } from '../json-schema/facts.ts';
import type { SchemaTypes } from '../json-schema/schema-types.ts';
import type { HttpContent, HttpOperation, HttpParameter } from './http-operation.ts';

/** The input of an operation, and the places of its members. */
export interface Inputs {
  readonly input: Type | undefined;
  /** The path with the input's names: `/pets/{petId}`. */
  readonly path: string;
  /** The differences from our own format; empty if there are none. */
  readonly mapping: RestOperation;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const MULTIPART = /^multipart\/form-data\s*(?:;|$)/;
/** Media types of bodies that a client of this library can send, the best first. */
const KINDS: readonly RegExp[] = [
  /^application\/(?:json|[\w.-]+\+json)\s*(?:;|$)/,
  /^(?:\*\/\*|application\/\*)/,
  /^application\/x-www-form-urlencoded/,
  MULTIPART,
  /^text\//,
  /^application\/(?:[\w.-]+\+)?xml/,
  /^(?!multipart\/)/,
];

/** Parameters that this library's server describes on its operations, and that its client sends by itself. */
const OWN_PARAMETERS: ReadonlySet<string> = new Set([
  'query fields',
  'header idempotency-key',
  'header x-request-id',
  'header if-none-match',
  'header last-event-id',
]);

/** Reads parameters and body; `undefined` if the operation cannot be called, after a finding that says why. */
export function readInputs(operation: HttpOperation, types: SchemaTypes, findings: Findings, isOwn: boolean): Inputs | undefined {
  const { at, method } = operation;
  const names = new Names();
  const fields: Field[] = [];
  const params: Record<string, RestPlace | RestPlace['in']> = {};
  const mapping: Mutable<RestOperation> = {};
  const hasBody = method !== 'GET' && method !== 'DELETE';
  const styles = new Set<string>();
  // A fragment tells operations of one path apart, and is never sent.
  const [sent = ''] = operation.path.split('#');
  let path = sent;

  const place = (parameter: HttpParameter, name: string, type: Type): void => {
    const isList = type.kind === 'list' || type.kind === 'union';
    const style = isList && parameter.style !== 'repeat' && parameter.in !== 'header' ? parameter.style : undefined;
    const isAtHome = parameter.in === 'path' || (parameter.in === 'query' && !hasBody);
    const isNamed = name === parameter.name;
    const isReserved = parameter.reserved && parameter.in === 'path';
    if (isAtHome && isNamed && style === undefined && !isReserved) return;
    const more = {
      ...(!isNamed && { name: parameter.name }),
      ...(style !== undefined && { style }),
      ...(isReserved && { reserved: true }),
    };
    if (style !== undefined) styles.add(style);
    params[name] = Object.keys(more).length === 0 ? parameter.in : { in: parameter.in, ...more };
  };

  for (const parameter of operation.parameters) {
    if (isOwn && OWN_PARAMETERS.has(`${parameter.in} ${parameter.name.toLowerCase()}`)) continue;
    const where = `${at}/parameters/${parameter.name}`;
    const type = types.read(parameter.schema, { base: parameter.base, at: where, side: 'input' });
    const members = parameter.spread ? types.fieldsOf(type) : undefined;
    if (members) {
      // The members of an object in the style form are parameters of their own.
      for (const member of members) {
        const name = names.take(inputName(member.name, parameter.in));
        place({ ...parameter, name: member.name }, name, member.type);
        fields.push({ ...member, name, optional: member.optional || !parameter.required });
      }
      continue;
    }
    const name = names.take(inputName(parameter.name, parameter.in));
    place(parameter, name, type);
    if (isDeep(type, types)) params[name] ??= parameter.in;
    const said = membersOf(parameter.schema)['default'];
    const fallback = parameter.required || said === undefined ? undefined : defaultFor(type, said);
    const described: Type = parameter.description === undefined ? type : { ...type, description: parameter.description };
    fields.push({ name, type: described, optional: !parameter.required, ...(fallback !== undefined && { default: fallback }), ...(parameter.deprecated && { deprecated: true }) }); // prettier-ignore
    if (parameter.in === 'path' && name !== parameter.name) path = path.replaceAll(`{${parameter.name}}`, `{${name}}`);
    if (parameter.in === 'path' && parameter.reserved) params[name] = { in: 'path', reserved: true };
  }
  if (path !== sent) mapping.http = `${method} ${sent}`;
  if (!checkPath(path, fields, at, findings, operation)) return undefined;

  const { body } = operation;
  if (body && body.contents.length > 0) {
    const content = bestContent(body.contents, isOwn);
    if (!content) {
      findings.add(at, `a body of ${body.contents.map(({ type }) => type).join(', ')}`, 'the operation is left out');
      return undefined;
    }
    const isJson = KINDS[0]?.test(content.type) === true || KINDS[1]?.test(content.type) === true;
    const isForm = content.type.startsWith('application/x-www-form-urlencoded');
    const isMultipart = MULTIPART.test(content.type);
    const isText = !isJson && !isForm && !isMultipart && /^text\/|xml/.test(content.type);
    // Our own service takes a form if one of its members is a file.
    if (!(isMultipart && isOwn) && (!isJson || !/^(?:application\/json|\*\/\*|application\/\*)$/.test(content.type)))
      mapping.type = content.type;
    const type: Type = isText
      ? { kind: 'text' }
      : isJson || isForm || isMultipart
        ? withFiles(
            types.read(content.schema, { base: content.base, at: `${at}/requestBody`, side: 'input', isForm: isMultipart }),
            content,
            types,
          )
        : { kind: 'file' };
    const members = isText ? undefined : types.fieldsOf(type);
    const isFree = members?.every(({ name }) => !fields.some((field) => field.name === name)) === true;
    const mayBeSpread = body.required || members?.every(({ optional, default: fallback }) => optional || fallback !== undefined) === true;
    if (members && isFree && mayBeSpread) {
      fields.push(...members);
      if (!hasBody) for (const { name } of members) params[name] = 'body';
      // The only input is the type itself.
      if (fields.length === members.length && type.kind === 'ref') return { input: type, path, mapping: finish(mapping, params) };
    } else {
      const name = names.take('body');
      mapping.body = name;
      fields.push({ name, type: body.description === undefined || type.kind === 'ref' ? type : { ...type, description: body.description }, optional: !body.required }); // prettier-ignore
      // A member without a place then goes into the query.
      for (const [key, where] of Object.entries(params)) if (where === 'query') delete params[key];
    }
  }
  return { input: fields.length > 0 ? { kind: 'object', fields } : undefined, path, mapping: finish(mapping, params) };
}

function finish(mapping: Mutable<RestOperation>, params: Readonly<Record<string, RestPlace | RestPlace['in']>>): RestOperation {
  return Object.keys(params).length === 0 ? mapping : { ...mapping, params };
}

/** The name as the API has it if it can be one in TypeScript. */
function inputName(name: string, fallback: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && name !== '__proto__' ? name : memberName(name, fallback);
}

/** Objects stand in a query as `name[member]`, which our own format does not have. */
function isDeep(type: Type, types: SchemaTypes, level = 0): boolean {
  // A schema that refers to itself is not a scalar.
  if (level > 20) return true;
  if (type.kind === 'ref') {
    return isDeep(types.typeOf(type.name), types, level + 1);
  }
  if (type.kind === 'list') return isDeep(type.item, types, level + 1);
  return type.kind === 'object' || type.kind === 'record' || type.kind === 'any' || (type.kind === 'union' && type.options.some((option) => isDeep(option, types, level + 1))); // prettier-ignore
}

function checkPath(path: string, fields: readonly Field[], at: string, findings: Findings, { parameters }: HttpOperation): boolean {
  const wanted = [...path.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name);
  const missing = wanted.find((name) => !fields.some((field) => field.name === name));
  if (missing !== undefined) findings.add(at, `the path's parameter {${missing}}, which nothing describes`, 'the operation is left out');
  const stray = parameters.find(
    ({ in: where, name }) => where === 'path' && !path.includes(`{${name}}`) && !wanted.includes(memberName(name, 'path')),
  );
  if (stray && missing === undefined)
    findings.add(at, `the path parameter '${stray.name}', which the path does not have`, 'the operation is left out');
  return missing === undefined && !stray;
}

/** Parts that are files because of their encoding, and what kinds of files they are: https://spec.openapis.org/oas/v3.1.1.html#encoding-object */
function withFiles(type: Type, { media }: HttpContent, types: SchemaTypes): Type {
  const encodings = Object.entries(membersOf(media['encoding'])).flatMap(([name, given]): [string, string[]][] => {
    const { contentType } = membersOf(given);
    const said = typeof contentType === 'string' ? contentType.split(',').map((each) => each.trim()) : [];
    return said.length > 0 && said.every((each) => !/^text\/plain|json|^application\/octet-stream|^\*/.test(each)) ? [[name, said]] : [];
  });
  const fields = encodings.length > 0 ? types.fieldsOf(type) : undefined;
  if (!fields) return type;
  const asFile = (each: Type, kinds: readonly string[]): Type => {
    if (each.kind === 'list') return { ...each, item: asFile(each.item, kinds) };
    return each.kind === 'file' || each.kind === 'any' ? { ...each, kind: 'file', types: kinds } : each;
  };
  const byName = new Map(encodings);
  return {
    kind: 'object',
    fields: fields.map((field) => ({
      ...field,
      type: byName.has(field.name) ? asFile(field.type, byName.get(field.name) ?? []) : field.type,
    })),
  };
}

function bestContent(contents: readonly HttpContent[], isOwn: boolean): HttpContent | undefined {
  const form = isOwn ? contents.find(({ type }) => MULTIPART.test(type)) : undefined;
  if (form) return form;
  for (const kind of KINDS) {
    const found = contents.find(({ type }) => kind.test(type));
    if (found) return found;
  }
  return undefined;
}
