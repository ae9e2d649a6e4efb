import { describeWebhook } from '../schema/openapi.ts';
import { readOptions } from '../core/options.ts';
import { parseJson } from '../peer/json.ts';
import type { Contract } from '../core/contract.ts';
import { ERROR_CODES, type JsonObject } from '../core/errors.ts';
import { createComponents, type Components } from '../schema/components.ts';
import { describeContract, type ContractView, type EventView } from '../schema/view.ts';
import type { DescribedCloudEvents } from '../schema/asyncapi/cloud-events.ts';
import { describeEvent, describeOperation, RESPONSES, type Place } from './schema-operation.ts';

/** Options of `openApi`. */
export interface OpenApiOptions {
  /** @default the contract's name */
  readonly title?: string;
  /** The address of the API: `https://example.com/api`, or a path such as `/api`. @default none, which means `/` at the host of the document */
  readonly servers?: readonly string[];
  /** Describes events as event streams and webhooks. @default true */
  readonly events?: boolean;
  /**
   * Describes `?fields=`, with which an answer may lack fields: generated clients then see every field as optional. `false` leaves both out of the
   * document. @default true
   */
  readonly fields?: boolean;
  /** How webhooks are CloudEvents: the option `cloudEvents` of `webhookHandler`. @default not at all */
  readonly webhookCloudEvents?: DescribedCloudEvents | undefined;
}

/** Names that the document needs itself. */
const OWN_SCHEMAS = ['ProblemDetails'];

/**
 * The OpenAPI 3.1 document of a contract.
 * Throws a `TypeError` as `describeContract` does. Source: https://spec.openapis.org/oas/v3.1.1.html
 */
export function openApi(contract: Contract, options: OpenApiOptions = {}): JsonObject {
  return parseJson(openApiText(contract, options), Infinity) as JsonObject;
}

/**
 * As `openApi`, but as text. It is written operation by operation: the objects that describe a large contract cost more to make, to keep and to write than
 * their text.
 */
export function openApiText(contract: Contract, options: OpenApiOptions = {}): string {
  const view = describeContract(contract);
  const read = readOptions('openApi', options, {}, ['title', 'servers', 'events', 'fields', 'webhookCloudEvents']);
  const { title = contract.name, servers, events = true, fields = true, webhookCloudEvents } = read;
  const { securitySchemes = {} } = contract;
  const components = createComponents(view, '#/components/schemas/', { taken: OWN_SCHEMAS, discriminators: true });
  const eventViews = events ? [...view.events.values()] : [];
  const head = JSON.stringify({
    openapi: '3.1.0',
    info: { title, version: contract.version, ...(contract.description !== undefined && { description: contract.description }) },
    ...(servers && { servers: servers.map((url) => ({ url })) }),
    tags: contract.services.map((name) => ({ name })),
  });
  const paths = describePaths(view, eventViews, components, fields);
  const webhooks = Object.fromEntries(
    eventViews.map((event) => [event.event.type, { post: describeWebhook(contract, event, components, webhookCloudEvents) }]),
  );
  // The paths and webhooks have led to the components.
  const tail = JSON.stringify({
    ...(eventViews.length > 0 && { webhooks }),
    components: {
      schemas: { ...components.schemas, ProblemDetails: PROBLEM },
      ...(Object.keys(securitySchemes).length > 0 && { securitySchemes }),
      parameters: PARAMETERS,
      headers: HEADERS,
      responses: RESPONSES,
    },
  });
  return `${head.slice(0, -1)},"paths":${paths},${tail.slice(1)}`;
}

/** The contents of a path: the method, the `operationId`, and what describes it. */
interface Placed {
  readonly method: string;
  readonly id: string;
  readonly path: string;
  readonly describe: (place: Place) => string;
}

/** The Paths Object. */
function describePaths(view: ContractView, events: readonly EventView[], components: Components, fields: boolean): string {
  let paths = '';
  for (const [first, placed] of byPath(view, events)) {
    let item = '';
    for (const { method, id, path, describe } of placed)
      item += `${item && ','}"${method}":${describe({ id, renamed: renamed(path, first), components, fields })}`;
    paths += `${paths && ','}${JSON.stringify(first)}:{${item}}`;
  }
  return `{${paths}}`;
}

/**
 * The contents of each path. OpenAPI takes `/users/{id}` and `/users/{userId}` for the same path and refuses it twice,
 * so the first one's names of parameters are everyone's.
 */
