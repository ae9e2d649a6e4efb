/**
 * Serves a transport as SOAP services.
 *
 * @module multi-api-sdk/soap/server
 * @group Servers
 */

import { ApiError, isApiError } from '../core/errors.ts';
import { HttpError } from '../http/message/error.ts';
import { publicBase } from '../http/serve/public-url.ts';
import { withHead } from '../http/message/head.ts';
import { peerOf, type HttpHandler, type HttpRequest, type HttpResponse } from '../http/message/message.ts';
import { bytes, count, readOptions } from '../core/options.ts';
import { checkTransport } from '../core/check-transport.ts';
import { acceptHeaders, deadlineOf, serveCall } from '../guard/serve-call.ts';
import { reporter } from '../life/report.ts';
import type { ResponseHead, Transport } from '../core/transport.ts';
import { soapBinding, type SoapBinding, type SoapOperation } from './wire/binding.ts';
import { Envelope, oneMessage, readEnvelope } from './wire/envelope.ts';
import { readXml } from '../xml/read.ts';
import { checkHeader, NotUnderstood } from './wire/header.ts';
import { readBody } from './wire/body.ts';
import { wsdl } from './schema.ts';
import { shown } from '../xml/text.ts';
import type { XmlElement } from '../xml/tree.ts';
import { VERSIONS, type SoapVersion } from './version.ts';
import { encodeFault, encodeResponse, MAX_DEPTH, type ProtocolFault } from './wire.ts';
import { createGuard, type SoapHandlerSecurity } from './security/wss.ts';
import { countItems, MAX_ITEMS, tooManyItems } from '../guard/max-items.ts';
import { toldError } from '../guard/told-error.ts';

export type { SoapHandlerSecurity, SoapUser } from './security/wss.ts';
export { memoryNonceStore, type NonceStore, type NonceStoreOptions } from '../stores/nonces.ts';
export { wsdl } from './schema.ts';

/** Options of `soapHandler`. */
export interface SoapHandlerOptions {
  /** The path that it answers. @default '/soap' */
  readonly path?: string;
  /** The URL by which callers reach the server, if a proxy in front strips or adds a prefix: `https://example.com/api`. `path` follows it in the WSDL's address. @default the host of the request */
  readonly publicUrl?: string;
  /** The whole address in the WSDL, if it does not end in `path`. @default `publicUrl` and `path`, or the URL that was asked */
  readonly address?: string;
  /** Larger bodies get 413, as they come and as they are inflated. @default 1_048_576 (1 MiB) */
  readonly maxBodyBytes?: number;
  /** Elements and attributes that one message may hold; more are INVALID_ARGUMENT. @default 100_000 */
  readonly maxItems?: number;
  /** How deep objects and lists, and elements that nobody knows, may nest. @default 64 */
  readonly maxDepth?: number;
  /** Demands WS-Security of every request. @default none is asked for */
  readonly security?: SoapHandlerSecurity;
  /** Gets failures that callers see as a neutral fault. @default console.error */
  readonly onError?: (error: unknown) => void;
}

/**
 * Serves a transport as a SOAP service, 1.1 and 1.2 alike: document/literal, its WSDL at `?wsdl`.
 * Mount it with `nodeListener`, `listen` or `fetchHandler`. Formats: docs/protocols/soap.md.
 */
export function soapHandler(transport: Transport, given: SoapHandlerOptions = {}): HttpHandler {
  checkTransport('soapHandler', transport);
  const options = readOptions(
    'soapHandler',
    given,
    { maxBodyBytes: bytes(1_048_576), maxItems: count(MAX_ITEMS), maxDepth: count(MAX_DEPTH) },
    ['path', 'address', 'publicUrl', 'security', 'onError'],
  );
  const { path = '/soap' } = options;
  if (!/^(\/[A-Za-z0-9\-._~]+)+$/.test(path)) throw new TypeError(`soapHandler: path '${path}' must look like '/soap'`);
  const publicUrl = publicBase('soapHandler', options.publicUrl);
  const address = options.address ?? (publicUrl === undefined ? undefined : publicUrl + path);
  const endpoint = new SoapEndpoint(transport, soapBinding(transport.contract), { ...options, address }, reporter(options.onError));
  return (request) => (request.path === path ? endpoint.answer(request) : undefined);
}

type HandlerOptions = Omit<SoapHandlerOptions, 'address'> & {
  readonly address: string | undefined;
  readonly maxBodyBytes: number;
  readonly maxItems: number;
  readonly maxDepth: number;
};

/** Counts the items in all texts of one message that are JSON. */
function itemsWithin(maxItems: number): (text: string) => void {
  let left = maxItems;
  return (text) => {
    left -= countItems(text, left);
    if (left < 0) throw tooManyItems(maxItems);
  };
}

class SoapEndpoint {
  readonly #guard: ReturnType<typeof createGuard> | undefined;

  private readonly transport: Transport;
  private readonly binding: SoapBinding;
  private readonly options: HandlerOptions;
  private readonly onError: (error: unknown) => void;

  constructor(transport: Transport, binding: SoapBinding, options: HandlerOptions, onError: (error: unknown) => void) {
    this.transport = transport;
    this.binding = binding;
    this.options = options;
    this.onError = onError;
    if (binding.services.length === 0) throw new TypeError('soapHandler: the contract has no operations, and SOAP carries nothing else');
    this.#guard = options.security && createGuard(options.security, onError);
  }

