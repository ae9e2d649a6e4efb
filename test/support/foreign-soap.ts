import * as z from 'zod';
import { createClient } from '../../src/index.ts';
import { defineContract, mutation } from '../../src/core/define.ts';
import type { FetchLike } from '../../src/http/client/fetch-like.ts';
import { soap, type SoapWsdlOperation, type SoapWsdlOptions } from '../../src/soap/client.ts';
import { N11, N12 } from './soap.ts';

const XS = 'http://www.w3.org/2001/XMLSchema';

/** A schema with the prefixes `xs`, `x` (its own namespace) and `y` (`urn:y`). */
export function schema(content: string, attributes = 'elementFormDefault="qualified"', namespace = 'urn:x'): string {
  return `<xs:schema xmlns:xs="${XS}" xmlns:x="urn:x" xmlns:y="urn:y" ${attributes} targetNamespace="${namespace}">${content}</xs:schema>`;
}

export interface WsdlParts {
  /** One or more schemas. */
  readonly types?: string;
  /** Parts of the request and of the answer. */
  readonly parts?: string;
  readonly out?: string;
  readonly style?: 'document' | 'rpc';
  /** Of `soap:body`, in both directions. */
  readonly body?: string;
  /** Further elements of the binding's input and output. */
  readonly inHeader?: string;
  readonly outHeader?: string;
  /** Further messages. */
  readonly messages?: string;
  readonly action?: string;
  readonly version?: '1.1' | '1.2';
  /** Further elements of the definitions. */
  readonly more?: string;
}

/** A WSDL with the one operation `Go`. */
export function wsdlWith({
  types = '',
  parts = '<part name="parameters" element="x:Go"/>',
  out = '<part name="parameters" element="x:GoR"/>',
  style = 'document',
  body = 'use="literal"',
  inHeader = '',
  outHeader = '',
  messages = '',
  action = 'urn:go',
  version = '1.1',
  more = '',
}: WsdlParts): string {
  return `<?xml version="1.0"?><definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/${version === '1.1' ? 'soap' : 'soap12'}/"
 xmlns:xs="${XS}" xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:x="urn:x" xmlns:y="urn:y" targetNamespace="urn:x">${more}
<types>${types}</types><message name="In">${parts}</message><message name="Out">${out}</message>${messages}
<portType name="P"><operation name="Go"><input message="x:In"/><output message="x:Out"/></operation></portType>
<binding name="B" type="x:P"><soap:binding style="${style}" transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Go"><soap:operation soapAction="${action}"/>
<input><soap:body ${body}/>${inHeader}</input><output><soap:body ${body}/>${outHeader}</output></operation></binding>
<service name="S"><port name="Port" binding="x:B"><soap:address location="http://foreign.test/soap"/></port></service></definitions>`;
}

export interface Sent {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ForeignAnswer {
  readonly status?: number;
  readonly type?: string;
  readonly body: string | Uint8Array;
}

/** An answer around a body. */
export function answerOf(body: string, header = '', version: '1.1' | '1.2' = '1.1'): string {
  return `<s:Envelope xmlns:s="${version === '1.1' ? N11 : N12}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="${XS}" xmlns:x="urn:x" xmlns:y="urn:y">${header && `<s:Header>${header}</s:Header>`}<s:Body>${body}</s:Body></s:Envelope>`;
}

/** A foreign service without a network: documents by their URLs, and one answer to every request. */
export function stubFetch(
  documents: Readonly<Record<string, string>>,
  answer: (sent: Sent) => ForeignAnswer | string,
  sent: Sent[] = [],
): FetchLike {
  return async (url, init) => {
    if (init?.method === 'GET') {
      const document = documents[url];
      if (document === undefined) return new Response('', { status: 404 });
      if (document.startsWith('redirect:')) return new Response('', { status: 302, headers: { location: document.slice(9) } });
      return new Response(document, { headers: { 'content-type': 'text/xml' } });
    }
    const request = { url, headers: init?.headers as Record<string, string>, body: init?.body as string };
    sent.push(request);
    const given = answer(request);
    const { status = 200, type = 'text/xml; charset=utf-8', body } = typeof given === 'string' ? { body: given } : given;
    return new Response(body as string, { status, headers: { 'content-type': type } });
  };
}

export interface ForeignCall {
  readonly wsdl: string;
  readonly input?: z.ZodObject;
  readonly output?: z.ZodType;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly answer?: ForeignAnswer | string;
  readonly mapping?: SoapWsdlOperation;
  readonly options?: Partial<SoapWsdlOptions>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls the operation `Go` of a WSDL, and tells what was sent and what came of it. */
export async function callForeign(call: ForeignCall): Promise<{ readonly sent: Sent | undefined; readonly result: unknown }> {
  const { wsdl, input = z.object({}), output, args = {}, answer = answerOf('<x:GoR/>'), mapping = {}, options = {}, headers = {} } = call;
  const contract = defineContract({ name: 'x', operations: { go: mutation({ input, ...(output && { output }) }) } });
  const sent: Sent[] = [];
  const location = 'http://foreign.test/?wsdl';
  const transport = soap({
    wsdl: location,
    operations: { go: mapping },
    fetch: stubFetch({ [location]: wsdl }, () => answer, sent),
    ...options,
  });
  const client = createClient({ contract, transport });
  try {
    const result: unknown = await (client.go as (input: unknown, options: object) => Promise<unknown>)(args, { headers });
    return { sent: sent[0], result };
  } finally {
    await client.close();
  }
}

/** What is in the Body of a request. */
export function bodyOf(sent: Sent | undefined): string {
  return /<soap:Body>([^]*)<\/soap:Body>/.exec(sent?.body ?? '')?.[1] ?? '';
}

/** What is in its Header. */
export function headerOf(sent: Sent | undefined): string {
  return /<soap:Header>([^]*)<\/soap:Header>/.exec(sent?.body ?? '')?.[1] ?? '';
}
