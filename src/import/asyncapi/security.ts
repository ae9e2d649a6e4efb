import type { JsonObject } from '../../core/errors.ts';
import { itemsOf, membersOf, textOf } from '../json-schema/facts.ts';
import { refEnd } from './flows.ts';

/**
 * The `security` of an AsyncAPI document as OpenAPI has it: in version 3 a list of schemes, referred to or written out with the scopes that are
 * needed. Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0#operationObject
 */
export function requirementsOf(security: unknown, schemes: JsonObject): unknown {
  if (!Array.isArray(security)) return undefined;
  return itemsOf(security).map((given) => {
    const { $ref, type, scopes, ...rest } = membersOf(given);
    if ($ref !== undefined) return { [refEnd(given)]: itemsOf(membersOf(schemes[refEnd(given)])['scopes']) };
    if (type === undefined) return given;
    const text = JSON.stringify({ type, ...rest });
    const name = Object.keys(schemes).find((each) => {
      const { type: own, scopes: _, ...others } = membersOf(schemes[each]);
      return JSON.stringify({ type: own, ...others }) === text;
    });
    return { [name ?? textOf(type)]: scopes ?? [] };
  });
}

/** AsyncAPI's `httpApiKey` is the `apiKey` of OpenAPI; its own `apiKey` is of other protocols. */
export function schemesOf(schemes: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(schemes).flatMap(([name, given]) => {
      const scheme = membersOf(given);
      if (scheme['type'] === 'httpApiKey') return [[name, { ...scheme, type: 'apiKey' }]];
      if (scheme['type'] === 'userPassword') return [[name, { ...scheme, type: 'http', scheme: 'basic' }]];
      if (scheme['type'] === 'X509') return [[name, { ...scheme, type: 'mutualTLS' }]];
      return [[name, scheme]];
    }),
  );
}