  answer(request: HttpRequest): HttpResponse | Promise<HttpResponse> {
    const { method, query } = request;
    if (method === 'POST') return this.#call(request);
    if (method === 'OPTIONS') return { status: 204, headers: { allow: 'GET, HEAD, OPTIONS, POST' } };
    if (method !== 'GET' && method !== 'HEAD')
      throw new HttpError(405, `${request.path} answers POST with a SOAP envelope, not ${method}`, { allow: 'GET, HEAD, OPTIONS, POST' });
    if (!/^(single)?wsdl(=|&|$)/i.test(query)) {
      throw new HttpError(405, `${request.path} answers POST with a SOAP envelope; GET ${request.path}?wsdl describes it`, {
        allow: 'OPTIONS, POST',
      });
    }
    const address = this.options.address ?? request.origin + request.path;
    return { status: 200, headers: { 'content-type': VERSIONS['1.1'].contentType }, body: wsdl(this.transport.contract, address) };
  }

  async #call(request: HttpRequest): Promise<HttpResponse> {
    const { options } = this;
    const headers = acceptHeaders(request.headers);
    delete headers['soapaction'];
    const requestId = headers['x-request-id'] ?? '';
    const xml = await readBody(request, options.maxBodyBytes);
    const envelope = new Envelope();
    let said: ResponseHead | undefined;
    try {
      const read = attempt(() => this.#read(xml, envelope));
      // A caller that may not call learns nothing about the operations, not even the faults of the call.
      const known = this.#guard && (await this.#guard(envelope.headers));
      if ('error' in read) throw read.error;
      const { operation, input } = read.value;
      const { version = '1.1' } = envelope;
      const output = await serveCall(this.transport, {
        onResponse: (head) => (said = head),
        operation: operation.operation,
        input,
        headers: known ? { ...headers, ...known } : headers,
        deadline: deadlineOf(request.headers),
        peer: peerOf(request, 'soap'),
        onLeave: (listener) => request.onAbort(listener),
      });
      return withHead(respond(200, version, this.#encode(operation, output, version), requestId), said);
    } catch (error) {
      return withHead(this.#fault(error, envelope, request, requestId), said);
    }
  }

  #read(xml: string, into: Envelope): Request {
    const { maxDepth, maxItems } = this.options;
    const { headers, message, version = '1.1' } = readEnvelope(xml, maxDepth, into, { maxItems, unicode: true });
    checkHeader(headers, version, this.#guard !== undefined);
    oneMessage(into);
    const operation = message && this.binding.byRequest.get(message.uri)?.get(message.local);
    if (!operation) throw this.#unknown(message);
    const { request, view } = operation;
    const input = readXml(request, message, { namespace: message.uri, maxDepth, checkJson: itemsWithin(maxItems) });
    return { operation, input: view.input && input };
  }

  #encode(operation: SoapOperation, output: unknown, version: SoapVersion): string {
    try {
      return encodeResponse(operation, output, version);
    } catch (error) {
      // The caller learns which character it is; the fault is the service's all the same.
      if (isApiError(error)) this.onError(error);
      throw error;
    }
  }

  #fault(error: unknown, envelope: Envelope, request: HttpRequest, requestId: string): HttpResponse {
    const known = this.#errorOf(error);
    const version = envelope.version ?? (String(request.headers['content-type']).includes('soap+xml') ? '1.2' : '1.1');
    const namespace = this.#namespaceOf(envelope);
    const body = known.requestId === undefined ? { ...known.toJSON(), requestId } : known.toJSON();
    const { message } = envelope;
    const operation = this.binding.byRequest.get(message?.uri ?? '')?.get(message?.local ?? '');
    const fault = encodeFault(body, version, namespace, operation, protocolFault(error, envelope, version));
    return respond(fault.status, version, fault.body, body.requestId ?? requestId);
  }

  /** Of what is thrown only an `ApiError` was meant for the caller. */
  #errorOf(error: unknown): ApiError {
    return error instanceof NotUnderstood ? new ApiError('UNIMPLEMENTED', error.message) : toldError(error, this.onError);
  }

  /** Of the service that was asked, else of the first. */
  #namespaceOf({ message }: Envelope): string {
    const { services } = this.binding;
    return (services.find(({ namespace }) => namespace === message?.uri) ?? services[0])?.namespace ?? '';
  }

  #unknown(message: XmlElement | undefined): ApiError {
    if (!message) return new ApiError('INVALID_ARGUMENT', 'the Body is empty: it has one element, which names the operation');
    const { uri, local } = message;
    const named = this.binding.services.flatMap(({ operations }) => operations).find(({ requestElement }) => requestElement === local);
    const hint = named ? `: it is in the namespace '${named.service.namespace}'` : '';
    return new ApiError('UNIMPLEMENTED', `there is no operation for <${shown(local)}> of the namespace '${shown(uri)}'${hint}`);
  }
}

/** A request that was read. */
interface Request {
  readonly operation: SoapOperation;
  readonly input: unknown;
}

/** The result of some work, or its error. */
function attempt<T>(work: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}

function respond(status: number, version: SoapVersion, body: string, requestId: string): HttpResponse {
  return { status, headers: { 'content-type': VERSIONS[version].contentType, 'x-request-id': requestId }, body };
}

/** https://www.w3.org/TR/soap12-part1/#soapupgrade and https://www.w3.org/TR/soap12-part1/#soapnotunderstood: SOAP 1.2 says more in the answer's header. */
function protocolFault(error: unknown, envelope: Envelope, version: SoapVersion): ProtocolFault | undefined {
  if (envelope.isForeignVersion) {
    const supported = Object.values(VERSIONS).map(
      ({ namespace }, index) => `<soap:SupportedEnvelope qname="v${index}:Envelope" xmlns:v${index}="${namespace}"/>`,
    );
    return { code: 'VersionMismatch', header: version === '1.1' ? '' : `<soap:Upgrade>${supported.reverse().join('')}</soap:Upgrade>` };
  }
  if (!(error instanceof NotUnderstood)) return undefined;
  return { code: 'MustUnderstand', header: version === '1.1' ? '' : error.header };
}
