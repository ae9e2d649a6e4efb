import type { Contract, EventDefinition, Operation } from '../core/contract.ts';
import { ApiError } from '../core/errors.ts';
import type { SecurityRequirement, SecurityScheme } from '../core/security/security.ts';
import { chain, isPromiseLike, type Maybe } from '../life/maybe.ts';
import { credentialsOf, howToSend } from './credentials.ts';
import type { ContextInfo, Credentials, Grant, Verifier } from './types.ts';

/** The function that makes contexts, when the caller was verified. */
export type MakeContext = (info: ContextInfo) => unknown;

const NO_SECURITY: readonly SecurityRequirement[] = [];

/** The service's `context` with the contract's `security` asked before it. Throws a `TypeError` if a scheme has no verifier, or a verifier no scheme. */
export function securedContext(
  contract: Contract,
  verifiers: Readonly<Record<string, Verifier>> | undefined,
  context: MakeContext | undefined,
  onError: (error: unknown) => void,
): MakeContext | undefined {
  const schemes = contract.securitySchemes ?? {};
  for (const name of Object.keys(verifiers ?? {}))
    if (!Object.hasOwn(schemes, name)) throw new TypeError(`createService: security.${name}: the contract has no securitySchemes.${name}`);
  const members = [...Object.values(contract.operations), ...Object.values(contract.events)];
  const asked = members.flatMap(({ security = NO_SECURITY }) => security);
  if (asked.length === 0) return context;
  for (const name of new Set(asked.flatMap((requirement) => Object.keys(requirement)))) {
    const scheme = schemes[name];
    if (typeof verifiers?.[name] !== 'function')
      throw new TypeError(`createService: the contract asks for '${name}': give the option security: { ${name}: (credentials) => … }`);
    if (scheme?.type === 'apiKey' && scheme.in === 'query')
      throw new TypeError(`createService: '${name}' is an API key in the query, which logs keep: let it be in a header`);
  }
  // A surface that asks who calls, and for no member: any of the schemes will do, and none if there is something that anybody may do.
  const someone = [...new Set(asked.flatMap((requirement) => Object.keys(requirement)))].map((name) => ({ [name]: [] }));
  const isOpen = members.some(({ security = NO_SECURITY }) => security.length === 0);
  const door = new Door(schemes, verifiers ?? {}, onError);
  const enter = (info: ContextInfo, granted: Readonly<Record<string, object>>): unknown => {
    const grant = Object.values(granted)[0];
    if (!context) return grant;
    const made = context(Object.assign(info, { granted }));
    const expiresAtMs = (grant as { readonly expiresAtMs?: unknown } | undefined)?.expiresAtMs;
    return expiresAtMs === undefined ? made : chain(made, (value) => withExpiry(value, expiresAtMs));
  };
  return (info) => {
    const requirements = info.member ? (info.member.security ?? NO_SECURITY) : someone;
    if (requirements.length === 0) return enter(info, {});
    const found = door.ask(info, requirements);
    const mayPass = info.member === undefined && isOpen;
    const decide = ({ granted, refusal }: Answer): unknown => {
      if (granted) return enter(info, granted);
      if (mayPass && refusal?.code === 'UNAUTHENTICATED') return enter(info, {});
      throw refusal ?? new ApiError('UNAUTHENTICATED', 'nobody is known to call');
    };
    return chain(found, decide);
  };
}

/** The member that a plain context lacks: the time at which the credentials end. */
function withExpiry(context: unknown, expiresAtMs: unknown): unknown {
  if (context === undefined) return { expiresAtMs };
  if (typeof context !== 'object' || context === null || 'expiresAtMs' in context) return context;
  return Object.getPrototypeOf(context) === Object.prototype ? { ...context, expiresAtMs } : context;
}

/** Either who was let in, by scheme, or why nobody was. */
interface Answer {
  readonly granted?: Readonly<Record<string, object>>;
  readonly refusal?: ApiError;
}

