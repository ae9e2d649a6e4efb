import type { Contract, ErrorSpec, EventDefinition, Operation, RelationBatch, Schema } from './contract.ts';
import { ERROR_CODES, isErrorCode, isReason } from './errors.ts';
import { bindingShape, type HttpBinding } from './http-binding.ts';
import { listenerName } from './listener-name.ts';
import { own } from './own.ts';
import { checkSecurity } from './security/check.ts';
import type { Transport } from './transport.ts';
import { bodyOf, eachObject, freezesBytes, isFile, isOneWay, isOptional, shapeOf, sharesBytes, valueType } from './shape.ts';
import { Places } from './shape/places.ts';

export { checkRoutes } from './http-binding/check.ts';
export { checkKinds } from './options/kinds.ts';
export { checkForeign } from './options/mappings.ts';
export { checkOptions } from './options/names.ts';
export { checkSignal } from './options/signal.ts';
export { checkParts } from './parts/check.ts';

type Fields = Readonly<Record<string, Schema>>;

const NAME = /^[a-z][A-Za-z0-9]*$/;

/** Names that a protocol or JavaScript itself needs: JSON-RPC methods, MQTT topics, members of clients and promises. */
export const RESERVED: ReadonlySet<string> = new Set([
  'subscribe', 'unsubscribe', 'cancel', 'more', 'ping', 'initialize', 'event', 'gap', 'end', 'status',
  'close', 'then', 'constructor', 'prototype', 'toString', 'toLocaleString', 'valueOf', 'toJSON',
  'hasOwnProperty', 'isPrototypeOf', 'propertyIsEnumerable',
]); // prettier-ignore

/**
 * Refuses a transport that serves another contract than the one that is asked of it. A contract of the same name is another version of it,
 * whose new members are UNIMPLEMENTED. A contract of another name will do if it has all that is asked for.
 * @throws TypeError that names both contracts
 */
export function checkServes({ contract: served, name }: Pick<Transport, 'contract' | 'name'>, asked: Contract): void {
  if (served.name === asked.name) return;
  const stray =
    Object.values(asked.operations).find((operation) => own(served.operations, operation.name)?.kind !== operation.kind) ??
    Object.values(asked.events).find((event) => !own(served.events, event.name));
  if (!stray) return;
  throw new TypeError(
    `the transport '${name}' serves the contract '${served.name}', which has no ${'kind' in stray ? stray.kind : 'event'} '${stray.name}' of '${asked.name}': give createClient the contract that it serves`,
  );
}

/** Throws a `TypeError` that names the first mistake in a contract. Reads names, paths and the outside of schemas only. */
export function checkContract(contract: Contract): void {
  if (!/^[a-z][a-z0-9]*$/.test(contract.name)) {
    throw new TypeError(`contract name '${contract.name}': use lower-case letters and digits, it becomes a topic and a package`);
  }
  if (!/^\d+\.\d+\.\d+/.test(contract.version)) {
    throw new TypeError(`contract ${contract.name}: version '${contract.version}' is not a semantic version such as '1.0.0'`);
  }
  const used = new Used(`contract ${contract.name}`);
  const places = new Places();
  for (const operation of Object.values(contract.operations)) {
    used.take(`client member '${operation.name}'`, operation.name);
    checkOperation(operation, used, places);
  }
  for (const event of Object.values(contract.events)) {
    used.take(`client member '${listenerName(event.name)}'`, event.name);
    used.take(`channel or path 'GET /${event.channel.replace(/\{[^}]*\}/g, '{}')}'`, event.name);
    used.take(`event type '${event.type}'`, event.name);
    checkEvent(event, contract, places);
    checkDeprecated(`event ${event.name}`, event.deprecated);
  }
  checkRelations(contract);
  checkSecurity(contract);
}

/** Remembers who took which name, and refuses the second taker. */
class Used {
  readonly #by = new Map<string, string>();
  private readonly where: string;

  constructor(where: string) {
    this.where = where;
  }

  take(what: string, by: string): void {
    const first = this.#by.get(what);
    if (first !== undefined) throw new TypeError(`${this.where}: ${first} and ${by} both take the ${what}`);
    this.#by.set(what, by);
  }
}

function checkName(name: string, what: string): void {
  if (!NAME.test(name)) throw new TypeError(`${what} '${name}': use a camelCase name of letters and digits`);
  if (RESERVED.has(name)) throw new TypeError(`${what} '${name}': this name is reserved, choose another`);
}

