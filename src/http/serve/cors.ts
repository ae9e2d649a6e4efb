import type { HttpRequest, HttpResponse } from '../message/message.ts';
import { problem } from '../message/problem.ts';
import { count, ms, readOptions } from '../../core/options.ts';
import { reporter } from '../../life/report.ts';
import { compileOrigins, isOwnOrigin, type Origins } from './origins.ts';
import { publicBase } from './public-url.ts';
import { reportOnce } from './refusals.ts';

/** Options of everything that serves an `HttpHandler`. */
export interface HttpOptions {
  /** Lets pages of other origins call: `true` all of them, without credentials. @default off */
  readonly cors?: CorsOptions | true | undefined;
  /**
   * Takes unsafe requests of pages of other sites, which otherwise get 403 unless `cors` lists their origin: those that a browser marks so
   * (`Sec-Fetch-Site: cross-site`), and a POST that it sends without a preflight with an `Origin` that is not this server's. @default false
   */
  readonly allowCrossSite?: boolean | undefined;
  /** The URL by which callers reach the server, if a proxy passes on another `Host`. Its origin counts as this server's own. @default the host of the request */
  readonly publicUrl?: string | undefined;
  /** How long a request's body may take, in milliseconds; then 408. @default 30_000 */
  readonly bodyTimeoutMs?: number | undefined;
  /** Gets what a handler threw unexpectedly; the caller only sees a neutral 500. Told once of each origin that is refused. @default console.error */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Cross-origin resource sharing. Source: https://fetch.spec.whatwg.org/#http-cors-protocol */
export interface CorsOptions {
  /** Origins like `https://app.example.com`, a function that knows them, or `'*'` for all. @default '*' */
  readonly origins?: Origins | undefined;
  /** Lets pages send cookies and HTTP authentication; needs `origins` other than `'*'`. @default false */
  readonly credentials?: boolean | undefined;
  /** Request headers that pages may send. @default whatever they ask for */
  readonly allowHeaders?: readonly string[] | undefined;
  /** Response headers that pages may read, besides `link`, `retry-after`, `etag`, `location`, `deprecation`, `sunset` and `x-request-id`. */
  readonly exposeHeaders?: readonly string[] | undefined;
  /** How long a browser may remember a preflight's answer, in seconds. @default 600 */
  readonly maxAgeSeconds?: number | undefined;
}

/** Readers and names of {@link HttpOptions}, for the factories that take them. */
export const HTTP_READERS = { bodyTimeoutMs: ms(30_000) };
export const HTTP_NAMES = ['cors', 'allowCrossSite', 'publicUrl', 'onError'] as const;

/** The checks between a browser and a handler. A member is absent if nothing is to be done. */
export interface BrowserRules {
  /** Answers what never reaches the handler: preflights and refused cross-site requests. */
  readonly before?: (request: HttpRequest) => HttpResponse | undefined;
  readonly after?: (request: HttpRequest, response: HttpResponse) => HttpResponse;
}

/** Requests of pages whose origin the option `cors` lists, with methods for which a browser need not ask first. */
const listed = new WeakSet<HttpRequest>();

/** Whether a GET comes from a page whose origin the option `cors` lists. */
export function isFromListedOrigin(request: HttpRequest): boolean {
  return listed.has(request);
}

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const EXPOSED = ['link', 'retry-after', 'etag', 'location', 'x-request-id', 'deprecation', 'sunset', 'x-ping-interval-ms'];

/** Content types that a page may send anywhere without a preflight. Source: https://fetch.spec.whatwg.org/#cors-safelisted-request-header */
const SIMPLE = /^\s*(?:text\/plain|application\/x-www-form-urlencoded|multipart\/form-data)\s*(?:;|$)/i;

/** Compiles the rules; throws a `TypeError` for options that contradict each other. */
export function browserRules(options: HttpOptions): BrowserRules {
  const cors = options.cors === undefined ? undefined : corsPolicy(options.cors === true ? {} : options.cors);
  const base = publicBase('publicUrl', options.publicUrl);
  const own = base === undefined ? undefined : new URL(base).origin;
  const refused = reportOnce(reporter(options.onError));
  /**
   * Whether a page of another origin may have sent it without asking. Older browsers do not name the origin, and a sibling domain is a
   * stranger too.
   */
  const isUnasked = ({ method, headers }: HttpRequest, origin: string | undefined): boolean => {
    const site = headers['sec-fetch-site'];
    if (origin === undefined || method !== 'POST' || site === 'same-origin' || site === 'none') return false;
    const type = headers['content-type'];
    if (type !== undefined && !SIMPLE.test(String(type))) return false;
    return origin !== own && !isOwnOrigin(origin, headerOf({ headers }, 'host'));
  };
  const isForbidden = (request: HttpRequest): boolean => {
    const origin = headerOf(request, 'origin');
    const isForeign = request.headers['sec-fetch-site'] === 'cross-site' || isUnasked(request, origin);
    if (!isForeign || cors?.allows(origin)) return false;
    const advice = "list that origin in the option 'cors', or set 'allowCrossSite'";
    refused(origin ?? 'an unknown origin', (shown) => `a ${request.method} of a page of ${shown} was refused: ${advice}`);
    return true;
  };
  return {
    ...((cors !== undefined || options.allowCrossSite !== true) && {
      before(request) {
        switch (request.method) {
          case 'GET':
          case 'HEAD':
            if (cors?.allows(headerOf(request, 'origin'))) listed.add(request);
            return undefined;
          case 'OPTIONS':
            return cors && request.headers['access-control-request-method'] !== undefined ? cors.preflight(request) : undefined;
          default:
            if (options.allowCrossSite === true || !isForbidden(request)) return undefined;
            return problem(403, "a request from another site is refused: list its origin in the option 'cors', or set 'allowCrossSite'");
        }
      },
    }),
    ...(cors && { after: cors.expose }),
  };
}

const CORS_READERS = { maxAgeSeconds: count(600, { zero: true, infinity: false }) };

function corsPolicy(options: CorsOptions) {
  const read = readOptions('cors', options, CORS_READERS, ['origins', 'credentials', 'allowHeaders', 'exposeHeaders']);
  const { origins = '*', credentials = false, allowHeaders, exposeHeaders = [], maxAgeSeconds } = read;
  if (credentials && origins === '*') {
    throw new TypeError("cors: credentials with origins '*' would let every site act as the user: list the origins");
  }
  const isListed = compileOrigins('cors', origins);
  const allows = (origin: string | undefined): origin is string => origin !== undefined && isListed(origin);
  const exposed = [...EXPOSED, ...exposeHeaders].join(', ');

  return {
    allows,
    /** The headers that `expose` does not add to every answer. */
    preflight(request: HttpRequest): HttpResponse {
      const headers = allowHeaders?.join(', ') ?? headerOf(request, 'access-control-request-headers');
      return {
        status: 204,
        headers: {
          ...(allows(headerOf(request, 'origin')) && {
            'access-control-allow-methods': METHODS,
            ...(headers !== undefined && headers !== '' && { 'access-control-allow-headers': headers }),
            'access-control-max-age': String(maxAgeSeconds),
          }),
          vary: 'access-control-request-headers',
        },
      };
    },
    expose(request: HttpRequest, response: HttpResponse): HttpResponse {
      const origin = headerOf(request, 'origin');
      // A cache must not give one origin the answer made for another, so even an answer without an origin says that it matters.
      if (origin === undefined && origins === '*') return response;
      const { vary } = response.headers;
      return {
        ...response,
        headers: {
          ...response.headers,
          ...(allows(origin) && {
            'access-control-allow-origin': origins === '*' ? '*' : origin,
            ...(credentials && { 'access-control-allow-credentials': 'true' }),
            'access-control-expose-headers': exposed,
          }),
          vary: vary === undefined ? 'origin' : `${vary}, origin`,
        },
      };
    },
  };
}

function headerOf({ headers }: Pick<HttpRequest, 'headers'>, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.join(', ');
}
