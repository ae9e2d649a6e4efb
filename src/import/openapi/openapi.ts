import type { JsonObject } from '../../core/errors.ts';
import { parseHttpBinding } from '../../core/http-binding/check.ts';
import { isObject } from '../../peer/error-body.ts';
import type { Choice } from '../draft/choice.ts';
import type { Draft, DraftEvent, DraftOperation } from '../draft/draft.ts';
import type { Findings } from '../draft/findings.ts';
import { contractName, memberName, MemberNames } from '../draft/names.ts';
import { itemsOf, membersOf, versionOf, words } from '../json-schema/facts.ts';
import { givenNames } from '../json-schema/given-names.ts';
import { SchemaTypes } from '../json-schema/schema-types.ts';
import type { Documents } from '../load/documents.ts';
import { HttpOperations, type HttpOperation } from './http-operation.ts';
import { readInputs } from './inputs.ts';
import { readOutputs } from './outputs.ts';
import { securedDraft, SecurityReader } from './requirements.ts';
import { credentialsOf } from './security.ts';

/** Reads OpenAPI 3.0, 3.1 and 3.2 and Swagger 2. */
export function readOpenApi(root: JsonObject, documents: Documents, choice: Choice, findings: Findings): Draft {
  const info = membersOf(root['info']);
  const types = new SchemaTypes(documents, findings, givenNames(root, documents.root));
  const isOwn = isOwnDocument(root);
  const names = new MemberNames();
  const operations: DraftOperation[] = [];
  const events: DraftEvent[] = [];
  const declared = membersOf(root['securityDefinitions'] ?? membersOf(root['components'])['securitySchemes']);
  const schemes = Object.fromEntries(Object.entries(declared).map(([name, each]) => [name, types.resolve(each, documents.root).value]));
  const security = new SecurityReader(schemes, findings);
  const shapes = new Set<string>();
  const listed = new HttpOperations(root, documents.root, types, findings)
    .list()
    .map((each) => ({ ...each, name: nameOf(each.id, each.method, each.path) }));
  // Named before a choice is made, so that an operation is called the same whatever is chosen beside it.
  const named = listed.map((each) => ({ ...each, name: names.take(isOwn && /^on[A-Z]/.test(each.name) ? `${each.name.charAt(2).toLowerCase()}${each.name.slice(3)}` : each.name) })); // prettier-ignore
  for (const { name, id, method, path, read: readHttp } of choice.of(named, ({ name, id, method, path }) => [
    name,
    id,
    `${method} ${path}`,
  ])) {
    if (method === 'HEAD' || method === 'OPTIONS' || method === 'TRACE' || method === 'QUERY') {
      findings.add(`${method} ${path}`, `the method ${method}`, 'left out');
      continue;
    }
    const http = readHttp();
    const event = isOwn ? eventOf(name, http, types) : undefined;
    if (event) {
      events.push({ ...event, security: security.read(http.security, http.at) });
      continue;
    }
    const read = operationOf(name, http, types, findings, isOwn);
    if (!read) continue;
    const operation = { ...read, security: security.read(http.security, http.at) };
    const [sent = ''] = path.split('#');
    const shape = `${method} ${sent.replace(/\{[^}]*\}/g, '{}')}`;
    // A contract has each path once, an API may tell operations apart by something else.
    if (shapes.has(shape) && !isOwn) {
      const { http: [binding] = [], mapping } = operation;
      Object.assign(operation, { http: undefined, mapping: { http: binding, ...(mapping as object | undefined) } });
    }
    shapes.add(shape);
    // Our own documents have an operation for each of its bindings.
    const first = isOwn
      ? operations.find((each) => id === `${each.name}${capital(method)}` || `${id}${capital(methodOf(each))}` === each.name)
      : undefined;
    if (first)
      Object.assign(first, {
        name: first.name.length < name.length ? first.name : name,
        http: [...(first.http ?? []), ...(operation.http ?? [])],
      });
    else operations.push(operation);
  }
  for (const [name] of Object.entries(membersOf(root['webhooks']))) if (!isOwn) findings.add(`#/webhooks/${name}`, 'a webhook', 'left out: write an event, and receive it with webhookHandler'); // prettier-ignore
  const title = words(info['title']);
  return {
    name: contractName(title ?? 'api'),
    version: versionOf(info['version']),
    title,
    description: words(info['description']),
    types: types.types,
    ...securedDraft(security, security.read(root['security'], '#/security'), { operations, events }),
    connection: {
      adapter: { name: 'rest', from: 'multi-api-sdk/rest', options: 'RestOptions' },
      url: serverOf(root, documents.root, findings),
      fixed: isOwn ? {} : { sendDeadline: false, sendFields: false },
      credentials: credentialsOf(schemes, findings),
    },
  };
}

