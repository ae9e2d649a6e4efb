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
import { STATUS } from './status.ts';
import { EVENT_STREAM_TYPE, hasBody, JSON_TYPE, NDJSON_TYPE } from './wire.ts';

/** Where a description stands in the document. */
export interface Place {
  /** The document's `operationId`. */
  readonly id: string;
  /** The names that the document has for the path's parameters. */
  readonly renamed: ReadonlyMap<string, string>;
  readonly components: Components;
  /** Whether `?fields=` is described. */
  readonly fields: boolean;
}

/** The Operation Object of one binding. Source: https://spec.openapis.org/oas/v3.1.1.html#operation-object */
export function describeOperation(view: ContractView, own: OperationView, binding: HttpBinding, place: Place): JsonObject {
  const { operation, input } = own;
  const schema = own.inputSchema && resolve(own.inputSchema, view.definitions.input);
  const properties = (schema?.['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const fields = input?.fields ?? [];
  const rest = fields.filter((field) => !binding.params.includes(field.name));
  const sent = requestBodyOf(operation, binding);
  const inQuery = hasBody(binding) ? (sent?.kind === 'raw' ? rest.filter(({ name }) => name !== sent.member) : []) : rest;
  const parameter = (field: Field, kind: 'path' | 'query') => describeParameter(field, kind, properties[field.name] ?? {}, place);
  const parameters = [
    ...fields.filter((field) => binding.params.includes(field.name)).map((field) => parameter(field, 'path')),
    ...inQuery.map((field) => parameter(field, 'query')),
    ...(place.fields ? fieldsParameter(own) : []),
    ...(binding.method === 'GET' ? [reference('parameters', 'IfNoneMatch')] : []),
    ...(operation.kind === 'mutation' && !operation.item
      ? [reference('parameters', 'IdempotencyKey'), reference('parameters', 'RequestId')]
      : []),
  ];
  const raw = sent?.kind === 'raw' ? rest.find(({ name }) => name === sent.member) : undefined;
  const body = raw
    ? { ...(!mayLeaveOut(raw) && { required: true }), content: rawContent(raw, sent?.kind === 'raw' ? sent.mediaType : undefined) }
    : hasBody(binding) && schema && own.inputSchema
      ? bodyOf(own.inputSchema, schema, rest, binding, place.components, sent !== undefined)
      : undefined;
  return {
    operationId: place.id,
    tags: [operation.service],
    ...notesOf(operation),
    ...securityOf(operation),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: body }),
    responses: byStatus([...successOf(view, own, binding, place), ...problemsOf(own, place.components)]),
  };
}

/** Who may call: the schemes are in the document's components. Source: https://spec.openapis.org/oas/v3.1.1.html#security-requirement-object */
function securityOf({ security = [] }: Operation | EventDefinition): JsonObject {
  return security.length === 0 ? {} : { security };
}

