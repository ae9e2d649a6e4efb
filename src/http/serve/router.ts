import { decodePercent } from '../../peer/text/percent.ts';
import type { HttpRequest, HttpResponse } from '../message/message.ts';
import { paramsOfSegment, type HttpBinding, type HttpSegment, type HttpTemplate } from '../../core/http-binding.ts';
import { HttpError } from '../message/error.ts';
import { matchTemplate, type Piece } from './template.ts';

/** A route that was found: its value, and the decoded parameters of the path. */
export interface RouteMatch<T> {
  readonly value: T;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds the value of a method and a path. Literals win over parameters with literals beside them, and those over bare ones; a trailing slash makes another path. */
export interface Router<T> {
  /** `HEAD` finds what `GET` does. Throws an `HttpError` 400 if a parameter's percent-encoding is broken. */
  find(method: string, path: string): RouteMatch<T> | undefined;
  /** The methods that the path answers, `HEAD` and `OPTIONS` included; empty if it answers none. For 405 and `OPTIONS`. */
  methods(path: string): readonly string[];
}

/** The binding's method and path; `params` and `path` follow from its segments. */
export type Route = Pick<HttpBinding, 'method' | 'segments'>;

interface Branch<T> {
  literals: Map<string, Branch<T>> | undefined;
  /** Parts with literals beside their parameters. */
  templates: Template<T>[] | undefined;
  param: Branch<T> | undefined;
  leaf: Leaf<T> | undefined;
}

interface Template<T> {
  readonly text: string;
  readonly pieces: readonly Piece[];
  readonly branch: Branch<T>;
}

interface Leaf<T> {
  readonly value: T;
  readonly params: readonly string[];
  /** The match of a path without parameters, the same each time. */
  readonly fixed: RouteMatch<T> | undefined;
}

/**
 * The routes of one method. There is one trie for each, so that `DELETE /users/me` finds `DELETE /users/{id}`
 * although only `GET` knows `/users/me`.
 */
interface Table<T> {
  readonly root: Branch<T>;
  readonly fixed: Map<string, RouteMatch<T>>;
}

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});

/** Compiles routes; throws a `TypeError` if two have the same method and path. */
export function createRouter<T>(routes: Iterable<readonly [Route, T]>): Router<T> {
  const tables = new Map<string, Table<T>>();
  for (const [route, value] of routes) {
    let table = tables.get(route.method);
    if (!table) tables.set(route.method, (table = { root: branch(), fixed: new Map() }));
    add(table, route, value);
  }
  const methods = [...tables.keys()];
  const get = tables.get('GET');
  if (get && !tables.has('HEAD')) tables.set('HEAD', get);

  return {
    find(method, path) {
      const table = tables.get(method);
      if (!table) return undefined;
      const fixed = table.fixed.get(path);
      if (fixed) return fixed;
      const values: string[] = [];
      const leaf = walk(table.root, path, 1, values, 0);
      return leaf && (leaf.fixed ?? { value: leaf.value, params: decodeParams(leaf.params, values) });
    },
    methods(path) {
      const found = methods.filter((method) => {
        const table = tables.get(method);
        return table !== undefined && (table.fixed.has(path) || walk(table.root, path, 1, [], 0) !== undefined);
      });
      if (found.length === 0) return found;
      if (found.includes('GET') && !found.includes('HEAD')) found.push('HEAD');
      return [...found, 'OPTIONS'];
    },
  };
}

function add<T>(table: Table<T>, { method, segments }: Route, value: T): void {
  let at = table.root;
  const params: string[] = [];
  for (const segment of segments) {
    params.push(...paramsOfSegment(segment));
    if ('param' in segment) at = at.param ??= branch();
    else if ('template' in segment) at = templateOf((at.templates ??= []), segment);
    else {
      at.literals ??= new Map();
      let next = at.literals.get(segment.literal);
      if (!next) at.literals.set(segment.literal, (next = branch()));
      at = next;
    }
  }
  const path = `/${segments.map(textOf).join('/')}`;
  if (at.leaf) throw new TypeError(`two routes answer ${method} ${path}: give one of them another path or method`);
  const fixed = params.length === 0 ? { value, params: NO_PARAMS } : undefined;
  at.leaf = { value, params, fixed };
  if (fixed) table.fixed.set(path, fixed);
}

function branch<T>(): Branch<T> {
  return { literals: undefined, templates: undefined, param: undefined, leaf: undefined };
}

function textOf(segment: HttpSegment): string {
  if ('template' in segment) return segment.template.map(textOf).join('');
  return 'param' in segment ? `{${segment.param}}` : segment.literal;
}

/** The branch of a template; those that differ in the names of their parameters only are one. */
function templateOf<T>(templates: Template<T>[], { template }: HttpTemplate): Branch<T> {
  const text = template.map((piece) => ('param' in piece ? '{}' : piece.literal)).join('');
  let known = templates.find((each) => each.text === text);
  if (!known) {
    const pieces = template.map((piece) => ('param' in piece ? undefined : piece.literal));
    templates.push((known = { text, pieces, branch: branch() }));
  }
  return known.branch;
}

/** Follows `path` from `start`, leaving the undecoded parameters in `values`; `count` of them are there already. */
function walk<T>(at: Branch<T>, path: string, start: number, values: string[], count: number): Leaf<T> | undefined {
  const slash = path.indexOf('/', start);
  const segment = slash === -1 ? path.slice(start) : path.slice(start, slash);
  const literal = at.literals && literalOf(at.literals, segment);
  if (literal) {
    const leaf = slash === -1 ? literal.leaf : walk(literal, path, slash + 1, values, count);
    if (leaf) return leaf;
  }
  for (const { pieces, branch } of at.templates ?? []) {
    const found = matchTemplate(pieces, segment);
    if (!found) continue;
    for (const [index, value] of found.entries()) values[count + index] = value;
    const leaf = slash === -1 ? branch.leaf : walk(branch, path, slash + 1, values, count + found.length);
    if (leaf) return leaf;
  }
  // An empty part is not a value: `/users/` is not a user.
  if (!at.param || segment === '') return undefined;
  values[count] = segment;
  return slash === -1 ? at.param.leaf : walk(at.param, path, slash + 1, values, count + 1);
}

/** `%6De` means `me`, see https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2.2 */
function literalOf<T>(literals: Map<string, Branch<T>>, segment: string): Branch<T> | undefined {
  const found = literals.get(segment);
  if (found || !segment.includes('%')) return found;
  const decoded = decodePercent(segment);
  return decoded === undefined ? undefined : literals.get(decoded);
}

function decodeParams(names: readonly string[], values: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {};
  for (let at = 0; at < names.length; at++) {
    const raw = values[at] ?? '';
    const value = raw.includes('%') ? decodePercent(raw) : raw;
    if (value === undefined) throw new HttpError(400, `the path's part '${raw}' is not percent-encoded UTF-8`);
    params[names[at] ?? ''] = value;
  }
  return params;
}

/** The answer if no route fits: 405 with the methods that the path knows, an answer to OPTIONS, or nothing if the path is not ours. */
export function answerOther(request: HttpRequest, methods: readonly string[]): HttpResponse | undefined {
  if (methods.length === 0) return undefined;
  const allow = methods.join(', ');
  if (request.method === 'OPTIONS') return { status: 204, headers: { allow } };
  throw new HttpError(405, `${request.path} answers ${allow}, not ${request.method}`, { allow });
}
