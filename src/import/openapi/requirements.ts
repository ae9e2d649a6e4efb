import type { JsonObject } from '../../core/errors.ts';
import {
  requirementsOf,
  type OAuthFlow,
  type SecurityRequirement,
  type SecurityScheme,
  type SecuritySpec,
} from '../../core/security/security.ts';
import type { Draft, DraftMember } from '../draft/draft.ts';
import type { Findings } from '../draft/findings.ts';
import { Names } from '../draft/names.ts';
import { itemsOf, membersOf, words } from '../json-schema/facts.ts';

/** Flows of Swagger 2 by the names that they have since. */
const FLOWS: Readonly<Record<string, string>> = { application: 'clientCredentials', accessCode: 'authorizationCode' };

/** Reads who may call what: the schemes of a document, and the requirements of its operations. */
export class SecurityReader {
  readonly #known = new Map<string, { readonly name: string; readonly scheme: SecurityScheme }>();
  private readonly declared: JsonObject;
  private readonly findings: Findings;

  constructor(declared: JsonObject, findings: Findings) {
    this.declared = declared;
    this.findings = findings;
    const names = new Names(['__proto__']);
    for (const [name, given] of Object.entries(declared)) {
      const scheme = schemeOf(membersOf(given));
      if (scheme) this.#known.set(name, { name: names.take(name.replace(/[^A-Za-z0-9._-]+/g, '-') || 'scheme'), scheme });
    }
  }

  /** The `security` of a document or an operation; `undefined` if it has none. */
  read(security: unknown, at: string): SecuritySpec | undefined {
    if (!Array.isArray(security)) return undefined;
    const asked = itemsOf(security).map(membersOf);
    if (asked.some((requirement) => Object.keys(requirement).length === 0)) {
      this.findings.add(at, 'credentials that may be left out', 'the contract asks for none');
      return false;
    }
    const requirements = asked.map((requirement) => this.#requirement(requirement, at)).filter((each) => each !== undefined);
    const specs = requirements.map((requirement): string | SecurityRequirement => {
      const [[name, scopes] = ['', [] as readonly string[]], ...more] = Object.entries(requirement);
      return more.length === 0 && scopes.length === 0 ? name : requirement;
    });
    const [first = false] = specs;
    return specs.length < 2 ? first : specs;
  }

  /** The schemes that are asked for, in the order of the document. */
  schemes(specs: readonly SecuritySpec[]): Readonly<Record<string, SecurityScheme>> | undefined {
    const names = new Set(specs.flatMap((spec) => requirementsOf(spec)).flatMap((requirement) => Object.keys(requirement)));
    const used = [...this.#known.values()].filter(({ name }) => names.has(name));
    return used.length === 0 ? undefined : Object.fromEntries(used.map(({ name, scheme }) => [name, scheme]));
  }

  #requirement(requirement: JsonObject, at: string): SecurityRequirement | undefined {
    const schemes = Object.entries(requirement).map(([name, scopes]) => ({
      known: this.#known.get(name),
      name,
      scopes: itemsOf(scopes).filter((scope) => typeof scope === 'string'),
    }));
    const strange = schemes.find(({ known }) => !known);
    if (strange) {
      const what = Object.hasOwn(this.declared, strange.name) ? 'a kind of credentials' : 'a security scheme that is not declared';
      this.findings.add(at, `${what} (${strange.name})`, 'the contract does not ask for it');
      return undefined;
    }
    return Object.fromEntries(schemes.map(({ known, scopes }) => [known?.name ?? '', scopes]));
  }
}

/** Says at the contract what most members would repeat: the document's own `security`, or else what all of them have. */
export function securedDraft(
  reader: SecurityReader,
  root: SecuritySpec | undefined,
  { operations, events }: Pick<Draft, 'operations' | 'events'>,
): Pick<Draft, 'securitySchemes' | 'security' | 'operations' | 'events'> {
  const effective = [...operations, ...events].map(({ security = root }) => security);
  const [first] = effective;
  const isShared = first !== undefined && effective.every((each) => JSON.stringify(each) === JSON.stringify(first));
  const common = isShared ? first : root;
  const security = common === false ? undefined : common;
  const specs = [...effective, security].filter((spec) => spec !== undefined);
  const own = <M extends DraftMember>(member: M): M => {
    const spec = member.security ?? root;
    const isSaid = JSON.stringify(spec) === JSON.stringify(security) || (security === undefined && spec === false);
    return { ...member, security: isSaid ? undefined : spec };
  };
  return { securitySchemes: reader.schemes(specs), security, operations: operations.map(own), events: events.map(own) };
}

/** A scheme in the words of OpenAPI 3.1; `undefined` for one that it does not have. */
function schemeOf(given: JsonObject): SecurityScheme | undefined {
  const { type, in: where, name, scheme, bearerFormat, openIdConnectUrl } = given;
  const description = words(given['description']);
  const about = description === undefined ? {} : { description };
  if (type === 'apiKey' && typeof name === 'string' && (where === 'header' || where === 'query' || where === 'cookie'))
    return { type, in: where, name, ...about };
  if (type === 'basic') return { type: 'http', scheme: 'basic', ...about };
  if (type === 'http' && typeof scheme === 'string' && /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(scheme))
    return { type, scheme: scheme.toLowerCase(), ...(typeof bearerFormat === 'string' && { bearerFormat }), ...about };
  if (type === 'oauth2') return { type, flows: flowsOf(given), ...about };
  if (type === 'openIdConnect' && typeof openIdConnectUrl === 'string') return { type, openIdConnectUrl, ...about };
  return type === 'mutualTLS' ? { type, ...about } : undefined;
}

function flowsOf(given: JsonObject): Readonly<Record<string, OAuthFlow>> {
  const { flow } = given;
  const flows = typeof flow === 'string' ? { [FLOWS[flow] ?? flow]: given } : membersOf(given['flows']);
  return Object.fromEntries(
    ['clientCredentials', 'authorizationCode', 'password', 'implicit'].flatMap((kind) => {
      if (!Object.hasOwn(flows, kind)) return [];
      const { authorizationUrl, tokenUrl, refreshUrl, scopes, availableScopes } = membersOf(flows[kind]);
      const urls = Object.entries({ authorizationUrl, tokenUrl, refreshUrl }).filter(([, url]) => typeof url === 'string');
      const said = Object.entries(membersOf(scopes ?? availableScopes)).map(([scope, says]) => [scope, words(says) ?? scope]);
      return [[kind, { ...Object.fromEntries(urls), scopes: Object.fromEntries(said) as Record<string, string> }]];
    }),
  );
}
