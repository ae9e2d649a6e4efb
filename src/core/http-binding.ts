/** How an operation is bound to HTTP, if a method and a path do not say all. */
export interface HttpSpec {
  /** Method and path, `GET /users/{id}`. @default `POST /<name>` */
  readonly route?: string;
  /** The status of an answer that succeeded: 200 to 299, with an output not 204 and 205. @default 201 of a mutation by POST, 204 without an output, else 200 */
  readonly status?: number;
  /** `Cache-Control` of a successful answer, unless the handler sets another: `max-age=60`. @default none */
  readonly cacheControl?: string;
  /** The member of the input that is the whole body: a `file()` or `bytes()`. The others are in the path and the query. @default a JSON object, or a form if the input has files */
  readonly body?: string;
}

/** A method and a path with parameters, parsed once from `GET /users/{id}`. */
export interface HttpBinding {
  readonly method: HttpMethod;
  /** As written: `/users/{id}`. */
  readonly path: string;
  /** The path's parts in order: a literal, or the name of an input. */
  readonly segments: readonly HttpSegment[];
  /** Names of the inputs in the path. */
  readonly params: readonly string[];
  /** The status of an answer that succeeded, if it is not the usual one. */
  readonly status?: number;
  /** `Cache-Control` of an answer that succeeded. */
  readonly cacheControl?: string;
  /** The member of the input that is the whole body. */
  readonly body?: string;
}

/** One part of a path. */
export type HttpSegment = { readonly literal: string } | { readonly param: string } | HttpTemplate;

/** A part of a path with literals beside a parameter, or several parameters: `{base}...{head}`, `{id}:cancel`. */
export interface HttpTemplate {
  readonly template: readonly ({ readonly literal: string } | { readonly param: string })[];
}

/** The methods that an operation can be bound to. */
export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Reads a method and a path that were checked: `GET /users/{id}`. */
export function readHttpBinding(route: string): HttpBinding {
  const [method, path = ''] = route.split(' ');
  const segments = path === '/' ? [] : path.slice(1).split('/').map(readSegment);
  return { method: method as HttpMethod, path, segments, params: segments.flatMap(paramsOfSegment) };
}

/** The forms of an operation's `http`. */
export type HttpBindings = string | HttpSpec | readonly (string | HttpSpec)[];

/** The bindings of an operation, whose routes were checked. One without a route of its own has an empty path, which `namedBindings` fills in. */
export function readHttpBindings(http: HttpBindings): HttpBinding[] {
  return [http].flat().map((spec) => {
    const { route, ...rest } = typeof spec === 'string' ? { route: spec } : spec;
    return { ...(route === undefined ? WITHOUT_ROUTE : readHttpBinding(route)), ...rest };
  });
}

/** The bindings with the name in those that have no route: at least one. */
export function namedBindings(bindings: readonly HttpBinding[], name: string): HttpBinding[] {
  const all = bindings.length > 0 ? bindings : [WITHOUT_ROUTE];
  return all.map((binding) => (binding.path === '' ? { ...binding, ...readHttpBinding(`POST /${name}`) } : binding));
}

const WITHOUT_ROUTE: HttpBinding = { method: 'POST', path: '', segments: [], params: [] };

/** A channel as the parts of a path: the address of its events over HTTP. */
export function channelSegments({ channel }: { readonly channel: string }): HttpSegment[] {
  return channel.split('/').map((part) => (part.startsWith('{') ? { param: part.slice(1, -1) } : { literal: part }));
}

/** The binding with its parameters' names left out: two operations with the same one cannot be told apart. */
export function bindingShape(binding: HttpBinding): string {
  return `${binding.method} ${binding.path.replace(/\{[^}]*\}/g, '{}')}`;
}

/** The parameters in one part of a path. */
export function paramsOfSegment(segment: HttpSegment): string[] {
  if ('template' in segment) return segment.template.flatMap(paramsOfSegment);
  return 'param' in segment ? [segment.param] : [];
}

/** The literals and parameters that a part of a path is made of. */
export function piecesOf(part: string): ({ readonly literal: string } | { readonly param: string })[] {
  const pieces = part.split(/(\{[^{}]*\})/).filter((piece) => piece !== '');
  return pieces.map((piece) => (piece.startsWith('{') ? { param: piece.slice(1, -1) } : { literal: piece }));
}

function readSegment(part: string): HttpSegment {
  const pieces = piecesOf(part);
  const [only = { literal: '' }] = pieces;
  return pieces.length <= 1 ? only : { template: pieces };
}
