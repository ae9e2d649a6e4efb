/**
 * The client of SOAP services.
 *
 * @module multi-api-sdk/soap
 * @group Clients
 */

import type { Contract } from '../core/contract.ts';
import { noMember } from '../core/errors.ts';
import { defineAdapter } from '../guard/guard.ts';
import { timeoutHeader } from '../peer/headers.ts';
import { endpointUrl } from '../http/client/page-url.ts';
import { guardOnWire } from '../peer/on-wire.ts';
import { eventsOnly } from '../events/events-only.ts';
import type { Adapter, CallRequest, SubscribeRequest, Transport } from '../core/transport.ts';
import { soapBinding, type SoapBinding, type SoapOperation } from './wire/binding.ts';
import { ForeignSoapTransport } from './foreign/foreign.ts';
import { COMMON_NAMES, COMMON_READERS, noEvents, readWsdlOptions, type SoapOptions, type SoapWsdlOptions } from './options.ts';
import { readOptions } from '../core/options.ts';
import { SoapExchange } from './exchange.ts';
import { secure, securityHeaders } from './security/security.ts';
import { requestHeaders, VERSIONS, type SoapVersion } from './version.ts';
import { decodeReply, encodeRequest } from './wire.ts';
import { isPromiseLike } from '../life/maybe.ts';

export type { SoapHeader, SoapHeaderCall, SoapOptions, SoapWsdlOperation, SoapWsdlOptions } from './options.ts';
export type { XmlObject, XmlValue } from '../xml/plain/fit.ts';
export type { SoapSecurity } from './security/security.ts';
export type { SoapVersion } from './version.ts';

/**
 * A client for SOAP services: document/literal envelopes, faults as errors. SOAP has no events.
 * With `url` for a service with the WSDL that this library prints, with `wsdl` for one that someone else designed. Formats: docs/protocols/soap.md.
 */
export function soap(options: SoapOptions): Adapter<'call'>;
export function soap<N extends string>(options: SoapWsdlOptions<N>): Adapter<N>;
export function soap(given: SoapOptions | SoapWsdlOptions): Adapter<'call'> {
  const { version } = given;
  if (version !== undefined && !Object.hasOwn(VERSIONS, version))
    throw new TypeError(`soap: the version '${version}' is neither '1.1' nor '1.2'`);
  if ('wsdl' in given) {
    const options = guardOnWire(readWsdlOptions(given));
    return defineAdapter<'call'>((contract) => new ForeignSoapTransport(contract, options));
  }
  const options = guardOnWire(readOptions('soap', given, COMMON_READERS, [...COMMON_NAMES, 'url']));
  const url = endpointUrl('soap', options.url, '/soap');
  return defineAdapter<'call'>((contract) => new SoapTransport(contract, url, options));
}

class SoapTransport implements Transport {
  readonly name = 'soap';
  readonly #binding: SoapBinding;

  readonly contract: Contract;
  private readonly url: string;
  readonly #exchange: SoapExchange;
  readonly #version: SoapVersion;
  private readonly options: SoapOptions;

  constructor(contract: Contract, url: string, options: SoapOptions & { readonly maxResponseBytes: number }) {
    this.contract = contract;
    this.url = url;
    this.options = options;
    this.#version = options.version ?? '1.1';
    this.#binding = soapBinding(contract);
    this.#exchange = new SoapExchange(options);
  }

  async call(request: CallRequest): Promise<unknown> {
    const operation = this.#binding.byName.get(request.operation.name);
    if (!operation) throw noMember('operation', request.operation.name);
    const body = secure(this.options.security, (header) => encodeRequest(operation, request.input, this.#version, header));
    const headers = await this.#headers(request, operation);
    return decodeReply(operation, await this.#exchange.post(this.url, headers, body, request));
  }

  async subscribe(asked: SubscribeRequest): Promise<void> {
    const request = eventsOnly(asked, 'SOAP');
    throw noEvents(request);
  }

  async close(): Promise<void> {
    await this.#exchange.close();
  }

  async #headers(request: CallRequest, operation: SoapOperation): Promise<Record<string, string>> {
    const joined = this.#exchange.headers(request.headers);
    const headers = requestHeaders(this.#version, operation.action, isPromiseLike(joined) ? await joined : joined);
    if (request.deadline !== undefined) headers['x-timeout-ms'] = timeoutHeader(request.deadline);
    return this.options.security?.addHeaders ? { ...headers, ...securityHeaders(this.options.security) } : headers;
  }
}
