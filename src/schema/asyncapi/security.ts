import type { Contract, EventDefinition, Operation } from '../../core/contract.ts';
import type { JsonObject } from '../../core/errors.ts';
import type { OAuthFlow, SecurityScheme } from '../../core/security/security.ts';
import { securityNotes } from '../member-notes.ts';

/** The schemes of a contract as AsyncAPI's components have them. Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0#securitySchemeObject */
export function securitySchemesOf({ securitySchemes = {} }: Contract): JsonObject {
  const schemes = Object.entries(securitySchemes).map(([name, scheme]) => [name, schemeObject(scheme)]);
  return schemes.length === 0 ? {} : { securitySchemes: Object.fromEntries(schemes) as JsonObject };
}

/**
 * The callers that may send or listen. In AsyncAPI one scheme of the list is enough, and nothing says that several go together: those are
 * described in words.
 */
export function securityOf(member: Operation | EventDefinition, { securitySchemes = {} }: Contract): JsonObject {
  const { security = [] } = member;
  if (security.length === 0) return {};
  const single = security.map((requirement) => Object.entries(requirement));
  if (single.some((schemes) => schemes.length > 1)) return { description: securityNotes(member).join('\n') };
  return {
    security: single.flat().map(([name, scopes]) => {
      const scheme = securitySchemes[name];
      if (scopes.length === 0 || !scheme) return { $ref: `#/components/securitySchemes/${name}` };
      return { ...schemeObject(scheme), scopes };
    }),
  };
}

function schemeObject(scheme: SecurityScheme): JsonObject {
  const about = scheme.description === undefined ? {} : { description: scheme.description };
  switch (scheme.type) {
    case 'apiKey':
      return { type: 'httpApiKey', name: scheme.name, in: scheme.in, ...about };
    case 'oauth2':
      return {
        type: 'oauth2',
        flows: Object.fromEntries(Object.entries(scheme.flows).map(([flow, about]) => [flow, flowObject(about as OAuthFlow)])),
        ...about,
      };
    case 'mutualTLS':
      return { type: 'X509', ...about };
    default:
      return { ...scheme };
  }
}

function flowObject({ scopes, ...flow }: OAuthFlow): JsonObject {
  return { ...flow, availableScopes: scopes };
}
