/** A method and a path with parameters, parsed once from `GET /users/{id}`. */
export interface HttpBinding {
  readonly method: HttpMethod;
  /** As written: `/users/{id}`. */
  readonly path: string;
  /** The path's parts in order: a literal, or the name of an input. */
  readonly segments: readonly HttpSegment[];
  /** Names of the inputs in the path. */
  readonly params: readonly string[];
}

/** One part of a path. */
export type HttpSegment = { readonly literal: string } | { readonly param: string };

/** The methods that an operation can be bound to. */
export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const BINDING = /^(GET|POST|PUT|PATCH|DELETE) (\/\S*)$/;
const LITERAL = /^[A-Za-z0-9\-._~]+$/;
const PARAM = /^\{([A-Za-z][A-Za-z0-9]*)\}$/;

/** Parses `GET /users/{id}`; throws a `TypeError` that names what is wrong. */
export function parseHttpBinding(text: string): HttpBinding {
  const match = BINDING.exec(text);
  if (!match) {
    throw new TypeError(
      `http: '${text}' is not a method and a path: write it like 'GET /users/{id}', with GET, POST, PUT, PATCH or DELETE`,
    );
  }
  const [, method = '', path = ''] = match;
  const segments =
    path === '/'
      ? []
      : path
          .slice(1)
          .split('/')
          .map((part) => parseSegment(part, text));
  const params = segments.flatMap((segment) => ('param' in segment ? [segment.param] : []));
  const twice = params.find((param, index) => params.indexOf(param) !== index);
  if (twice !== undefined) throw new TypeError(`http: '${text}' has the parameter {${twice}} twice`);
  return { method: method as HttpMethod, path, segments, params };
}

/** A channel as a path's parts: where its events are over HTTP. */
export function channelSegments({ channel }: { readonly channel: string }): HttpSegment[] {
  return channel.split('/').map((part) => (part.startsWith('{') ? { param: part.slice(1, -1) } : { literal: part }));
}

/** The binding with its parameters' names left out: two operations with the same one cannot be told apart. */
export function bindingShape(binding: HttpBinding): string {
  return `${binding.method} ${binding.path.replace(/\{[^}]*\}/g, '{}')}`;
}

function parseSegment(part: string, text: string): HttpSegment {
  const param = PARAM.exec(part);
  if (param?.[1] !== undefined) return { param: param[1] };
  if (LITERAL.test(part)) return { literal: part };
  throw new TypeError(`http: '${text}' has the part '${part}': a part is a whole {parameter} or letters, digits and -._~`);
}
