import { isObject } from '../../peer/error-body.ts';
import { ImportError } from './error.ts';
import { shown, type Location } from './location.ts';
import { parseObject } from './parse.ts';
import type { JsonObject } from '../../core/errors.ts';

/** The kinds of descriptions. */
export type Format = 'openapi' | 'asyncapi' | 'graphql' | 'proto' | 'wsdl';

/** A description with its kind. */
export type Recognized =
  | { readonly format: 'openapi' | 'asyncapi'; readonly root: JsonObject }
  | { readonly format: 'graphql'; readonly source: string | JsonObject }
  | { readonly format: 'proto'; readonly source: string | Uint8Array }
  | { readonly format: 'wsdl' };

const SDL =
  /^\s*(?:(?:extend\s+)?(?:type|interface|union|enum|input|scalar|schema|directive)\b(?!\s*:)|"""|"[^"\n]*"\s*(?:type|schema|scalar|enum|input|interface|union|directive)\b)/m;
const PROTO = /^\s*(?:syntax|edition)\s*=\s*["']|^\s*(?:message|service|enum)\s+\w+\s*\{/m;

/** Tells by its content what a description is, by its name only if the content could be several. */
export function recognize(bytes: Uint8Array, location: Location): Recognized {
  // A descriptor set begins with the tag of its first file.
  if (bytes[0] === 0x0a && bytes.includes(0)) return { format: 'proto', source: bytes };
  if (/\.(binpb|protoset|desc|fds)$/i.test(location)) return { format: 'proto', source: bytes };
  const text = new TextDecoder('utf-8').decode(bytes);
  const bare = text.replace(/^\s*(?:#[^\n]*\n\s*)*/, '');
  if (/^<(?!!doctype html|html)/i.test(bare)) return { format: 'wsdl' };
  if (/\.proto$/i.test(location)) return { format: 'proto', source: text };
  if (/\.(graphqls?|gql|sdl)$/i.test(location)) return { format: 'graphql', source: text };
  if (!/^[{[]/.test(bare)) {
    if (PROTO.test(text)) return { format: 'proto', source: text };
    if (SDL.test(text) && /\{|scalar/.test(text) && !/^(openapi|swagger|asyncapi)\s*:/m.test(text))
      return { format: 'graphql', source: text };
  }
  const root = parseObject(text, location);
  if (root['openapi'] !== undefined || root['swagger'] !== undefined) return { format: 'openapi', root };
  if (root['asyncapi'] !== undefined) return { format: 'asyncapi', root };
  const { __schema: schema, data } = root;
  if (isObject(schema) || (isObject(data) && isObject(data['__schema']))) return { format: 'graphql', source: root };
  throw new ImportError(
    `${shown(location)} is not a description that is known: expected OpenAPI, Swagger, AsyncAPI, a GraphQL schema, a .proto file or descriptor set, or a WSDL`,
  );
}
