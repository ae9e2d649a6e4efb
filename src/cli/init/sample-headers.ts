import { requirementsOf, type SecurityScheme, type SecuritySpec } from '../../core/security/security.ts';
import type { Draft, DraftMember } from '../../import/draft/draft.ts';
import { key, quote } from '../../import/write/text.ts';

/**
 * A contract that a service of one's own can serve: without keys in queries, which logs keep, and without certificates, which the host
 * verifies. A requirement of only these asks for nothing.
 */
export function servable(draft: Draft): Draft {
  const schemes = Object.entries(draft.securitySchemes ?? {}).filter(([, scheme]) => isHeader(scheme));
  const known = new Set(schemes.map(([name]) => name));
  const own = (spec: SecuritySpec | undefined): SecuritySpec | undefined => {
    if (spec === undefined) return undefined;
    const left = requirementsOf(spec).filter((requirement) => Object.keys(requirement).every((name) => known.has(name)));
    return left.length === requirementsOf(spec).length ? spec : left.length === 0 ? false : left;
  };
  const member = <M extends DraftMember>(each: M): M => ({ ...each, security: own(each.security) });
  const security = own(draft.security);
  return {
    ...draft,
    securitySchemes: schemes.length === 0 ? undefined : Object.fromEntries(schemes),
    security: security === false ? undefined : security,
    operations: draft.operations.map(member),
    events: draft.events.map(member),
  };
}

/** Headers with credentials that a service takes as long as it verifies none, as code; `undefined` if an operation asks for none. */
export function sampleHeaders({ securitySchemes = {}, security }: Draft, operation: DraftMember): string | undefined {
  const spec = operation.security ?? security;
  const [requirement = {}] = spec === undefined ? [] : requirementsOf(spec);
  const headers = Object.fromEntries(Object.keys(requirement).flatMap((name) => headerOf(securitySchemes[name])));
  const members = Object.entries(headers).map(([name, value]) => `${key(name)}: ${value}`);
  return members.length === 0 ? undefined : `{ ${members.join(', ')} }`;
}

function headerOf(scheme: SecurityScheme | undefined): readonly (readonly [name: string, code: string])[] {
  switch (scheme?.type) {
    case 'apiKey':
      return scheme.in === 'cookie' ? [['cookie', quote(`${scheme.name}=sample`)]] : [[scheme.name.toLowerCase(), "'sample'"]];
    case 'http':
      return [['authorization', scheme.scheme === 'basic' ? "`Basic ${btoa('user:sample')}`" : quote(`${scheme.scheme} sample`)]];
    case 'oauth2':
    case 'openIdConnect':
      return [['authorization', "'Bearer sample'"]];
    default:
      return [];
  }
}

function isHeader(scheme: SecurityScheme): boolean {
  return scheme.type !== 'mutualTLS' && !(scheme.type === 'apiKey' && scheme.in === 'query');
}