function operationOf(
  name: string,
  http: HttpOperation,
  types: SchemaTypes,
  findings: Findings,
  isOwn: boolean,
): DraftOperation | undefined {
  const inputs = readInputs(http, types, findings, isOwn);
  if (!inputs) return undefined;
  const binding = `${http.method} ${inputs.path}`;
  try {
    parseHttpBinding(binding);
    if (inputs.mapping.http !== undefined) parseHttpBinding(inputs.mapping.http);
  } catch (cause) {
    findings.add(http.at, (cause as Error).message, 'the operation is left out');
    return undefined;
  }
  const { output, item, errors, mapping } = readOutputs(http, types, findings, isOwn);
  const whole = { ...inputs.mapping, ...mapping };
  const isQuery = http.method === 'GET';
  return {
    name,
    kind: isQuery ? 'query' : 'mutation',
    service: serviceOf(http.tag),
    summary: http.summary,
    description: http.description,
    deprecated: http.deprecated,
    input: inputs.input,
    output,
    item,
    http: [binding],
    errors,
    idempotent: http.method === 'PUT' || http.method === 'DELETE',
    // A foreign stream is not a stream of ours, even if nothing has to be said of it.
    ...((Object.keys(whole).length > 0 || (item && !isOwn)) && { mapping: whole }),
  };
}

/** An event of this library's own documents: a stream whose media type says what its events are. */
function eventOf(name: string, http: HttpOperation, types: SchemaTypes): DraftEvent | undefined {
  const stream = http.answers.flatMap(({ contents }) => contents).find(({ type, media }) => type === 'text/event-stream' && isObject(media['x-event'])); // prettier-ignore
  if (!stream) return undefined;
  const { type, data } = membersOf(stream.media['x-event']);
  return {
    name,
    service: serviceOf(http.tag),
    summary: http.summary,
    description: http.description,
    deprecated: http.deprecated,
    channel: http.path.slice(1),
    type: words(type),
    payload: types.read(data, { base: stream.base, at: http.at, side: 'output' }),
  };
}

/** Groups operations by their tag, if it is a name. */
function serviceOf(tag: string | undefined): string | undefined {
  return tag !== undefined && /^[A-Z][A-Za-z0-9]*$/.test(tag) ? tag : undefined;
}

/** The name of an operation: its id, or else its method and path. */
function nameOf(id: string | undefined, method: string, path: string): string {
  const plain = path.replaceAll(/[{}]/g, '');
  if (id === undefined) return memberName(`${method.toLowerCase()} ${plain}`, 'call');
  // FastAPI's ids repeat the path and the method.
  const tail = `${path.replace(/\W/g, '_')}_${method.toLowerCase()}`;
  return memberName(id.endsWith(tail) && id.length > tail.length ? id.slice(0, -tail.length) : id, 'call');
}

/** A document that this library printed says so by what only it has: codes in problem documents, and `fields`. */
function isOwnDocument(root: JsonObject): boolean {
  const components = membersOf(root['components']);
  const { properties } = membersOf(membersOf(components['schemas'])['ProblemDetails']);
  const codes = itemsOf(membersOf(membersOf(properties)['code'])['enum']);
  return codes.includes('FAILED_PRECONDITION') && membersOf(components['parameters'])['LastEventId'] !== undefined;
}

/** The address in a document, with the defaults of its variables. */
function serverOf(root: JsonObject, location: string, findings: Findings): string | undefined {
  const isRemote = /^https?:/.test(location);
  if (root['swagger'] !== undefined) {
    const { host, basePath = '', schemes } = root;
    const scheme = itemsOf(schemes).includes('https') || !itemsOf(schemes).includes('http') ? 'https' : 'http';
    const path = typeof basePath === 'string' ? basePath : '';
    return usable(typeof host === 'string' ? `${scheme}://${host}${path}` : isRemote ? new URL(path, location).href : undefined);
  }
  const [first, ...more] = itemsOf(root['servers']).map(membersOf);
  if (more.length > 0) findings.add('#/servers', `${more.length} more servers`, "give one in the option 'url'");
  const text = typeof first?.['url'] === 'string' ? first['url'] : isRemote ? '/' : undefined;
  const filled = text?.replace(
    /\{([^{}]+)\}/g,
    (whole, name: string) => words(membersOf(membersOf(first?.['variables'])[name])['default']) ?? whole,
  );
  if (filled === undefined) return undefined;
  return usable(URL.canParse(filled) ? filled : isRemote && URL.canParse(filled, location) ? new URL(filled, location).href : undefined);
}

/** A URL that the adapter takes. */
function usable(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url) || !/^https?:/i.test(url)) return undefined;
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/+$/, '')}`;
}

function capital(method: string): string {
  return `${method.charAt(0)}${method.slice(1).toLowerCase()}`;
}

function methodOf({ http }: DraftOperation): string {
  return http?.[0]?.split(' ')[0] ?? '';
}
