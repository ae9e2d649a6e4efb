import { afterAll, beforeAll } from 'vitest';
import { createBlogService } from '../../src/blog/index.ts';
import { isApiError, type ApiError } from '../../src/core/errors.ts';
import { listen, type HttpServer } from '../../src/http/node/listen.ts';
import { soapHandler } from '../../src/soap/server.ts';

export const N11 = 'http://schemas.xmlsoap.org/soap/envelope/';
export const N12 = 'http://www.w3.org/2003/05/soap-envelope';
export const WEATHER = 'http://example.com/weatherservice';

/** A SOAP 1.1 envelope around a body. */
export function envelope(body: string, header = ''): string {
  return `<s:Envelope xmlns:s="${N11}">${header && `<s:Header>${header}</s:Header>`}<s:Body>${body}</s:Body></s:Envelope>`;
}

/** A request of the Blog. */
export function weather(location: string, header?: string): string {
  return envelope(`<GetWeatherRequest xmlns="${WEATHER}"><Location>${location}</Location></GetWeatherRequest>`, header);
}

/** The `ApiError` that some work rejects with. */
export async function errorOf(work: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isApiError(error)) throw new Error(`no ApiError: ${String(error)}`);
  return error;
}

export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

/** Posts an envelope to the handler of a server. */
export async function post(url: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${url}/soap`, {
    method: 'POST',
    headers: { 'content-type': 'text/xml', ...headers },
    body: body as string,
  });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

/** Serves the Blog over SOAP while the tests of a file run. */
export function serveBlogOverSoap() {
  const service = createBlogService();
  let server: HttpServer;
  beforeAll(async () => {
    server = await listen(soapHandler(service));
  });
  afterAll(async () => {
    await server.close();
    await service.close();
  });
  return {
    service,
    get url() {
      return server.url;
    },
  };
}