function checkOperation(operation: Operation, used: Used, places: Places): void {
  const where = `operation ${operation.name}`;
  checkName(operation.name, 'operation');
  checkSchema(`${where}: input`, operation.input, places);
  checkSchema(`${where}: output`, operation.output, places);
  checkSchema(`${where}: item`, operation.item, places);
  if (operation.item) checkStream(where, operation);
  checkNoFiles(`${where}: item`, operation.item, places);
  const fields = operation.input && fieldsOf(operation.input);
  if (operation.input && bodyOf(operation.input))
    throw new TypeError(
      `${where}: the input must be an object schema: write z.object({ content: file() }) with http: { route: 'PUT /…', body: 'content' }, so that the content is the whole body over REST`,
    );
  if (operation.input && !fields) throw new TypeError(`${where}: the input must be an object schema`);
  for (const binding of operation.http) {
    used.take(`channel or path '${bindingShape(binding)}'`, operation.name);
    for (const param of binding.params) checkPathParam(where, param, fields);
    checkBinding(`${where}: http`, binding, operation);
    checkBody(`${where}: http`, binding, fields, places);
  }
  checkDeprecated(where, operation.deprecated);
  for (const [name, error] of Object.entries(operation.errors)) checkError(`${where}: error`, name, error, places);
  if (operation.pagedBy !== undefined) checkPaging(where, operation, operation.pagedBy, fields);
}

/** Files are whole outputs, and members of inputs and outputs, because everything that is published or kept is text. */
function checkNoFiles(where: string, schema: Schema | undefined, places: Places): void {
  const place = schema && places.find(schema, isFile);
  if (place !== undefined) throw new TypeError(`${where}${place}: a file() cannot travel here: write bytes()`);
}

function checkBody(where: string, { body, method, path, params }: HttpBinding, fields: Fields | undefined, places: Places): void {
  const isBodiless = method === 'GET' || method === 'DELETE';
  const file = Object.entries(fields ?? {}).find(([name, field]) => !params.includes(name) && places.find(field, isFile) !== undefined);
  if (isBodiless && file)
    throw new TypeError(`${where}: ${method} ${path} has no body for the file '${file[0]}': bind it to POST, PUT or PATCH`);
  if (body === undefined) return;
  const field = own(fields, body);
  if (!field || params.includes(body) || !bodyOf(field))
    throw new TypeError(`${where}: body '${body}' must name an input that is a file() or bytes(), and is not in the path`);
  if (isBodiless) throw new TypeError(`${where}: ${method} ${path} has no body: bind it to POST, PUT or PATCH`);
  const other = Object.entries(fields ?? {}).find(([name, each]) => name !== body && places.find(each, isFile) !== undefined);
  if (other)
    throw new TypeError(`${where}: the body is '${body}', so that the file '${other[0]}' has no place: leave out 'body' to send a form`);
}

function checkBinding(where: string, { status, cacheControl }: HttpBinding, { output, item }: Operation): void {
  const isUsual = status === undefined || (Number.isInteger(status) && status >= 200 && status < 300);
  if (!isUsual || (output && (status === 204 || status === 205)))
    throw new TypeError(
      `${where}: the status ${String(status)} is not one of an answer with ${output ? 'a body' : 'success'}: 200 to 299${output ? ', but 204 and 205' : ''}`,
    );
  if (item && status !== undefined) throw new TypeError(`${where}: a stream has the status 200: leave out 'status'`);
  if (cacheControl !== undefined && !/^[\x20-\x7e]+$/.test(cacheControl))
    throw new TypeError(`${where}: cacheControl must be printable ASCII, such as 'max-age=60'`);
}

const DAY_OR_INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

function checkDeprecated(where: string, deprecated: Operation['deprecated']): void {
  if (typeof deprecated !== 'object') return;
  for (const name of ['since', 'sunset'] as const) {
    const value = deprecated[name];
    if (value !== undefined && (!DAY_OR_INSTANT.test(value) || Number.isNaN(Date.parse(value))))
      throw new TypeError(`${where}: deprecated.${name} '${value}' is not a day such as 2026-01-31, or an instant with an offset`);
  }
  const { link } = deprecated;
  // It stands in a header.
  if (link !== undefined && (!URL.canParse(link) || /[^\x21-\x7e]|[<>]/.test(link)))
    throw new TypeError(`${where}: deprecated.link '${link}' is not a URL`);
}

function checkStream(where: string, { output, pagedBy, kind, http }: Operation): void {
  if (output) throw new TypeError(`${where}: an answer is one output or many items: leave out 'output' or 'item'`);
  if (pagedBy !== undefined) throw new TypeError(`${where}: a stream has no pages: leave out 'pagedBy', or give a list as 'output'`);
  const get = http.find(({ method }) => method === 'GET');
  // A browser sends a GET again by itself, and to other origins without asking.
  if (kind === 'mutation' && get) throw new TypeError(`${where}: a streamed mutation cannot be bound to GET ${get.path}: bind it to POST`);
}

