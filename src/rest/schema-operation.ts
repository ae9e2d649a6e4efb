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

/** The Operation Object of one binding. Source: https://spec.openapis.org/oas/v3.1.1.html#operation-object */
export function describeOperation(view: ContractView, own: OperationView, binding: HttpBinding, place: Place): JsonObject {
  const { operation, input } = own;
  const schema = own.inputSchema && resolve(own.inputSchema, view.definitions.input);
  const properties = (schema?.['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const fields = input?.fields ?? [];
  const rest = fields.filter((field) => !binding.params.includes(field.name));
  const sent = requestBodyOf(operation, binding);
  const inQuery = hasBody(binding) ? (sent?.kind === 'raw' ? rest.filter(({ name }) => name !== sent.member) : []) : rest;
  const parameter = (field: Field, kind: 'path' | 'query') => describeParameter(field, kind, properties[field.name] ?? {}, view, place);
  const parameters: JsonObject[] = [];
  for (const field of fields) if (binding.params.includes(field.name)) parameters.push(parameter(field, 'path'));
  for (const field of inQuery) parameters.push(parameter(field, 'query'));
  const selected = place.fields ? selectable(own) : undefined;
  if (selected) parameters.push(fieldsParameter(selected));
  if (binding.method === 'GET') parameters.push(reference('parameters', 'IfNoneMatch'));
  if (operation.kind === 'mutation' && !operation.item)
    parameters.push(reference('parameters', 'IdempotencyKey'), reference('parameters', 'RequestId'));
  const raw = sent?.kind === 'raw' ? rest.find(({ name }) => name === sent.member) : undefined;
  const body = raw
    ? { ...(!mayLeaveOut(raw) && { required: true }), content: rawContent(raw, sent?.kind === 'raw' ? sent.mediaType : undefined) }
    : hasBody(binding) && schema && own.inputSchema
      ? bodyOf(own.inputSchema, schema, rest, binding, view, place.components, sent !== undefined)
      : undefined;
  const made: Record<string, unknown> = { operationId: place.id, tags: [operation.service] };
  Object.assign(made, notesOf(operation), securityOf(operation));
  if (parameters.length > 0) made['parameters'] = parameters;
  if (body) made['requestBody'] = body;
  made['responses'] = byStatus([...successOf(view, own, binding, place), ...problemsOf(own, place.components)]);
  return made;
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
): JsonObject {
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
    ...exampleOf(schema, definitions.input),
  };
}

/** The type whose fields `?fields=username,email` chooses, if there is one; an input of that name would hide it. */
function selectable({ operation, output, input }: OperationView): ObjectNode | undefined {
  if (answerBodyOf(operation)) return undefined;
  const node = output?.node.kind === 'list' ? output.node.items.node : output?.node;
  if (node?.kind !== 'object' || node.fields.length === 0 || input?.fields.some((field) => field.name === 'fields')) return undefined;
  return node;
}

const fieldsParameters = new WeakMap<ObjectNode, JsonObject>();

function fieldsParameter(node: ObjectNode): JsonObject {
  let made = fieldsParameters.get(node);
  if (!made) {
    const names = { type: 'string', enum: node.fields.map((field) => field.name) };
    const schema = { type: 'array', items: names, minItems: 1 };
    made = { name: 'fields', in: 'query', description: 'Answer with these fields only.', style: 'form', explode: false, schema };
    fieldsParameters.set(node, made);
  }
  return made;
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
  const { operation, output, outputSchema } = own;
  const headers: Record<string, JsonObject> = { 'x-request-id': reference('headers', 'RequestId') };
  if (own.itemSchema) return streamOf(place.components.refer(own.itemSchema, 'output'), headers);
  const status = String(statusOf(own, binding));
  Object.assign(headers, deprecationOf(operation));
  if (!output || !outputSchema) return [[status, { description: 'Done.', headers }]];
  const isGet = binding.method === 'GET';
  const body = answerBodyOf(operation);
  if (binding.cacheControl !== undefined) headers['Cache-Control'] = { schema: { type: 'string' }, example: binding.cacheControl };
  if (isGet) headers['ETag'] = reference('headers', 'ETag');
  if (locationParam(view, output, binding) !== undefined) headers['Location'] = reference('headers', 'Location');
  if (operation.pagedBy !== undefined) headers['Link'] = reference('headers', 'Link');
  if (body?.isFile) headers['Content-Disposition'] = DISPOSITION;
  const answer: Response = [
    status,
    {
      description: output.node.description ?? 'Done.',
      headers,
      content: body ? answerContent(body, output) : { [JSON_TYPE]: { schema: answerSchema(view, own, outputSchema, place) } },
    },
  ];
  return isGet ? [answer, NOT_CHANGED] : [answer];
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
  if (errors.length === 0 && Object.keys(operation.errors).length === 0) return operation.input ? INPUT_PROBLEMS : [ANY_PROBLEM];
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
  const responses = [...known].map(([status, { codes: plain, named }]) =>
    status === STATUS.INVALID_ARGUMENT && operation.input && plain.size + named.length === 1
      ? BAD_INPUT
      : problem(status, [...plain, ...named.map(({ name }) => name)], problemSchema(named, components)),
  );
  return [...responses, ANY_PROBLEM];
}

function problem(status: number, names: readonly string[], schema: JsonObject): Response {
  return [
    String(status),
    {
      description: names.map((name) => `\`${name}\``).join(' or '),
      headers: {
        ...((status === 429 || status === 503) && { 'Retry-After': reference('headers', 'RetryAfter') }),
        'x-request-id': reference('headers', 'RequestId'),
      },
      content: { [PROBLEM_TYPE]: { schema } },
    },
  ];
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

type ReferenceKind = 'parameters' | 'headers' | 'responses' | 'schemas';

const references = new Map<string, JsonObject>();

/** One object for each: a large document refers to the same few again and again. */
function reference(kind: ReferenceKind, name: string): JsonObject {
  const $ref = `#/components/${kind}/${name}`;
  let made = references.get($ref);
  if (!made) references.set($ref, (made = { $ref }));
  return made;
}

const ANY_PROBLEM: Response = ['default', reference('responses', 'Problem')];

const BAD_INPUT: Response = [String(STATUS.INVALID_ARGUMENT), reference('responses', 'InvalidArgument')];

/** Those of an operation that declares none, which most are: one object for all. */
const INPUT_PROBLEMS: Response[] = [BAD_INPUT, ANY_PROBLEM];

const NOT_CHANGED: Response = ['304', reference('responses', 'NotChanged')];

/** The responses that many operations have, as components: they make a document of 3,000 operations 15 % shorter. */
export const RESPONSES = {
  Problem: {
    description: 'The call failed.',
    headers: { 'Retry-After': reference('headers', 'RetryAfter'), 'x-request-id': reference('headers', 'RequestId') },
    content: { [PROBLEM_TYPE]: { schema: reference('schemas', 'ProblemDetails') } },
  },
  InvalidArgument: problem(STATUS.INVALID_ARGUMENT, ['INVALID_ARGUMENT'], reference('schemas', 'ProblemDetails'))[1],
  NotChanged: {
    description: 'Not changed since the ETag in `If-None-Match`.',
    headers: { 'x-request-id': reference('headers', 'RequestId') },
  },
};
