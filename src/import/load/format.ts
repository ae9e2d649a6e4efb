import type { JsonObject } from '../../core/errors.ts';
import { isObject } from '../../peer/error-body.ts';
import { ImportError } from './error.ts';
import { shown, type Location } from './location.ts';
import { parseObject } from './parse.ts';

/** A description with its kind. */
export type Recognized =
  | { readonly format: 'openapi' | 'asyncapi'; readonly root: JsonObject }
  | { readonly format: 'graphql'; readonly source: string | JsonObject }
  | { readonly format: 'wsdl'; readonly source: string }
  | { readonly format: 'proto'; readonly source: string | Uint8Array };

const SDL =
  /^[ \t]*(?:extend\s+)?(?:type|interface|union|enum|input|scalar|schema|directive)\b(?!\s*:)|^[ \t]*"[^"\n]*"\s*(?:type|schema|scalar)\b|^[ \t]*"""/m;
const PROTO = /^[ \t]*(?:syntax|edition)\s*=\s*["']|^[ \t]*(?:message|service)\s+\w+\s*\{/m;

/** Names of files that hold the bytes of a descriptor set. */
export const DESCRIPTOR_SET = /\.(?:binpb|pb|protoset|protobin|desc|descriptor|fds)$/i;

/** Tells by its content what a description is. Throws an `ImportError` for one that is not known. */
export function recognize(text: string, location: Location): Recognized {
  const bare = text.replace(/^\s*(?:#[^\n]*\n\s*)*/, '');
  if (/^<(?:\?xml|!--|(?:\w+:)?(?:definitions|description)\b)/i.test(bare)) return { format: 'wsdl', source: text };
  if (/\.(graphqls?|gql)$/i.test(location)) return { format: 'graphql', source: text };
  if (!/^[{[]/.test(bare)) {
    if (PROTO.test(text)) return { format: 'proto', source: text };
    if (SDL.test(text) && !/^(?:openapi|swagger|asyncapi)\s*:/m.test(text)) return { format: 'graphql', source: text };
  }
  const root = parseObject(text, location);
  checkVersion(root, location);
  if (root['openapi'] !== undefined || root['swagger'] !== undefined) return { format: 'openapi', root };
  if (root['asyncapi'] !== undefined) return { format: 'asyncapi', root };
  const { __schema: schema, data } = root;
  if (isObject(schema) || (isObject(data) && isObject(data['__schema']))) return { format: 'graphql', source: root };
  throw new ImportError(
    `${shown(location)} is not a description that is known: expected OpenAPI or Swagger ('openapi' or 'swagger' at its top), AsyncAPI ('asyncapi'), a GraphQL schema, a WSDL, or a .proto file`,
  );
}

/** Refuses versions whose parts have other names: the reader would find nothing in them. */
function checkVersion(root: JsonObject, location: Location): void {
  const versions = [
    ['OpenAPI', root['openapi'], /^3\b/],
    ['Swagger', root['swagger'], /^2\b/],
    ['Swagger', root['swaggerVersion'], /^2\b/],
    ['AsyncAPI', root['asyncapi'], /^[23]\b/],
  ] as const;
  for (const [name, version, known] of versions) {
    if ((typeof version === 'string' || typeof version === 'number') && !known.test(String(version)))
      throw new ImportError(
        `${shown(location)} is ${name} ${String(version).slice(0, 20)}: OpenAPI 3, Swagger 2 and AsyncAPI 2 and 3 can be imported`,
      );
  }
}
