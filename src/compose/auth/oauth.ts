import { readAll } from '../../http/message/read-all.ts';
import { ApiError } from '../../core/errors.ts';
import { ms, readOptions } from '../../core/options.ts';
import type { Headers } from '../../core/transport.ts';
import { now } from '../../life/now.ts';
import { report } from '../../life/report.ts';
import { inTime } from '../../life/timers.ts';
import { isObject } from '../../peer/error-body.ts';
import { tryParseJson } from '../../peer/json.ts';
import { printable } from '../../peer/text/printable.ts';
import type { Authenticator } from './authenticator.ts';

/** Options of `oauth2`. */
export interface OAuth2Options {
  /** The URL that issues tokens. */
  readonly tokenUrl: string;
  readonly clientId: string;
  /** Absent for public clients, which have a refresh token only. */
  readonly clientSecret?: string;
  readonly scopes?: readonly string[];
  /** Renews the token with this one instead of the client's credentials; one that the server gives anew takes its place. */
  readonly refreshToken?: string;
  /** Gets a refresh token that the server gave anew, to be kept. */
  readonly onRefreshToken?: (token: string) => void;
  /** Fields besides those of the standard, such as `audience`. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** The place of the client's credentials. @default 'header' */
  readonly clientAuth?: 'header' | 'body';
  /** How long before it expires a token is renewed, in milliseconds; never more than half of its life. @default 30_000 */
  readonly earlyMs?: number;
  /** How long the token endpoint may take, in milliseconds. @default 10_000 */
  readonly timeoutMs?: number;
  /** @default the platform's */
  readonly fetch?: typeof fetch;
}

interface Token {
  readonly headers: Headers;
  /** On the monotonic clock. */
  readonly renewAt: number;
}

const MAX_BYTES = 1_048_576;

/**
 * Tokens by OAuth 2: with the client's credentials, or with a refresh token. One request serves all calls that wait for a token.
 * Sources: https://www.rfc-editor.org/rfc/rfc6749#section-4.4, https://www.rfc-editor.org/rfc/rfc6749#section-6
 */
export function oauth2(options: OAuth2Options): Authenticator {
  const read = readOptions('oauth2', options, { earlyMs: ms(30_000, { zero: true }), timeoutMs: ms(10_000) }, [
    'tokenUrl', 'clientId', 'clientSecret', 'scopes', 'refreshToken', 'onRefreshToken', 'parameters', 'clientAuth', 'fetch',
  ]); // prettier-ignore
  if (!URL.canParse(read.tokenUrl)) throw new TypeError('oauth2: tokenUrl must be a URL');
  if (read.clientSecret === undefined && read.refreshToken === undefined)
    throw new TypeError('oauth2: give clientSecret, or a refreshToken for a public client');
  let { refreshToken } = read;
  let token: Token | undefined;
  let renewing: Promise<Token> | undefined;

  const request = async (): Promise<Token> => {
    const fields = new URLSearchParams(read.parameters);
    fields.set('grant_type', refreshToken === undefined ? 'client_credentials' : 'refresh_token');
    if (refreshToken !== undefined) fields.set('refresh_token', refreshToken);
    if (read.scopes && read.scopes.length > 0) fields.set('scope', read.scopes.join(' '));
    const headers: Record<string, string> = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
    if (read.clientSecret !== undefined && read.clientAuth !== 'body') {
      // Source: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
      headers['authorization'] = `Basic ${btoa(`${formEncoded(read.clientId)}:${formEncoded(read.clientSecret)}`)}`;
    } else {
      fields.set('client_id', read.clientId);
      if (read.clientSecret !== undefined) fields.set('client_secret', read.clientSecret);
    }
    const controller = new AbortController();
    const send = read.fetch ?? fetch;
    const exchange = async (): Promise<[number, string]> => {
      const response = await send(read.tokenUrl, {
        method: 'POST',
        headers,
        body: fields.toString(),
        signal: controller.signal,
        redirect: 'error',
      });
      return [response.status, await limited(response)];
    };
    const late = () => new ApiError('UNAVAILABLE', 'the token endpoint did not answer in time', { sent: false });
    const [status, text] = await inTime(read.timeoutMs, exchange(), late).catch((error: unknown) => {
      controller.abort();
      throw ApiError.from(error, 'UNAVAILABLE', 'the token endpoint cannot be reached', { sent: false });
    });
    const body = tryParseJson(text);
    const access = isObject(body) ? body['access_token'] : undefined;
    if (status !== 200 || !isObject(body) || typeof access !== 'string' || !/^[\x21-\x7e]+$/.test(access)) throw refusal(status, body);
    const renewed = body['refresh_token'];
    if (typeof renewed === 'string' && renewed !== refreshToken) {
      refreshToken = renewed;
      if (read.onRefreshToken) report(renewed, read.onRefreshToken);
    }
    const lifeMs = typeof body['expires_in'] === 'number' && body['expires_in'] > 0 ? body['expires_in'] * 1000 : Infinity;
    return { headers: { authorization: `Bearer ${access}` }, renewAt: now() + lifeMs - Math.min(read.earlyMs, lifeMs / 2) };
  };
  const renew = (): Promise<Token> =>
    (renewing ??= request()
      .then((made) => (token = made))
      .finally(() => (renewing = undefined)));

  return {
    headers: () => (token && now() < token.renewAt ? token.headers : renew().then(({ headers }) => headers)),
    // Another call may have renewed it already.
    renew: async (refused) => {
      const current = token;
      return current && current.headers !== refused && current.headers['authorization'] !== refused['authorization']
        ? current.headers
        : (await renew()).headers;
    },
  };
}

/** The error of a token endpoint: its code and nothing that could hold a secret. Source: https://www.rfc-editor.org/rfc/rfc6749#section-5.2 */
function refusal(status: number, body: unknown): ApiError {
  const code = isObject(body) && typeof body['error'] === 'string' ? printable(body['error'], 60) : `status ${status}`;
  if (status >= 500 || status === 429) return new ApiError('UNAVAILABLE', `the token endpoint failed: ${code}`, { sent: false });
  return new ApiError('UNAUTHENTICATED', `the token endpoint gave no token: ${code}`, { sent: false });
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

async function limited({ body }: Response): Promise<string> {
  if (!body) return '';
  const bytes = await readAll(body, (size) => {
    if (size > MAX_BYTES) throw new ApiError('UNAVAILABLE', 'the answer of the token endpoint is too large', { sent: false });
  });
  return new TextDecoder().decode(bytes);
}
