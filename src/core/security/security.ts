/** How callers show who they are, in the words of OpenAPI 3.1. Source: https://spec.openapis.org/oas/v3.1.1.html#security-scheme-object */
export type SecurityScheme = { readonly description?: string } & (
  | {
      /** Credentials in `authorization`: `bearer`, `basic`, or another registered scheme. */
      readonly type: 'http';
      readonly scheme: string;
      /** The form of a bearer token: `JWT`. */
      readonly bearerFormat?: string;
    }
  | {
      /** A secret in a header, a cookie, or a query parameter; the last only for services of others. */
      readonly type: 'apiKey';
      readonly in: 'header' | 'cookie' | 'query';
      readonly name: string;
    }
  | {
      /** A bearer token that an authorization server issues. */
      readonly type: 'oauth2';
      readonly flows: OAuthFlows;
    }
  | { readonly type: 'openIdConnect'; readonly openIdConnectUrl: string }
  | {
      /** A certificate of the client. */
      readonly type: 'mutualTLS';
    }
);

/** One way to get a token. */
export interface OAuthFlow {
  readonly authorizationUrl?: string;
  readonly tokenUrl?: string;
  readonly refreshUrl?: string;
  /** Each scope with one sentence that says what it allows. */
  readonly scopes: Readonly<Record<string, string>>;
}

/** The ways to get a token. Source: https://spec.openapis.org/oas/v3.1.1.html#oauth-flows-object */
export interface OAuthFlows {
  readonly clientCredentials?: OAuthFlow;
  readonly authorizationCode?: OAuthFlow;
  readonly password?: OAuthFlow;
  readonly implicit?: OAuthFlow;
}

/** Schemes that are asked for together, by name, each with the scopes that it must grant. */
export type SecurityRequirement = Readonly<Record<string, readonly string[]>>;

/**
 * The credentials that a member needs: the name of a scheme, `{ oauth: ['write'] }` for a scheme with scopes or several schemes together, or a
 * list of which one is enough. `false` means that none are needed.
 */
export type SecuritySpec = false | string | SecurityRequirement | readonly (string | SecurityRequirement)[];

/** The requirements of which one is enough; none if anybody may call. */
export function requirementsOf(spec: SecuritySpec): readonly SecurityRequirement[] {
  if (spec === false) return [];
  const list = Array.isArray(spec) ? (spec as readonly (string | SecurityRequirement)[]) : [spec as string | SecurityRequirement];
  return list.map((each) => (typeof each === 'string' ? { [each]: [] } : each));
}

/** The requirements of a spec, if there is one: for members of a contract, which take the contract's own otherwise. */
export function securityOf(spec: SecuritySpec | undefined): { readonly security?: readonly SecurityRequirement[] } {
  return spec === undefined ? {} : { security: requirementsOf(spec) };
}
