import { ApiError, isApiError } from '../../core/errors.ts';
import type { FetchLike, FetchResponse } from '../../http/client/fetch-like.ts';
import { networkError } from '../../http/client/network-error.ts';
import { joinHeaders } from '../../peer/headers.ts';
import type { SoapWsdlOptions } from '../options.ts';
import { recordIn, recordOut } from '../record.ts';
import { securityHeaders } from '../security/security.ts';
import { decodeStatus } from '../wire.ts';

/** The documents of one WSDL: itself and what it imports, which is the other side's to say. */
export class WsdlDocuments {
  readonly #origins: ReadonlySet<string>;
  #bytes = 0;

  private readonly fetch: FetchLike;
  private readonly options: SoapWsdlOptions;
  private readonly signal: AbortSignal;

  constructor(fetch: FetchLike, options: SoapWsdlOptions, signal: AbortSignal) {
    this.fetch = fetch;
    this.options = options;
    this.signal = signal;
    this.#origins = new Set([options.wsdl, options.url ?? ''].map(originOf).filter((origin) => origin !== undefined));
  }

  /** The text of one document. Rejects with an `ApiError` whose `sent` is false: no call has been made. */
  async read(url: string): Promise<string> {
    const { onWire } = this.options;
    const headers = await this.#headers(url);
    if (onWire) recordOut(onWire, 'GET', url, headers);
    let response: FetchResponse;
    let text: string;
    try {
      response = await this.fetch(url, { method: 'GET', headers, signal: this.signal, redirect: 'manual' });
      text = await this.#text(response);
    } catch (error) {
      throw (isApiError(error) ? error : networkError(error, url, this.signal)).with({ sent: false });
    }
    const { status } = response;
    if (onWire) recordIn(onWire, response, text);
    if (status >= 200 && status < 300) return text;
    const { code, text: why, retryAfterMs } = decodeStatus({ status, text, header: (name) => response.headers.get(name) });
    throw new ApiError(code, `the WSDL at ${url} cannot be read: ${why}`, { retryAfterMs, remote: true, sent: false });
  }

  /** What a document of the network imports is on the network too: a file of this machine is none of its business. */
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
    return { ...(await joinHeaders(this.options.headers, {})), ...securityHeaders(this.options.security) };
  }

  async #text(response: FetchResponse): Promise<string> {
    const reader = response.body?.getReader();
    if (!reader) return response.text();
    const { maxWsdlBytes = 8_388_608 } = this.options;
    const decoder = new TextDecoder();
    let text = '';
    try {
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        this.#bytes += read.value.byteLength;
        if (this.#bytes > maxWsdlBytes)
          throw new ApiError('DATA_LOSS', `the WSDL at ${this.options.wsdl} is larger than ${maxWsdlBytes} bytes (maxWsdlBytes)`, {
            remote: true,
          });
        text += decoder.decode(read.value, { stream: true });
      }
    } catch (error) {
      await reader.cancel().catch(() => {});
      throw error;
    }
    return text + decoder.decode();
  }
}

function originOf(url: string): string | undefined {
  return /^https?:/i.test(url) && URL.canParse(url) ? new URL(url).origin : undefined;
}