class Door {
  readonly #told = new Set<string>();
  private readonly schemes: Readonly<Record<string, SecurityScheme>>;
  private readonly verifiers: Readonly<Record<string, Verifier>>;
  private readonly onError: (error: unknown) => void;

  constructor(
    schemes: Readonly<Record<string, SecurityScheme>>,
    verifiers: Readonly<Record<string, Verifier>>,
    onError: (error: unknown) => void,
  ) {
    this.schemes = schemes;
    this.verifiers = verifiers;
    this.onError = onError;
  }

  /** Tries the requirements in their order; the first that is met counts. The refusal that says most is given otherwise. */
  ask(info: ContextInfo, requirements: readonly SecurityRequirement[], at = 0, refusal?: ApiError): Maybe<Answer> {
    const requirement = requirements[at];
    if (!requirement) return { refusal: refusal ?? this.#nothing(info.member, requirements) };
    return chain(this.#meet(info, Object.entries(requirement)), (answer) => {
      if (answer.granted) return answer;
      // "May not" says more than "is not known".
      const better = answer.refusal && (!refusal || answer.refusal.code !== 'UNAUTHENTICATED') ? answer.refusal : refusal;
      return this.ask(info, requirements, at + 1, better);
    });
  }

  /** All schemes of one requirement, one after the other. Neither a grant nor a refusal: the caller showed nothing for it. */
  #meet(
    info: ContextInfo,
    asked: readonly (readonly [string, readonly string[]])[],
    granted: Readonly<Record<string, object>> = {},
  ): Maybe<Answer> {
    const [first, ...others] = asked;
    if (!first) return { granted };
    const [name, scopes] = first;
    const scheme = this.schemes[name];
    const verify = this.verifiers[name];
    const absent = info.onBehalfOf;
    const shown = absent === undefined ? scheme && credentialsOf(scheme, info) : { token: '' };
    if (!shown || !verify) return {};
    const credentials: Credentials = { ...shown, scheme: name, scopes, ...(absent !== undefined && { onBehalfOf: absent }) };
    const refused = { refusal: new ApiError('UNAUTHENTICATED', 'these credentials are not known') };
    const decide = (grant: Grant): Maybe<Answer> => {
      if (grant === undefined || grant === null || grant === false) return refused;
      const lacking = this.#lacking(name, scopes, grant);
      if (lacking !== undefined) return { refusal: new ApiError('PERMISSION_DENIED', `this needs the scope '${lacking}'`) };
      return this.#meet(info, others, { ...granted, [name]: grant === true ? {} : grant });
    };
    const fail = (error: unknown): Answer => {
      const { code } = ApiError.from(error, 'INTERNAL', 'internal error');
      if (code === 'UNAUTHENTICATED' || code === 'PERMISSION_DENIED') return { refusal: error as ApiError };
      throw error;
    };
    try {
      const grant = verify(credentials, info);
      return isPromiseLike(grant) ? grant.then(decide, fail) : decide(grant);
    } catch (error) {
      return fail(error);
    }
  }

  /** A scope that is asked for and was not granted. A verifier that tells of none grants none. */
  #lacking(name: string, scopes: readonly string[], grant: object | true): string | undefined {
    if (scopes.length === 0) return undefined;
    const given = grant === true ? undefined : (grant as { readonly scopes?: unknown }).scopes;
    if (Array.isArray(given)) return scopes.find((scope) => !given.includes(scope));
    if (!this.#told.has(name)) {
      this.#told.add(name);
      this.onError(
        new TypeError(
          `security.${name} must return { scopes: [ … ] }, because the contract asks for scopes: callers are refused until then`,
        ),
      );
    }
    return scopes[0];
  }

  #nothing(member: Operation | EventDefinition | undefined, requirements: readonly SecurityRequirement[]): ApiError {
    const ways = requirements.map((requirement) =>
      Object.keys(requirement)
        .map((name) => howToSend(this.schemes[name]))
        .join(' and '),
    );
    const what = member ? `${member.name} needs` : 'this needs';
    return new ApiError('UNAUTHENTICATED', `${what} ${[...new Set(ways)].join(', or ')}`);
  }
}
