import { ApiError, isApiError } from '../core/errors.ts';
import type { CallRequest, Headers } from '../core/transport.ts';
import type { FetchResponse } from '../http/client/fetch-like.ts';
import { networkError } from '../http/client/network-error.ts';
import { HttpClient } from '../http/client/http-client.ts';
import type { HttpClientOptions } from '../http/client/options.ts';
import { responseHeaders } from '../peer/response-headers.ts';
import { decodeXml, saysUtf8 } from '../xml/decode.ts';
import { hideSecrets } from './secrets.ts';
import type { Reply } from './wire.ts';

/** Carries envelopes to a service and back, for our own services and for those of others. */
export class SoapExchange {
  readonly http: HttpClient;

  constructor(options: HttpClientOptions) {
    this.http = new HttpClient('soap', options, hideSecrets);
  }

  /** The adapter's own headers under the call's. */
  headers(call: Headers): Headers | Promise<Headers> {
    return this.http.headers(call);
  }

  /** Posts an envelope. Rejects with an `ApiError` if there is no whole reply. */
  async post(
    url: string,
    headers: Record<string, string>,
    body: string,
    { signal, onResponse }: Pick<CallRequest, 'signal' | 'onResponse'>,
  ): Promise<Reply> {
    const response = await this.http.send({ method: 'POST', url, headers, body, signal });
    const { text, parts } = await readReply(response).catch((error: unknown) => {
      throw isApiError(error) ? error : networkError(error, url, signal);
    });
    this.http.tell(response, text);
    onResponse?.({ headers: responseHeaders(response.headers.entries()) });
    return { status: response.status, text, parts, header: (name) => response.headers.get(name) };
  }

  close(): Promise<void> {
    return this.http.close();
  }
}

/** In whatever encoding the reply's XML is, with attachments or without. */
async function readReply(response: FetchResponse): Promise<Pick<Reply, 'text' | 'parts'>> {
  const type = response.headers.get('content-type') ?? '';
  const isParted = /^multipart\/related\b/i.test(type);
  if (!isParted && saysUtf8(type)) return { text: await response.text() };
  const bytes = new Uint8Array(await response.arrayBuffer());
  // Only replies of the few servers that attach something load it.
  const parted = isParted ? (await import('./wire/parts.ts')).readParts(bytes, type) : undefined;
  try {
    return { text: decodeXml(parted?.root ?? bytes, parted?.type ?? type), parts: parted?.parts };
  } catch (error) {
    throw isApiError(error) ? new ApiError('DATA_LOSS', `the reply cannot be read: ${error.text}`, { remote: true }) : error;
  }
}
