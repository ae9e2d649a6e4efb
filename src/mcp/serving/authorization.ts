import type { HttpRequest, HttpResponse } from '../../http/message/message.ts';
import { publicBase } from '../../http/serve/public-url.ts';

/** The authorization servers that issue tokens. Source: https://www.rfc-editor.org/rfc/rfc9728 */
export interface McpAuthorization {
  /** Issuers of tokens that the service's `context` takes: `['https://login.example.com']`. */
  readonly authorizationServers: readonly string[];
  /** The rights that a token may give. @default not said */
  readonly scopes?: readonly string[] | undefined;
}

/** Tells callers without a token how to get one. */
export class Authorization {
  /** The address of the metadata. Source: https://www.rfc-editor.org/rfc/rfc9728#section-3.1 */
  readonly path: string;

  private readonly endpoint: string;
  private readonly publicUrl: string | undefined;
  private readonly options: McpAuthorization;

  /** Throws a `TypeError`, which names `owner`, for options that name no issuer. */
  constructor(owner: string, endpoint: string, publicUrl: string | undefined, options: McpAuthorization) {
    const { authorizationServers: servers } = options;
    if (!Array.isArray(servers) || servers.length === 0 || !servers.every((server) => typeof server === 'string' && URL.canParse(server)))
      throw new TypeError(`${owner}: authorization.authorizationServers is a list of issuers: write ['https://login.example.com']`);
    if (options.scopes?.some((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)))
      throw new TypeError(`${owner}: authorization.scopes are words without spaces and quotes`);
    this.endpoint = endpoint;
    this.publicUrl = publicBase(owner, publicUrl);
    this.options = options;
    this.path = `/.well-known/oauth-protected-resource${endpoint}`;
  }

  metadata(request: HttpRequest): HttpResponse {
    const { authorizationServers, scopes } = this.options;
    const body = {
      resource: this.#base(request) + this.endpoint,
      authorization_servers: authorizationServers,
      ...(scopes && { scopes_supported: scopes }),
      bearer_methods_supported: ['header'],
    };
    return { status: 200, headers: { 'content-type': 'application/json', 'cache-control': 'max-age=3600' }, body: JSON.stringify(body) };
  }

  /** Source: https://www.rfc-editor.org/rfc/rfc9728#section-5.1 */
  challenge(request: HttpRequest): Record<string, string> {
    const { scopes = [] } = this.options;
    const scope = scopes.length === 0 ? '' : `, scope="${scopes.join(' ')}"`;
    return { 'www-authenticate': `Bearer resource_metadata="${this.#base(request)}${this.path}"${scope}` };
  }

  #base({ origin }: HttpRequest): string {
    return this.publicUrl ?? origin;
  }
}
