import { ApiError, isApiError } from '../../core/errors.ts';
import type { FetchResponse } from '../../http/client/fetch-like.ts';
import type { HttpClient } from '../../http/client/http-client.ts';
import { networkError } from '../../http/client/network-error.ts';
import { readAll } from '../../http/message/read-all.ts';
import { builtin } from '../../peer/builtin.ts';
import type { WsdlOptionsInForce } from '../options.ts';
import { decodeXml } from '../../xml/decode.ts';
import { shown } from '../../xml/text.ts';
import { securityHeaders } from '../security/security.ts';
import { decodeStatus } from '../wire.ts';

const MAX_REDIRECTS = 5;

/** The documents of one WSDL: itself and what it imports, which is the other side's to say. */
export class WsdlDocuments {
  readonly #origins: ReadonlySet<string>;
  #bytes = 0;

  private readonly http: HttpClient;
  private readonly options: WsdlOptionsInForce;
  private readonly signal: AbortSignal;

  constructor(http: HttpClient, options: WsdlOptionsInForce, signal: AbortSignal) {
    this.http = http;
    this.options = options;
    this.signal = signal;
    this.#origins = new Set([options.wsdl, options.url ?? ''].map(originOf).filter((origin) => origin !== undefined));
  }

  /** One document, and its address after redirects. Rejects with an `ApiError` whose `sent` is false: no call has been made. */
  async read(location: string): Promise<{ readonly text: string; readonly location: string }> {
    if (originOf(location) === undefined) return { text: await this.#file(location), location };
    let url = location;
    for (let redirects = 0; ; redirects++) {
      const { response, text } = await this.#get(url);
      const { status } = response;
      if (status >= 200 && status < 300) return { text, location: url };
      const to = response.headers.get('location');
      if (status >= 300 && status < 400 && to !== null && URL.canParse(to, url)) {
        if (redirects === MAX_REDIRECTS) throw this.#failure('DATA_LOSS', `the WSDL at ${shown(location, 200)} redirects more than ${MAX_REDIRECTS} times`);
        url = this.location(new URL(to, url).href, url);
        continue;
      }
      const { code, text: why, retryAfterMs } = decodeStatus({ status, text, header: (name) => response.headers.get(name) });
      throw new ApiError(code, `the WSDL at ${shown(url, 200)} cannot be read: ${why}`, { retryAfterMs, remote: true, sent: false });
    }
  }

  async #get(url: string): Promise<{ readonly response: FetchResponse; readonly text: string }> {
    const request = { method: 'GET', url, headers: await this.#headers(url), signal: this.signal };
    try {
      const response = await this.http.send(request);
      const text = decodeXml(await this.#body(response), response.headers.get('content-type') ?? '');
      this.http.tell(response, text);
      return { response, text };
    } catch (error) {
      throw (isApiError(error) ? error : networkError(error, url, this.signal)).with({ sent: false });
    }
  }

  /** The body of a document, as far as all of them are within the limit. */
  async #body(response: FetchResponse): Promise<Uint8Array> {
    let counted = 0;
    const count = (size: number) => {
      this.#count(size - counted);
      counted = size;
    };
    if (response.body) return readAll(response.body, count);
    const bytes = new Uint8Array(await response.arrayBuffer());
    count(bytes.length);
    return bytes;
  }

  async #file(path: string): Promise<string> {
    const files = builtin<typeof import('node:fs/promises')>('node:fs/promises');
    if (!files) throw new TypeError(`soap: there are no files here to read the WSDL '${path}' from: give its http URL`);
    const bytes = await files.readFile(path.startsWith('file:') ? new URL(path) : path);
    this.#count(bytes.length);
    return decodeXml(bytes);
  }

  #count(bytes: number): void {
    const { wsdl, maxWsdlBytes } = this.options;
    this.#bytes += bytes;
    if (this.#bytes > maxWsdlBytes)
      throw this.#failure('DATA_LOSS', `the WSDL at ${shown(wsdl, 200)} is larger than ${maxWsdlBytes} bytes (maxWsdlBytes)`);
  }

  #failure(code: 'DATA_LOSS', message: string): ApiError {
    return new ApiError(code, message, { remote: true, sent: false });
  }

  /** A document of the network may import only from the network: a file of this machine does not concern it. */
  location(found: string, importer: string): string {
    if (originOf(importer) !== undefined && originOf(found) === undefined)
      throw new ApiError('DATA_LOSS', `the WSDL at ${importer} imports '${found}', which is not at an http URL`, {
        remote: true,
        sent: false,
      });
    return found;
  }

  /** Credentials are for the service, and not for whomever its WSDL names. */
  async #headers(url: string): Promise<Record<string, string>> {
    if (!this.#origins.has(originOf(url) ?? '')) return {};
    return { ...(await this.http.headers({})), ...securityHeaders(this.options.security) };
  }
}

/** The origin of an http URL; `undefined` for anything else, which is a file. */
function originOf(url: string): string | undefined {
  return /^https?:/i.test(url) && URL.canParse(url) ? new URL(url).origin : undefined;
}