/** Names travel in headers, tokens of XML and gRPC's ErrorInfo, whose rule they follow. */
function checkError(where: string, name: string, error: ErrorSpec, places: Places): void {
  if (!isErrorCode(error?.code)) throw new TypeError(`${where} '${name}': write { code }, with one of ${ERROR_CODES.join(', ')}`);
  if (isErrorCode(name)) {
    if (error.code === name && !error.details) return;
    throw new TypeError(`${where} '${name}': this is a code: write ${name}: true, and give an error with details a name of its own`);
  }
  if (!isReason(name)) throw new TypeError(`${where} '${name}': use up to 63 capital letters, digits and _, such as OUT_OF_STOCK`);
  if (!error.details) return;
  checkSchema(`${where} '${name}': details`, error.details, places);
  checkNoFiles(`${where} '${name}': details`, error.details, places);
  if (!fieldsOf(error.details)) throw new TypeError(`${where} '${name}': the details must be an object schema`);
}

/** Without types, bare properties and schemas of zod 3 get this far. */
function checkSchema(where: string, schema: Schema | undefined, places: Places): void {
  if (schema === undefined) return;
  if ((schema as Partial<Schema>)._zod === undefined)
    throw new TypeError(`${where}: this is not a schema of zod 4: write z.object({ … }), imported from zod or zod/mini`);
  const place = places.find(schema, isOneWay);
  if (place !== undefined)
    throw new TypeError(`${where}${place}: a transform works one way only, and a client needs the way back: write z.codec(…) instead`);
  const frozen = places.find(schema, freezesBytes);
  if (frozen !== undefined) throw new TypeError(`${where}${frozen}: bytes cannot be frozen: leave out .readonly() around bytes()`);
  const shared = places.find(schema, sharesBytes);
  if (shared !== undefined) throw new TypeError(`${where}${shared}: both sides have a field of bytes: leave it to one of them`);
  const unreadable = places.find(schema, unreadableField);
  if (unreadable === undefined) return;
  const why = unreadable.endsWith('.__proto__') ? 'zod drops it' : 'zod takes it for a member that every object has, if it is absent';
  throw new TypeError(`${where}${unreadable}: no field can have this name, because ${why}: choose another`);
}

/** The field of an object that zod does not read. */
function unreadableField(schema: Schema): string | undefined {
  const shape = shapeOf(schema);
  if (shape.kind !== 'object') return undefined;
  const found = Object.keys(shape.fields).find((name) => {
    const field = own(shape.fields, name);
    return name === '__proto__' || (name in Object.prototype && field && isOptional(field));
  });
  return found === undefined ? undefined : `.${found}`;
}

function checkPathParam(where: string, param: string, fields: Fields | undefined): void {
  const field = own(fields, param);
  if (!field) {
    throw new TypeError(
      `${where}: the path parameter {${param}} is not an input; inputs are ${Object.keys(fields ?? {}).join(', ') || 'none'}`,
    );
  }
  if (shapeOf(field).kind !== 'scalar')
    throw new TypeError(`${where}: the path parameter {${param}} must be text, a number, a boolean or an enum`);
  if (isOptional(field)) throw new TypeError(`${where}: the path parameter {${param}} must not be optional`);
}

function checkPaging(where: string, operation: Operation, key: string, inputs: Fields | undefined): void {
  const output = operation.output && shapeOf(operation.output);
  const item = output?.kind === 'list' ? fieldsOf(output.item) : undefined;
  const field = own(item, key);
  if (!field) throw new TypeError(`${where}: pagedBy '${key}' must name a property of the items of a list output`);
  if (!own(inputs, 'limit') || !own(inputs, 'after')) {
    throw new TypeError(
      `${where}: a paged query needs the inputs 'limit' (an integer with a default) and 'after' (optional, of the type of '${key}')`,
    );
  }
  const [given, taken] = [valueType(field), valueType(own(inputs, 'after') ?? field)];
  if (given !== undefined && taken !== undefined && given !== taken)
    throw new TypeError(`${where}: pagedBy '${key}' is a ${given}, and the input 'after', which is given it, takes a ${taken}`);
}

