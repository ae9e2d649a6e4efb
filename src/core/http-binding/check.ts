import { piecesOf, readHttpBinding, type HttpBinding, type HttpBindings } from '../http-binding.ts';

const ROUTE = /^(GET|POST|PUT|PATCH|DELETE) (\/\S*)$/;
/** Characters of a path's segment. Source: https://www.rfc-editor.org/rfc/rfc3986#section-3.3 */
const LITERAL = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*$/;
const PARAM = /^[A-Za-z_][\w.-]*$/;

/** Parses `GET /users/{id}`; throws a `TypeError` that names what is wrong. */
export function parseHttpBinding(route: string): HttpBinding {
  const path = ROUTE.exec(route)?.[2];
  if (path === undefined)
    throw new TypeError(
      `http: '${route}' is not a method and a path: write it like 'GET /users/{id}', with GET, POST, PUT, PATCH or DELETE`,
    );
  for (const part of path.slice(1).split('/')) checkPart(part, route);
  const binding = readHttpBinding(route);
  const { params } = binding;
  const twice = params.find((param, index) => params.indexOf(param) !== index);
  if (twice !== undefined) throw new TypeError(`http: '${route}' has the parameter {${twice}} twice`);
  return binding;
}

/** Throws a `TypeError` that names what is wrong with a route in `http` of an operation. */
export function checkRoutes(http: HttpBindings): void {
  for (const spec of [http].flat()) {
    const route = typeof spec === 'string' ? spec : spec.route;
    if (route !== undefined) parseHttpBinding(route);
  }
}

function checkPart(part: string, route: string): void {
  const pieces = piecesOf(part);
  if (!pieces.every((piece) => ('param' in piece ? PARAM.test(piece.param) : LITERAL.test(piece.literal))))
    throw new TypeError(`http: '${route}' has the part '${part}': it is made of {parameters} and of characters that a URL's path may have`);
  if (pieces.some((piece, index) => 'param' in piece && 'param' in (pieces[index + 1] ?? {})))
    throw new TypeError(`http: '${route}' has the part '${part}': two parameters need a literal in between`);
}
