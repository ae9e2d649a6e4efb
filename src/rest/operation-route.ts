import type { Contract, Operation } from '../core/contract.ts';
import { ApiError } from '../core/errors.ts';
import { HttpError } from '../http/message/error.ts';
import { withHead } from '../http/message/head.ts';
import type { HttpRequest, HttpResponse } from '../http/message/message.ts';
import type { HttpBinding } from '../core/http-binding.ts';
import { parseMessage } from '../guard/max-items.ts';
import { writeQuery } from '../http/client/query-text.ts';
import { describeContract, type ContractView, type OperationView } from '../schema/view.ts';
import { compileQueryReader, compileTextReader } from '../schema/text.ts';
import type { ResponseHead, Selection } from '../core/transport.ts';
import { etagOf, matchesEtag } from './response/etag.ts';
import { fileAnswer } from './files/answer.ts';
import { answerBodyOf, requestBodyOf } from './files/bodies.ts';
import { isFormType } from '../http/message/form.ts';
import { compileFormReader, compileRawReader, type BodyLimits } from './files/input.ts';
import { compileFields } from './fields.ts';
import { locationParam } from './location.ts';
import { fillPath, hasBody, isObject, JSON_TYPE, pathSegment } from './wire.ts';

/** The request for an operation. */
export interface ReadInput {
  readonly value: unknown;
  /** The call that the service gets. */
  readonly select: Selection | undefined;
  /** The part of it that the caller wants to see. */
  readonly shown: Selection | undefined;
}

/** One binding of an operation, compiled: request to input, output to response. */
export interface OperationRoute {
  readonly operation: Operation;
  readInput(request: HttpRequest, params: Readonly<Record<string, string>>, limits: BodyLimits): ReadInput | Promise<ReadInput>;
  /** `said` is what the service says beside the output. */
  respond(request: HttpRequest, input: ReadInput, output: unknown, requestId: string, said?: ResponseHead): HttpResponse;
}

/** Compiles one binding. `root` stands before the paths in `Location` and `Link`; `onError` gets what fails once an answer has begun. */
export function compileOperation(
  contract: Contract,
  operation: Operation,
  binding: HttpBinding,
  root: string,
  onError: (error: unknown) => void,
): OperationRoute {
  const described = describeContract(contract);
  const view = described.operations.get(operation.name);
  if (!view) throw new TypeError(`operation ${operation.name} is not in the contract ${contract.name}`);
  return {
    operation,
    readInput: compileInput(view, binding),
    respond: compileResponse(described, view, binding, root, onError),
  };
}

function compileInput(view: OperationView, binding: HttpBinding): OperationRoute['readInput'] {
  const fields = view.input?.fields ?? [];
  const pathReaders = fields
    .filter((field) => binding.params.includes(field.name))
    .map((field) => [field.name, compileTextReader(field)] as const);
  const rest = fields.filter((field) => !binding.params.includes(field.name));
  const readQuery = hasBody(binding) ? undefined : compileQueryReader(rest);
  const isWhole = answerBodyOf(view.operation) !== undefined || fields.some((field) => field.name === 'fields');
  const select = isWhole ? undefined : compileFields(view.output);

  const withPath = (input: Record<string, unknown>, params: Readonly<Record<string, string>>): Record<string, unknown> => {
    for (const [name, read] of pathReaders) {
      const text = params[name];
      if (text !== undefined) input[name] = read(text);
    }
    return input;
  };
  const { pagedBy } = view.operation;
  const inputOf = (value: Record<string, unknown> | undefined, query: string): ReadInput => {
    const shown = query === '' ? undefined : select?.read(query);
    // The next page starts after the key, which need not be shown.
    return { value, select: shown && pagedBy !== undefined ? { ...shown, [pagedBy]: true } : shown, shown };
  };
  if (readQuery) return (request, params) => inputOf(view.input && withPath(readQuery(request.query), params), request.query);
  const body = requestBodyOf(view.operation, binding);
  if (body?.kind === 'raw') {
    const readRaw = compileRawReader(view, binding, body);
    return (request, params, limits) => readRaw(request, limits).then((members) => inputOf(withPath(members, params), request.query));
  }
  const readForm = body && compileFormReader(view, binding);
  return (request, params, limits) => {
    if (readForm && isFormType(request.headers['content-type']))
      return readForm(request, limits).then((members) => inputOf(withPath(members, params), request.query));
    const isTyped = checkType(request, readForm ? `multipart/form-data or ${JSON_TYPE}` : JSON_TYPE);
    return request
      .text(limits.maxBodyBytes)
      .then((text) => inputOf(view.input && withPath(readMembers(text, isTyped, limits.maxItems), params), request.query));
  };
}

/** Whether the body says that it is JSON. If it says that it is anything else, the call fails before anything is done for it. */
function checkType(request: HttpRequest, taken: string): boolean {
  const type = request.headers['content-type'];
  if (type !== undefined && type !== JSON_TYPE && !isJsonType(String(type)))
    throw new HttpError(415, `the body must be ${taken}, not ${String(type).slice(0, 100)}`);
  return type !== undefined;
}