/** The Operation Object of an event stream: `GET /<channel>`. */
export function describeEvent(view: EventView, { id, renamed, components }: Place): JsonObject {
  const { event, payloadSchema } = view;
  return {
    operationId: id,
    tags: [event.service],
    ...notesOf(event),
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

function describeParameter(field: Field, kind: 'path' | 'query', schema: JsonSchema, { renamed, components }: Place): JsonObject {
  const described = components.refer(schema, 'input');
  const { description, deprecated, ...bare } = described;
  return {
    name: kind === 'path' ? (renamed.get(field.name) ?? field.name) : field.name,
    in: kind,
    ...((kind === 'path' || !mayLeaveOut(field)) && { required: true }),
    ...(description !== undefined && { description }),
    ...(deprecated !== undefined && { deprecated }),
    ...(field.node.kind === 'list' && { style: 'form', explode: true }),
    schema: bare,
  };
}

/** The type whose fields `?fields=username,email` chooses, if there is one; an input of that name would hide it. */
function selectable({ operation, output, input }: OperationView): ObjectNode | undefined {
  if (answerBodyOf(operation)) return undefined;
  const node = output?.node.kind === 'list' ? output.node.items.node : output?.node;
  if (node?.kind !== 'object' || node.fields.length === 0 || input?.fields.some((field) => field.name === 'fields')) return undefined;
  return node;
}

function fieldsParameter(view: OperationView): JsonObject[] {
  const node = selectable(view);
  if (!node) return [];
  return [
    {
      name: 'fields',
      in: 'query',
      description: 'Answer with these fields only.',
      style: 'form',
      explode: false,
      schema: { type: 'array', items: { type: 'string', enum: node.fields.map((field) => field.name) }, minItems: 1 },
    },
  ];
}

/** The schema of an answer: whole, or with the fields that were asked for. */
function answerSchema(view: ContractView, own: OperationView, schema: JsonSchema, { components, fields }: Place): JsonSchema {
  const whole = components.refer(schema, 'output');
  const node = fields ? selectable(own) : undefined;
  if (!node) return whole;
  const some = components.partial(node.name ?? '', () => {
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
  components: Components,
  isForm: boolean,
): JsonObject | undefined {
  if (rest.length === 0) return undefined;
  const names = new Set(rest.map((field) => field.name));
  const required = ((resolved['required'] ?? []) as readonly string[]).filter((name) => names.has(name));
  const { required: _, ...others } = resolved;
  const schema = {
    ...others,
    properties: Object.fromEntries(Object.entries(resolved['properties'] ?? {}).filter(([name]) => names.has(name))),
    ...(required.length > 0 && { required }),
  };
  return {
    ...(required.length > 0 && { required: true }),
    content: {
      ...(isForm && formContent(components.refer(schema, 'input'), rest)),
      [JSON_TYPE]: { schema: components.refer(binding.params.length === 0 ? given : schema, 'input') },
    },
  };
}

/** A status, or `default`, and its Response Object. */
type Response = readonly [status: string, response: JsonObject];

/**
 * The Responses Object. V8 lays out an array up to the highest number among an object's names, 5 KB for `404`, unless one of them was not a plain
 * member at first.
 */
function byStatus([first, ...others]: readonly Response[]): JsonObject {
  const responses: Record<string, JsonObject> = {};
  if (!first) return responses;
  Object.defineProperty(responses, first[0], { value: first[1], enumerable: true, configurable: true });
  Object.defineProperty(responses, first[0], { writable: true });
  for (const [status, response] of others) responses[status] = response;
  return responses;
}

function successOf(view: ContractView, own: OperationView, binding: HttpBinding, place: Place): Response[] {
  const requestId = { 'x-request-id': reference('headers', 'RequestId') };
  if (own.itemSchema) return streamOf(place.components.refer(own.itemSchema, 'output'), requestId);
  const status = String(statusOf(own, binding));
  const more = { ...requestId, ...deprecationOf(own.operation) };
  if (!own.output || !own.outputSchema) return [[status, { description: 'Done.', headers: more }]];
  const isGet = binding.method === 'GET';
  const body = answerBodyOf(own.operation);
  const headers = {
    ...more,
    ...(binding.cacheControl !== undefined && { 'Cache-Control': { schema: { type: 'string' }, example: binding.cacheControl } }),
    ...(isGet && { ETag: reference('headers', 'ETag') }),
    ...(locationParam(view, own.output, binding) !== undefined && { Location: reference('headers', 'Location') }),
    ...(own.operation.pagedBy !== undefined && { Link: reference('headers', 'Link') }),
    ...(body?.isFile && { 'Content-Disposition': DISPOSITION }),
  };
  const answer = {
    description: own.output.node.description ?? 'Done.',
    headers,
    content: body ? answerContent(body, own.output) : { [JSON_TYPE]: { schema: answerSchema(view, own, own.outputSchema, place) } },
  };
  if (!isGet) return [[status, answer]];
  return [
    [status, answer],
    ['304', { description: 'Not changed since the ETag in `If-None-Match`.', headers: requestId }],
  ];
}

/** The headers that say since when, and until when. */
function deprecationOf({ deprecated }: Operation): JsonObject {
  const { deprecation, sunset } = deprecationHeaders(deprecated) ?? {};
  return {
    ...(deprecation !== undefined && { Deprecation: reference('headers', 'Deprecation') }),
    ...(sunset !== undefined && { Sunset: reference('headers', 'Sunset') }),
  };
}

/** A streamed operation: each event, or each line, is an item. */
function streamOf(item: JsonObject, headers: JsonObject): Response[] {
  return [
    [
      '200',
      {
        description:
          'Items one after the other, as server-sent events or as lines of JSON. The event `end` is the last, with the error if there is one.',
        headers,
        content: {
          [EVENT_STREAM_TYPE]: { schema: { type: 'string', contentMediaType: EVENT_STREAM_TYPE }, 'x-item': item },
          [NDJSON_TYPE]: { schema: { type: 'string', contentMediaType: NDJSON_TYPE }, 'x-item': item },
        },
      },
    ],
    ['204', { description: 'A stream does not resume: nothing comes after `Last-Event-ID`.', headers }],
  ];
}

/** The errors that the operation gives on purpose, by status; others are the `default`. */
function problemsOf({ operation, errors }: OperationView, components: Components): Response[] {
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
  const responses = [...known].map(([status, { codes: plain, named }]): Response => [
    String(status),
    {
      description: [...[...plain].map((code) => `\`${code}\``), ...named.map(({ name }) => `\`${name}\``)].join(' or '),
      headers: {
        ...((status === 429 || status === 503) && { 'Retry-After': reference('headers', 'RetryAfter') }),
        'x-request-id': reference('headers', 'RequestId'),
      },
      content: { [PROBLEM_TYPE]: { schema: problemSchema(named, components) } },
    },
  ]);
  return [...responses, ['default', reference('responses', 'Problem')]];
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

function resolve(schema: JsonSchema, definitions: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const ref = schema['$ref'];
  return typeof ref === 'string' ? resolve(definitions[ref.slice('#/$defs/'.length)] ?? {}, definitions) : schema;
}

type ReferenceKind = 'parameters' | 'headers' | 'responses' | 'schemas';

const references = new Map<string, JsonObject>();

/** One object for each: a large document refers to the same few again and again. */
function reference(kind: ReferenceKind, name: string): JsonObject {
  const $ref = `#/components/${kind}/${name}`;
  let made = references.get($ref);
  if (!made) references.set($ref, (made = { $ref }));
  return made;
}
