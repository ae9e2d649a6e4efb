import { isErrorCode, type ErrorCode, type JsonObject } from '../core/errors.ts';
import { notesOf } from '../schema/openapi.ts';
import { PROBLEM_TYPE } from '../http/message/problem.ts';
import type { Components } from '../schema/components.ts';
import type { HttpBinding } from '../core/http-binding.ts';
import {
  mayLeaveOut,
  type ContractView,
  type ErrorView,
  type EventView,
  type Field,
  type JsonSchema,
  type ObjectNode,
  type OperationView,
} from '../schema/view.ts';
import type { EventDefinition, Operation } from '../core/contract.ts';
import { deprecationHeaders } from '../peer/deprecation.ts';
import { answerBodyOf, requestBodyOf } from './files/bodies.ts';
import { answerContent, DISPOSITION, formContent, rawContent } from './files/describe.ts';
import { locationParam } from './location.ts';
import { statusOf } from './operation-route.ts';
import { exampleOf, resolve } from './schema-example.ts';
import { STATUS } from './status.ts';
import { EVENT_STREAM_TYPE, hasBody, JSON_TYPE, NDJSON_TYPE } from './wire.ts';

/** The place of a description in the document. */
export interface Place {
  /** The document's `operationId`. */
  readonly id: string;
  /** The names that the document has for the path's parameters. */
  readonly renamed: ReadonlyMap<string, string>;
  readonly components: Components;
  /** Whether `?fields=` is described. */
  readonly fields: boolean;
}

