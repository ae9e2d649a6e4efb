import type { Contract, EventDefinition, Operation } from '../../core/contract.ts';
import { ApiError, isApiError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import type { CallRequest, Headers, SubscribeRequest } from '../../core/transport.ts';
import { isPromiseLike, type Maybe } from '../../life/maybe.ts';
import { isSpent } from '../retry.ts';
import { anyWithHeaders, compose, type Composed, type Source } from '../wrap.ts';
import type { Authenticator } from './authenticator.ts';

/** Sources of credentials: one authenticator for all members, or one for each used scheme of the contract's `securitySchemes`. */
export type AuthOptions = Authenticator | Readonly<Record<string, Authenticator>>;

/**
 * Sends credentials, on every protocol: `auth(rest({ url }), bearer(() => token))`. If the peer refuses them, they are renewed once
 * for all calls, and the call is sent once more. With one authenticator for each scheme of the contract, a member gets the credentials of its `security`.
 */
export function auth<S extends Source>(source: S, options: AuthOptions): Composed<S> {
  return compose(source, (inner) => {
    const pick = picker(inner.contract, options);
    const run = <R extends CallRequest | SubscribeRequest, T>(request: R, send: (request: R) => Promise<T>): Promise<T> => {
      const chosen = pick(request.operation ?? request.event);
      if (!chosen) return send(request);
      const go = (own: Headers): Promise<T> => {
        const sent = send(anyWithHeaders(request, { ...request.headers, ...own }));
        return chosen.renew ? sent.catch((error: unknown) => again(error, own)) : sent;
      };
      const again = async (error: unknown, refused: Headers): Promise<T> => {
        if (!isApiError(error) || error.code !== 'UNAUTHENTICATED' || !chosen.renew) throw error;
        // Sent again, it would fail for its file and not say why.
        if (request.operation && isSpent(request.operation, request.input)) throw error;
        const renewed = await chosen.renew(refused).catch((cause: unknown) => {
          throw isApiError(cause) ? cause : error;
        });
        return send(anyWithHeaders(request, { ...request.headers, ...renewed }));
      };
      let headers: Maybe<Headers>;
      try {
        headers = chosen.headers();
      } catch (error) {
        return Promise.reject(unknown(error));
      }
      if (!isPromiseLike(headers)) return go(headers);
      return Promise.resolve(headers).then(go, (error: unknown) => Promise.reject(unknown(error)));
    };
    return {
      call: (request) => run(request, (changed) => inner.call(changed)),
      subscribe: (request, sink) => run(request, (changed) => inner.subscribe(changed, sink)),
    };
  });
}

function unknown(error: unknown): ApiError {
  return ApiError.from(error, 'UNAUTHENTICATED', 'no credentials could be had, so the request was not sent', { sent: false });
}

function picker(contract: Contract, options: AuthOptions): (member: Operation | EventDefinition) => Authenticator | undefined {
  if (isAuthenticator(options)) return () => options;
  const schemes = contract.securitySchemes ?? {};
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(schemes, name)) continue;
    const near = nearest(name, Object.keys(schemes));
    throw new TypeError(
      `auth: the contract ${contract.name} has no securitySchemes.${name}${near === undefined ? '' : `, do you mean '${near}'?`}`,
    );
  }
  const known = new Map<Operation | EventDefinition, Authenticator | undefined>();
  return (member) => {
    if (!known.has(member)) {
      const met = member.security?.find((requirement) => Object.keys(requirement).every((name) => Object.hasOwn(options, name)));
      const parts = Object.keys(met ?? {}).flatMap((name) => options[name] ?? []);
      known.set(member, parts.length > 1 ? joined(parts) : parts[0]);
    }
    return known.get(member);
  };
}

function isAuthenticator(options: AuthOptions): options is Authenticator {
  return typeof options.headers === 'function';
}

/** Several authenticators whose headers are sent together. */
function joined(parts: readonly Authenticator[]): Authenticator {
  const all = async (ask: (part: Authenticator) => Maybe<Headers>) =>
    Object.assign({}, ...(await Promise.all(parts.map(async (part) => ask(part))))) as Headers;
  return {
    headers: () => all((part) => part.headers()),
    renew: (refused) => all((part) => part.renew?.(refused) ?? part.headers()),
  };
}