/** The members of a JSON body; none if there is no body. */
function readMembers(text: string, isTyped: boolean, maxItems: number): Record<string, unknown> {
  if (text === '') return {};
  if (!isTyped) throw new HttpError(415, `the body has no content type: send 'Content-Type: ${JSON_TYPE}'`);
  const value = parseMessage(text, maxItems);
  if (!isObject(value)) throw new ApiError('INVALID_ARGUMENT', 'the body must be a JSON object');
  // A copy, because `JSON.parse` makes an own `__proto__` member, which assignment would turn into a prototype.
  return { ...value };
}

/** `application/json` and `application/anything+json`, in UTF-8. */
function isJsonType(type: string): boolean {
  const match = /^application\/(?:json|[a-z0-9.!#$&^_-]+\+json)\s*(?:;\s*charset="?([a-z0-9-]+)"?\s*)?(?:;.*)?$/i.exec(type);
  return match !== null && (match[1] === undefined || /^utf-?8$/i.test(match[1]));
}

function compileResponse(
  contract: ContractView,
  view: OperationView,
  binding: HttpBinding,
  root: string,
  onError: (error: unknown) => void,
): OperationRoute['respond'] {
  const { operation } = view;
  const fields = compileFields(view.output);
  const status = statusOf(view, binding);
  const { cacheControl } = binding;
  const locate = compileLocation(contract, view, binding, root);
  const nextPage = operation.pagedBy === undefined ? undefined : compileNextPage(view, binding, operation.pagedBy, root);
  const isGet = binding.method === 'GET';

  const body = answerBodyOf(operation);
  if (body) {
    return (request, _input, output, requestId, said) =>
      fileAnswer(request, body, output, { status, cacheControl, requestId }, withRoot(said, root), onError);
  }
  return (request, input, output, requestId, said) => {
    if (!view.output) return withHead({ status: said?.status ?? status, headers: { 'x-request-id': requestId } }, withRoot(said, root));
    const body = JSON.stringify(input.shown && fields ? fields.trim(output, input.shown) : output);
    const headers: Record<string, string> = { 'content-type': JSON_TYPE, 'x-request-id': requestId };
    if (cacheControl !== undefined && said?.headers['cache-control'] === undefined) headers['cache-control'] = cacheControl;
    if (isGet) {
      headers['etag'] = said?.headers['etag'] ?? etagOf(body);
      const seen = request.headers['if-none-match'];
      if (seen !== undefined && matchesEtag(String(seen), headers['etag'])) {
        const { 'content-type': _, ...others } = headers;
        return withHead({ status: 304, headers: others }, said);
      }
    }
    const location = locate?.(input.value, output);
    if (location !== undefined && said?.headers['location'] === undefined) headers['location'] = location;
    const link = nextPage?.(input, output);
    if (link !== undefined) headers['link'] = said?.headers['link'] === undefined ? link : `${link}, ${said.headers['link']}`;
    return withHead({ status: said?.status ?? status, headers, body }, withRoot(said, root));
  };
}

/** The status of an answer that succeeded. */
export function statusOf(view: OperationView, { method, status }: HttpBinding): number {
  if (status !== undefined) return status;
  if (!view.output) return 204;
  return method === 'POST' && view.operation.kind === 'mutation' ? 201 : 200;
}

/** A `Location` that begins with `/` is a path of the contract. */
function withRoot(said: ResponseHead | undefined, root: string): ResponseHead | undefined {
  const location = said?.headers['location'];
  if (root === '' || location?.startsWith('/') !== true || location.startsWith('//')) return said;
  return { ...said, headers: { ...said?.headers, location: root + location } };
}

/** `Location` of what a POST made, if there is a way to read it. */
function compileLocation(
  contract: ContractView,
  view: OperationView,
  binding: HttpBinding,
  root: string,
): ((input: unknown, output: unknown) => string | undefined) | undefined {
  const param = locationParam(contract, view.output, binding);
  if (param === undefined) return undefined;
  return (input, output) => {
    try {
      const path = fillPath(binding, input as Readonly<Record<string, unknown>>);
      return `${root}${path === '/' ? '' : path}/${pathSegment(param, (output as Readonly<Record<string, unknown>>)[param])}`;
    } catch {
      return undefined;
    }
  };
}

/** `Link` with the next page, for a full page. Source: https://www.rfc-editor.org/rfc/rfc8288 */
function compileNextPage(
  view: OperationView,
  binding: HttpBinding,
  key: string,
  root: string,
): (input: ReadInput, output: unknown) => string | undefined {
  const defaultLimit = view.input?.fields.find((field) => field.name === 'limit')?.default;
  return ({ value, shown }, output) => {
    const values = value as Readonly<Record<string, unknown>>;
    const limit = values['limit'] ?? defaultLimit;
    const items = output as readonly Readonly<Record<string, unknown>>[];
    if (typeof limit !== 'number' || items.length < limit || items.at(-1)?.[key] === undefined) return undefined;
    const rest = Object.entries(values).filter(([name]) => !binding.params.includes(name) && name !== 'after' && name !== 'limit');
    const next = writeQuery({ after: items.at(-1)?.[key], limit, ...Object.fromEntries(rest) });
    const fields = shown && `&fields=${encodeURIComponent(Object.keys(shown).join(','))}`;
    return `<${root}${fillPath(binding, values)}${next}${fields ?? ''}>; rel="next"`;
  };
}