/** The Operation Object of one binding, as text. Source: https://spec.openapis.org/oas/v3.1.1.html#operation-object */
export function describeOperation(view: ContractView, own: OperationView, binding: HttpBinding, place: Place): string {
  const { operation, input } = own;
  const schema = own.inputSchema && resolve(own.inputSchema, view.definitions.input);
  const properties = (schema?.['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const sent = requestBodyOf(operation, binding);
  const rawName = sent?.kind === 'raw' ? sent.member : undefined;
  const rest: Field[] = [];
  const inPath: string[] = [];
  const inQuery: string[] = [];
  let raw: Field | undefined;
  for (const field of input?.fields ?? []) {
    const { name } = field;
    const isInPath = binding.params.includes(name);
    if (!isInPath) rest.push(field);
    if (!isInPath && name === rawName) raw = field;
    else if (isInPath || rawName !== undefined || !hasBody(binding))
      (isInPath ? inPath : inQuery).push(describeParameter(field, isInPath ? 'path' : 'query', properties[name] ?? {}, view, place));
  }
  const parameters = [...inPath, ...inQuery];
  const selected = place.fields ? selectable(own) : undefined;
  if (selected) parameters.push(fieldsParameter(selected));
  if (binding.method === 'GET') parameters.push(IF_NONE_MATCH);
  if (operation.kind === 'mutation' && !operation.item) parameters.push(OF_MUTATIONS);
  const body = raw
    ? { ...(!mayLeaveOut(raw) && { required: true }), content: rawContent(raw, sent?.kind === 'raw' ? sent.mediaType : undefined) }
    : hasBody(binding) && schema && own.inputSchema
      ? bodyOf(own.inputSchema, schema, rest, binding, view, place.components, sent !== undefined)
      : undefined;
  const head = JSON.stringify({ operationId: place.id, tags: [operation.service], ...notesOf(operation), ...securityOf(operation) });
  const params = parameters.length > 0 ? `"parameters":[${parameters.join()}],` : '';
  const responses = `${successOf(view, own, binding, place, selected)},${problemsOf(own, place.components)}`;
  return `${head.slice(0, -1)},${params}${body ? `"requestBody":${JSON.stringify(body)},` : ''}"responses":{${responses}}}`;
}

/**
 * The callers that are allowed: the schemes are in the document's components. Source:
 * https://spec.openapis.org/oas/v3.1.1.html#security-requirement-object
 */
function securityOf({ security = [] }: Operation | EventDefinition): JsonObject {
  return security.length === 0 ? {} : { security };
}

/** The Operation Object of an event stream: `GET /<channel>`. */
export function describeEvent(view: EventView, { id, renamed, components }: Place): JsonObject {
  const { event, payloadSchema } = view;
  return {
    operationId: id,
    tags: [event.service],
    ...notesOf(event, 'A stream that does not end by itself.'),
    ...securityOf(event),
    parameters: [
      ...event.params.map((param) => ({
        name: renamed.get(param) ?? param,
        in: 'path',
        required: true,
        description: `Only events with this ${param}; \`+\` stands for all.`,
        schema: { type: 'string' },
      })),
      reference('parameters', 'LastEventId'),
    ],
    responses: {
      '200': {
        description:
          'A stream of server-sent events that does not end by itself. `data` is the event, `id` resumes after it, `time` is when it happened.',
        content: {
          [EVENT_STREAM_TYPE]: {
            schema: { type: 'string', contentMediaType: EVENT_STREAM_TYPE },
            'x-event': { type: event.type, data: components.refer(payloadSchema, 'output') },
          },
        },
      },
      default: reference('responses', 'Problem'),
    },
  };
}

function describeParameter(
  field: Field,
  kind: 'path' | 'query',
  schema: JsonSchema,
  { definitions }: ContractView,
  { renamed, components }: Place,
): string {
  const described = components.refer(schema, 'input');
  return JSON.stringify({
    name: kind === 'path' ? (renamed.get(field.name) ?? field.name) : field.name,
    in: kind,
    ...((kind === 'path' || !mayLeaveOut(field)) && { required: true }),
    description: described['description'],
    deprecated: described['deprecated'],
    ...(field.node.kind === 'list' && { style: 'form', explode: true }),
    schema: { ...described, description: undefined, deprecated: undefined },
    ...exampleOf(schema, definitions.input),
  });
}

/** The type whose fields `?fields=username,email` chooses, if there is one; an input of that name would hide it. */
function selectable({ operation, output, input }: OperationView): ObjectNode | undefined {
  if (answerBodyOf(operation)) return undefined;
  const node = output?.node.kind === 'list' ? output.node.items.node : output?.node;
  if (node?.kind !== 'object' || node.fields.length === 0 || input?.fields.some((field) => field.name === 'fields')) return undefined;
  return node;
}

function fieldsParameter({ fields }: ObjectNode): string {
  const names = JSON.stringify(fields.map((field) => field.name));
  return `{"name":"fields","in":"query","description":"Answer with these fields only.","style":"form","explode":false,"schema":{"type":"array","items":{"type":"string","enum":${names}},"minItems":1}}`;
}

/** The schema of an answer: whole, or with the fields that were asked for, which `selected` has. */
function answerSchema(
  view: ContractView,
  own: OperationView,
  schema: JsonSchema,
  { components }: Place,
  selected: ObjectNode | undefined,
): JsonSchema {
  const whole = components.refer(schema, 'output');
  if (!selected) return whole;
  const some = components.partial(selected.name ?? '', () => {
    const list = resolve(schema, view.definitions.output);
    return own.output?.node.kind === 'list' ? resolve((list['items'] ?? {}) as JsonSchema, view.definitions.output) : list;
  });
  return { anyOf: [whole, own.output?.node.kind === 'list' ? { type: 'array', items: some } : some] };
}

/** The input without what is in the path. */
function bodyOf(
  given: JsonSchema,
  resolved: JsonSchema,
  rest: readonly Field[],
  binding: HttpBinding,
  { definitions }: ContractView,
  components: Components,
  isForm: boolean,
): JsonObject | undefined {
  if (rest.length === 0) return undefined;
  const isWhole = binding.params.length === 0;
  const schema = isWhole ? resolved : partOf(resolved, rest);
  const content: JsonObject = isForm ? formContent(components.refer(schema, 'input'), rest) : {};
  const json = { schema: components.refer(isWhole ? given : schema, 'input'), ...exampleOf(schema, definitions.input) };
  const body = { content: { ...content, [JSON_TYPE]: json } };
  return ((schema['required'] ?? []) as readonly string[]).length > 0 ? { required: true, ...body } : body;
}

/** The schema of an object that has some of the fields only. */
function partOf({ required: all = [], properties = {}, ...others }: JsonSchema, some: readonly Field[]): JsonSchema {
  const names = new Set(some.map((field) => field.name));
  const required = (all as readonly string[]).filter((name) => names.has(name));
  const kept = Object.entries(properties as JsonObject).filter(([name]) => names.has(name));
  return { ...others, properties: Object.fromEntries(kept), ...(required.length > 0 && { required }) };
}

/** A member of the Responses Object: a status, or `default`, and its Response Object. */
function response(status: string | number, described: JsonObject): string {
  return `"${status}":${JSON.stringify(described)}`;
}

function successOf(view: ContractView, own: OperationView, binding: HttpBinding, place: Place, selected: ObjectNode | undefined): string {
  const { operation, output, outputSchema } = own;
  if (own.itemSchema) return streamOf(place.components.refer(own.itemSchema, 'output'));
  const status = statusOf(own, binding);
  let headers = `${REQUEST_ID}${deprecationOf(operation)}`;
  if (!output || !outputSchema) return `"${status}":{"description":"Done.","headers":{${headers}}}`;
  const isGet = binding.method === 'GET';
  const body = answerBodyOf(operation);
  if (binding.cacheControl !== undefined)
    headers += `,"Cache-Control":${JSON.stringify({ schema: { type: 'string' }, example: binding.cacheControl })}`;
  if (isGet) headers += ETAG;
  if (locationParam(view, output, binding) !== undefined) headers += LOCATION;
  if (operation.pagedBy !== undefined) headers += LINK;
  if (body?.isFile) headers += `,"Content-Disposition":${JSON.stringify(DISPOSITION)}`;
  const content = body ? answerContent(body, output) : { [JSON_TYPE]: { schema: answerSchema(view, own, outputSchema, place, selected) } };
  const description = JSON.stringify(output.node.description ?? 'Done.');
  const answer = `"${status}":{"description":${description},"headers":{${headers}},"content":${JSON.stringify(content)}}`;
  return isGet ? answer + NOT_CHANGED : answer;
}

/** The headers that say since when, and until when. */
function deprecationOf({ deprecated }: Operation): string {
  const { deprecation, sunset } = deprecationHeaders(deprecated) ?? {};
  return `${deprecation === undefined ? '' : DEPRECATION}${sunset === undefined ? '' : SUNSET}`;
}

/** A streamed operation: each event, or each line, is an item. */
function streamOf(item: JsonObject): string {
  const headers = { 'x-request-id': reference('headers', 'RequestId') };
  const items = response('200', {
    description:
      'Items one after the other, as server-sent events or as lines of JSON. The event `end` is the last, with the error if there is one.',
    headers,
    content: {
      [EVENT_STREAM_TYPE]: { schema: { type: 'string', contentMediaType: EVENT_STREAM_TYPE }, 'x-item': item },
      [NDJSON_TYPE]: { schema: { type: 'string', contentMediaType: NDJSON_TYPE }, 'x-item': item },
    },
  });
  return `${items},${response('204', { description: 'A stream does not resume: nothing comes after `Last-Event-ID`.', headers })}`;
}

/** The errors that the operation gives on purpose, by status; others are the `default`. */
function problemsOf({ operation, errors }: OperationView, components: Components): string {
  if (errors.length === 0 && Object.keys(operation.errors).length === 0) return operation.input ? INPUT_PROBLEMS : ANY_PROBLEM;
  const codes = Object.entries(operation.errors).flatMap(([name, { code }]) => (isErrorCode(name) ? [code] : []));
  if (operation.input) codes.unshift('INVALID_ARGUMENT');
  const known = new Map<number, { readonly codes: Set<ErrorCode>; readonly named: ErrorView[] }>();
  const at = (code: ErrorCode) => {
    const found = known.get(STATUS[code]) ?? { codes: new Set<ErrorCode>(), named: [] };
    known.set(STATUS[code], found);
    return found;
  };
  for (const code of codes) at(code).codes.add(code);
  for (const error of errors) at(error.code).named.push(error);
  const responses = [...known]
    .sort(([one], [other]) => one - other)
    .map(([status, { codes: plain, named }]) => {
      if (status === STATUS.INVALID_ARGUMENT && operation.input && plain.size + named.length === 1) return BAD_INPUT;
      return response(status, problem(status, [...plain, ...named.map(({ name }) => name)], problemSchema(named, components)));
    });
  return [...responses, ANY_PROBLEM].join();
}

function problem(status: number, names: readonly string[], schema: JsonObject): JsonObject {
  return {
    description: names.map((name) => `\`${name}\``).join(' or '),
    headers: {
      ...((status === 429 || status === 503) && { 'Retry-After': reference('headers', 'RetryAfter') }),
      'x-request-id': reference('headers', 'RequestId'),
    },
    content: { [PROBLEM_TYPE]: { schema } },
  };
}

/** A problem document that may be one of the declared errors. */
function problemSchema(named: readonly ErrorView[], components: Components): JsonObject {
  const any = reference('schemas', 'ProblemDetails');
  if (named.length === 0) return any;
  const typed = named.map(({ name, code, description, detailsSchema }) => ({
    allOf: [
      any,
      {
        type: 'object',
        ...(description !== undefined && { description }),
        properties: {
          code: { const: code },
          reason: { const: name },
          ...(detailsSchema && { details: components.refer(detailsSchema, 'output') }),
        },
        required: ['code', 'reason', ...(detailsSchema ? ['details'] : [])],
      },
    ],
  }));
  return { anyOf: [...typed, any] };
}

function reference(kind: 'parameters' | 'headers' | 'responses' | 'schemas', name: string): JsonObject {
  return { $ref: `#/components/${kind}/${name}` };
}

// The texts that many operations have.
const header = (name: string, component: string) => `${JSON.stringify(name)}:${JSON.stringify(reference('headers', component))}`;

const REQUEST_ID = header('x-request-id', 'RequestId');
const DEPRECATION = `,${header('Deprecation', 'Deprecation')}`;
const SUNSET = `,${header('Sunset', 'Sunset')}`;
const ETAG = `,${header('ETag', 'ETag')}`;
const LOCATION = `,${header('Location', 'Location')}`;
const LINK = `,${header('Link', 'Link')}`;
const IF_NONE_MATCH = JSON.stringify(reference('parameters', 'IfNoneMatch'));
const OF_MUTATIONS = ['IdempotencyKey', 'RequestId'].map((name) => JSON.stringify(reference('parameters', name))).join();
const NOT_CHANGED = `,${response('304', reference('responses', 'NotChanged'))}`;
const ANY_PROBLEM = response('default', reference('responses', 'Problem'));
const BAD_INPUT = response(STATUS.INVALID_ARGUMENT, reference('responses', 'InvalidArgument'));
/** Those of an operation that declares none, which most are. */
const INPUT_PROBLEMS = `${BAD_INPUT},${ANY_PROBLEM}`;

/** The responses that many operations have, as components: they make a document of 3,000 operations 15 % shorter. */
export const RESPONSES = {
  Problem: {
    description: 'The call failed.',
    headers: { 'Retry-After': reference('headers', 'RetryAfter'), 'x-request-id': reference('headers', 'RequestId') },
    content: { [PROBLEM_TYPE]: { schema: reference('schemas', 'ProblemDetails') } },
  },
  InvalidArgument: problem(STATUS.INVALID_ARGUMENT, ['INVALID_ARGUMENT'], reference('schemas', 'ProblemDetails')),
  NotChanged: {
    description: 'Not changed since the ETag in `If-None-Match`.',
    headers: { 'x-request-id': reference('headers', 'RequestId') },
  },
};
