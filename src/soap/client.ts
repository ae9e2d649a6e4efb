/**
 * The client of SOAP services.
 *
 * @module multi-api-sdk/soap
 * @group Clients
 */

import { createLightFetch } from '#fetch';
import type { Contract } from '../core/contract.ts';
import { ApiError, isApiError } from '../core/errors.ts';
import type { FetchResponse, LightFetch } from '../http/client/fetch-like.ts';
import { networkError } from '../http/client/network-error.ts';
import { defineAdapter } from '../guard/guard.ts';
import { joinHeaders, timeoutHeader } from '../peer/headers.ts';
import { guardOnWire } from '../peer/on-wire.ts';
import type { Adapter, CallRequest, SubscribeRequest, Transport } from '../core/transport.ts';
import { soapBinding, type SoapBinding, type SoapOperation } from './wire/binding.ts';
import { ForeignSoapTransport } from './foreign/foreign.ts';
import { noEvents, type SoapOptions, type SoapWsdlOptions } from './options.ts';
import { recordIn, recordOut } from './record.ts';
import { secure, securityHeaders } from './security/security.ts';
import { readText, requestHeaders, VERSIONS, type SoapVersion } from './version.ts';
import { decodeReply, encodeRequest } from './wire.ts';

export type { SoapHeader, SoapHeaderCall, SoapOptions, SoapWsdlOperation, SoapWsdlOptions } from './options.ts';
export type { XmlObject, XmlValue } from './foreign/fit.ts';
export type { SoapSecurity } from './security/security.ts';
export type { SoapVersion } from './version.ts';

/**
 * A client for SOAP services: document/literal envelopes, faults as errors. SOAP has no events.
 * With `url` for a service with the WSDL that this library prints, with `wsdl` for one that someone else designed. Formats: docs/protocols/soap.md.
 */
export function soap(options: SoapOptions): Adapter<'call'>;
export function soap<N extends string>(options: SoapWsdlOptions<N>): Adapter<N>;
export function soap(options: SoapOptions | SoapWsdlOptions): Adapter<'call'> {
  const { version = '1.1' } = options;
  if (!Object.hasOwn(VERSIONS, version)) throw new TypeError(`soap: the version '${version}' is neither '1.1' nor '1.2'`);
  if ('wsdl' in options) {
    const guarded = guardOnWire(options);
    return defineAdapter<'call'>((contract) => new ForeignSoapTransport(contract, guarded));
  }
  const url = endpoint(options.url);
  const guarded = guardOnWire(options);
  return defineAdapter<'call'>((contract) => new SoapTransport(contract, url, version, guarded));
}

class SoapTransport implements Transport {
  readonly name = 'soap';
  readonly #binding: SoapBinding;
  readonly #carrier: LightFetch;

  readonly contract: Contract;
  private readonly url: string;
  private readonly version: SoapVersion;
  private readonly options: SoapOptions;

  constructor(contract: Contract, url: string, version: SoapVersion, options: SoapOptions) {
    this.contract = contract;
    this.url = url;
    this.version = version;
    this.options = options;
    this.#binding = soapBinding(contract);
    this.#carrier = options.fetch
      ? { fetch: options.fetch, close: async () => {} }
      : createLightFetch({ maxResponseBytes: options.maxResponseBytes });
  }

  async call(request: CallRequest): Promise<unknown> {
    const { signal } = request;
    const operation = this.#binding.byName.get(request.operation.name);
    if (!operation) throw new ApiError('UNIMPLEMENTED', `the contract has no operation '${request.operation.name}'`, { sent: false });
    const { onWire } = this.options;
    const body = secure(this.options.security, (header) => encodeRequest(operation, request.input, this.version, header));
    const headers = await this.#headers(request, operation);
    if (onWire) recordOut(onWire, 'POST', this.url, headers, body);
    let response: FetchResponse;
    let text: string;
    try {
      response = await this.#carrier.fetch(this.url, { method: 'POST', headers, body, signal, redirect: 'manual' });
      text = await readText(response);
    } catch (error) {
      throw isApiError(error) ? error : networkError(error, this.url, signal);
    }
    if (onWire) recordIn(onWire, response, text);
    return decodeReply(operation, { status: response.status, text, header: (name) => response.headers.get(name) });
  }

  async subscribe(request: SubscribeRequest): Promise<void> {
    throw noEvents(request);
  }

  async close(): Promise<void> {
    await this.#carrier.close();
  }

  async #headers(request: CallRequest, operation: SoapOperation): Promise<Record<string, string>> {
    const joined = joinHeaders(this.options.headers, request.headers);
    const headers = requestHeaders(this.version, operation.action, joined instanceof Promise ? await joined : joined);
    if (request.deadline !== undefined) headers['x-timeout-ms'] = timeoutHeader(request.deadline);
    return this.options.security?.addHeaders ? { ...headers, ...securityHeaders(this.options.security) } : headers;
  }
}

/** Throws a `TypeError` that says what is wrong with the url. */
function endpoint(url: string): string {
  if (!URL.canParse(url)) throw new TypeError(`soap: '${url}' is not a URL: write it like 'http://localhost:4000/soap'`);
  const { protocol, origin, pathname, search, username, password, hash } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError(`soap: '${url}' must begin with http:// or https://`);
  if (username !== '' || password !== '')
    throw new TypeError("soap: put credentials into the option 'headers' or 'security', not into the url");
  if (hash !== '') throw new TypeError(`soap: '${url}' must have no fragment`);
  // As with GraphQL and WebSocket, a service can be named by where it is.
  return pathname === '/' ? `${origin}/soap${search}` : url;
}