function byPath(view: ContractView, events: readonly EventView[]): ReadonlyMap<string, readonly Placed[]> {
  const ids = new Set<string>();
  const paths = new Map<string, Placed[]>();
  const firsts = new Map<string, string>();
  const put = (placed: Placed) => {
    const shape = placed.path.includes('{') ? placed.path.replace(/\{[^}]*\}/g, '{}') : placed.path;
    const first = firsts.get(shape) ?? placed.path;
    firsts.set(shape, first);
    const others = paths.get(first);
    if (others) others.push(placed);
    else paths.set(first, [placed]);
  };
  for (const own of view.operations.values()) {
    const { name, http } = own.operation;
    for (const binding of http) {
      const method = binding.method.toLowerCase();
      const id = freeId(ids, binding === http[0] ? name : `${name}_${method}`);
      put({ method, id, path: binding.path, describe: (place) => describeOperation(view, own, binding, place) });
    }
  }
  for (const event of events) {
    const id = freeId(ids, `on${capitalise(event.event.name)}`);
    put({ method: 'get', id, path: `/${event.event.channel}`, describe: (place) => JSON.stringify(describeEvent(event, place)) });
  }
  return paths;
}

const NOT_RENAMED: ReadonlyMap<string, string> = new Map();

/** The names that `first` has for the parameters of a path of the same shape. */
function renamed(path: string, first: string): ReadonlyMap<string, string> {
  if (path === first) return NOT_RENAMED;
  const names = paramsOf(first);
  return new Map(paramsOf(path).map((param, index) => [param, names[index] ?? param]));
}

function paramsOf(path: string): string[] {
  return [...path.matchAll(/\{([^}]*)\}/g)].map((match) => match[1] ?? '');
}

function freeId(ids: Set<string>, wanted: string): string {
  let id = wanted;
  for (let count = 2; ids.has(id); count++) id = wanted + count;
  ids.add(id);
  return id;
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** https://www.rfc-editor.org/rfc/rfc9457, with the members that carry this library's errors. */
const PROBLEM = {
  type: 'object',
  description: 'The problem (RFC 9457).',
  properties: {
    type: { type: 'string', format: 'uri-reference', default: 'about:blank' },
    title: { type: 'string', description: "The status' phrase." },
    status: { type: 'integer', format: 'int32', minimum: 400, maximum: 599 },
    detail: { type: 'string', description: 'The problem, for people.' },
    code: { type: 'string', enum: [...ERROR_CODES], description: 'The problem, for programs.' },
    reason: { type: 'string', description: 'The name of an error that the operation declares.' },
    details: {
      type: 'object',
      description: 'More about it; of INVALID_ARGUMENT: the faults of the input, and their places.',
      properties: {
        issues: {
          type: 'array',
          items: {
            type: 'object',
            properties: { path: { type: 'array', items: { type: ['string', 'integer'] } }, message: { type: 'string' } },
            required: ['path', 'message'],
          },
        },
      },
    },
    retryAfterMs: { type: 'number', minimum: 0, description: 'How long to wait before trying again, in milliseconds.' },
    requestId: { type: 'string', description: 'The id of the request, as the log has it.' },
  },
  required: ['title', 'status', 'code'],
};

const PARAMETERS = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'A repeated call with the same key and input gets the answer of the first; bare or quoted.',
    schema: { type: 'string', minLength: 1 },
  },
  RequestId: {
    name: 'x-request-id',
    in: 'header',
    description: 'Names the request in logs; made if absent, and echoed.',
    schema: { type: 'string' },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'An ETag: 304 if the answer has not changed.',
    schema: { type: 'string' },
  },
  LastEventId: { name: 'Last-Event-ID', in: 'header', description: 'Resume after this event.', schema: { type: 'string', maxLength: 256 } },
};

const HEADERS = {
  Deprecation: {
    description: 'Since when the operation is deprecated: `@` and seconds since 1970 (RFC 9745).',
    schema: { type: 'string' },
  },
  Sunset: { description: 'When the operation stops to work, as an HTTP date (RFC 8594).', schema: { type: 'string' } },
  RequestId: { description: 'The id of the request.', schema: { type: 'string' } },
  RetryAfter: { description: 'Seconds to wait before trying again.', schema: { type: 'integer', minimum: 0 } },
  ETag: { description: 'Changes with the answer.', schema: { type: 'string' } },
  Location: { description: 'The address of the new thing.', schema: { type: 'string', format: 'uri-reference' } },
  Link: { description: 'On a full page: the address of the next one, `rel="next"` (RFC 8288).', schema: { type: 'string' } },
};