function checkEvent(event: EventDefinition, contract: Contract, places: Places): void {
  const where = `event ${event.name}`;
  checkName(event.name, 'event');
  checkSchema(`${where}: payload`, event.payload, places);
  checkNoFiles(`${where}: payload`, event.payload, places);
  const fields = fieldsOf(event.payload);
  if (!fields) throw new TypeError(`${where}: the payload must be an object schema`);
  if (!/^([A-Za-z0-9\-._~]+|\{[A-Za-z][A-Za-z0-9]*\})(\/([A-Za-z0-9\-._~]+|\{[A-Za-z][A-Za-z0-9]*\}))*$/.test(event.channel)) {
    throw new TypeError(`${where}: channel '${event.channel}': write it like 'rooms/{room}/messages', without a slash at either end`);
  }
  if (!/^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$/.test(event.type)) {
    throw new TypeError(
      `${where}: type '${event.type}': use letters, digits and _ joined with dots, such as 'article.published'; other spellings of a sender go into its adapter's mapping`,
    );
  }
  const twice = event.params.find((param, index) => event.params.indexOf(param) !== index);
  if (twice !== undefined) throw new TypeError(`${where}: channel '${event.channel}' has the parameter {${twice}} twice`);
  const inherited = event.params.find((param) => param in Object.prototype);
  if (inherited !== undefined)
    throw new TypeError(`${where}: the channel parameter {${inherited}} has the name of a member that every object has: choose another`);
  for (const param of event.params) {
    const field = own(fields, param);
    if (!field || shapeOf(field).kind !== 'scalar' || isOptional(field)) {
      throw new TypeError(`${where}: the channel parameter {${param}} must name a required text, number or boolean of the payload`);
    }
  }
  if (event.writtenBy === undefined) return;
  const writer = own(contract.operations, event.writtenBy);
  if (!writer?.output || !fieldsOf(writer.output)) {
    throw new TypeError(`${where}: writtenBy '${event.writtenBy}' must name an operation whose output is what the event carries`);
  }
}

function checkRelations(contract: Contract): void {
  const types = new Map<string, Fields>();
  const schemas = [
    ...Object.values(contract.operations).map((operation) => operation.output),
    ...Object.values(contract.events).map((event) => event.payload),
  ];
  if (Object.keys(contract.relations).length === 0) return;
  for (const schema of schemas) if (schema) eachObject(schema, (fields, id) => id !== undefined && types.set(id, fields));
  for (const [type, relations] of Object.entries(contract.relations)) {
    const fields = types.get(type);
    if (!fields) throw new TypeError(`relations: no output has a type with .meta({ id: '${type}' })`);
    for (const [name, relation] of Object.entries(relations)) {
      const where = `relation ${type}.${name}`;
      if (own(fields, name)) throw new TypeError(`${where}: ${type} already has a property '${name}'`);
      const operation = own(contract.operations, relation.operation);
      if (operation?.kind !== 'query') throw new TypeError(`${where}: '${relation.operation}' is not a query of this contract`);
      const inputs = operation.input && fieldsOf(operation.input);
      for (const [input, property] of Object.entries(relation.input)) {
        if (!own(inputs, input)) throw new TypeError(`${where}: ${relation.operation} has no input '${input}'`);
        if (!own(fields, property)) throw new TypeError(`${where}: ${type} has no property '${property}'`);
      }
      if (relation.batch) checkBatch(where, relation.batch, Object.keys(relation.input).length, contract);
      const missing = Object.entries(inputs ?? {}).find(([input, field]) => !isOptional(field) && !Object.hasOwn(relation.input, input));
      if (missing)
        throw new TypeError(`${where}: ${relation.operation} requires the input '${missing[0]}': say which property of ${type} fills it`);
    }
  }
}

function checkBatch(where: string, batch: RelationBatch, inputs: number, contract: Contract): void {
  const operation = own(contract.operations, batch.operation);
  if (operation?.kind !== 'query') throw new TypeError(`${where}: batch: '${batch.operation}' is not a query of this contract`);
  if (inputs !== 1) throw new TypeError(`${where}: batch: the relation must start from one property`);
  const list = own(operation.input && fieldsOf(operation.input), batch.input);
  if (!list || shapeOf(list).kind !== 'list')
    throw new TypeError(`${where}: batch: ${batch.operation} has no input '${batch.input}' that is a list`);
  const output = operation.output && shapeOf(operation.output);
  if (output?.kind !== 'list' || !own(fieldsOf(output.item), batch.key))
    throw new TypeError(`${where}: batch: ${batch.operation} must give a list of items with a property '${batch.key}'`);
}

function fieldsOf(schema: Schema): Fields | undefined {
  const shape = shapeOf(schema);
  return shape.kind === 'object' ? shape.fields : undefined;
}
