import type { Contract } from '../core/contract.ts';
import { soapBinding, type SoapFault, type SoapOperation, type SoapService } from './wire/binding.ts';
import { indent, printSchema } from './wire/xsd.ts';
import { escapeAnyText, escapeAttribute } from '../xml/text.ts';
import type { SoapVersion } from './version.ts';
import { deprecationText } from '../peer/deprecation.ts';
import { securityNotes } from '../schema/member-notes.ts';

/** WSDL's own namespaces: https://www.w3.org/TR/wsdl.html#_notational and, for SOAP 1.2, https://www.w3.org/submissions/wsdl11soap12/ */
const NAMESPACES = [
  'xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"',
  'xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"',
  'xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"',
  'xmlns:xs="http://www.w3.org/2001/XMLSchema"',
];
const BINDINGS: readonly { readonly prefix: string; readonly version: SoapVersion; readonly suffix: string }[] = [
  { prefix: 'soap', version: '1.1', suffix: 'Soap11' },
  { prefix: 'soap12', version: '1.2', suffix: 'Soap12' },
];

const documents = new WeakMap<Contract, string>();

/**
 * Describes a contract as WSDL 1.1, document/literal as WS-I's Basic Profile has it, with every service at `address`.
 * Source: https://www.w3.org/TR/wsdl.html
 */
export function wsdl(contract: Contract, address: string): string {
  let document = documents.get(contract);
  if (document === undefined) documents.set(contract, (document = print(contract)));
  const written = escapeAttribute(address);
  // A function, because `$` means something in a replacement, and the address is what a caller sent as its `Host`.
  return document.replaceAll(ADDRESS, () => written);
}

/** A placeholder for the address, which no text in XML has. */
const ADDRESS = '\0';

function print(contract: Contract): string {
  const { services } = soapBinding(contract);
  const prefixes = services.map(({ namespace }, index) => `xmlns:s${index}="${escapeAttribute(namespace)}"`);
  const tns = escapeAttribute(contract.namespace);
  const parts = services.map((service, index) => printService(service, `s${index}`));
  return lines([
    '<?xml version="1.0" encoding="utf-8"?>',
    `<wsdl:definitions name="${contract.name}" targetNamespace="${tns}" xmlns:tns="${tns}"`,
    ...[...NAMESPACES, ...prefixes].map((each, index, all) => `  ${each}${index === all.length - 1 ? '>' : ''}`),
    ...indent([
      ...documentation('wsdl', contract.description),
      '<wsdl:types>',
      ...indent(services.flatMap((service) => printSchema(service))),
      '</wsdl:types>',
      ...parts.flatMap(({ messages }) => messages),
      ...parts.flatMap(({ portType }) => portType),
      ...parts.flatMap(({ bindings }) => bindings),
      ...parts.flatMap(({ service }) => service),
    ]),
    '</wsdl:definitions>',
    '',
  ]);
}

/** The parts of one service, each of which WSDL wants beside those of the others. */
interface ServiceParts {
  readonly messages: readonly string[];
  readonly portType: readonly string[];
  readonly bindings: readonly string[];
  readonly service: readonly string[];
}

function printService(service: SoapService, prefix: string): ServiceParts {
  const { name, operations } = service;
  const message = (of: string, element: string) => [
    `<wsdl:message name="${of}">`,
    `  <wsdl:part name="${of.endsWith('Fault') ? 'fault' : 'parameters'}" element="${prefix}:${element}"/>`,
    '</wsdl:message>',
  ];
  return {
    messages: [
      ...operations.flatMap(({ requestElement, responseElement, faults }) => [
        ...message(requestElement, requestElement),
        ...message(responseElement, responseElement),
        ...faults.flatMap(({ element }) => message(element, element)),
      ]),
      ...message(`${name}Fault`, 'ApiFault'),
    ],
    portType: [
      `<wsdl:portType name="${name}PortType">`,
      ...indent(operations.flatMap((operation) => portOperation(operation))),
      '</wsdl:portType>',
    ],
    bindings: BINDINGS.flatMap(({ prefix: soap, suffix }) => [
      `<wsdl:binding name="${name}${suffix}Binding" type="tns:${name}PortType">`,
      `  <${soap}:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>`,
      ...indent(operations.flatMap((operation) => boundOperation(operation, soap))),
      '</wsdl:binding>',
    ]),
    service: [
      `<wsdl:service name="${name}">`,
      ...BINDINGS.flatMap(({ prefix: soap, suffix }) => [
        `  <wsdl:port name="${name}${suffix}" binding="tns:${name}${suffix}Binding">`,
        `    <${soap}:address location="${ADDRESS}"/>`,
        '  </wsdl:port>',
      ]),
      '</wsdl:service>',
    ],
  };
}

function portOperation({ name, operation, requestElement, responseElement, service, faults }: SoapOperation): string[] {
  const { summary, description, deprecated } = operation;
  const words = [summary, description, ...securityNotes(operation), deprecationText(deprecated)]
    .filter((text) => text !== undefined)
    .join('\n\n');
  return [
    `<wsdl:operation name="${name}">`,
    ...indent(documentation('wsdl', words)),
    `  <wsdl:input message="tns:${requestElement}"/>`,
    `  <wsdl:output message="tns:${responseElement}"/>`,
    `  <wsdl:fault name="ApiFault" message="tns:${service.name}Fault"/>`,
    ...indent(faults.flatMap((fault) => portFault(fault))),
    '</wsdl:operation>',
  ];
}

function portFault({ element, description }: SoapFault): string[] {
  const tag = `<wsdl:fault name="${element}" message="tns:${element}"`;
  return description === undefined ? [`${tag}/>`] : [`${tag}>`, ...indent(documentation('wsdl', description)), '</wsdl:fault>'];
}

function boundOperation({ name, action, faults }: SoapOperation, soap: string): string[] {
  return [
    `<wsdl:operation name="${name}">`,
    `  <${soap}:operation soapAction="${escapeAttribute(action)}" style="document"/>`,
    `  <wsdl:input><${soap}:body use="literal"/></wsdl:input>`,
    `  <wsdl:output><${soap}:body use="literal"/></wsdl:output>`,
    ...['ApiFault', ...faults.map(({ element }) => element)].map(
      (fault) => `  <wsdl:fault name="${fault}"><${soap}:fault name="${fault}" use="literal"/></wsdl:fault>`,
    ),
    '</wsdl:operation>',
  ];
}

function documentation(prefix: string, text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : [`<${prefix}:documentation>${escapeAnyText(text)}</${prefix}:documentation>`];
}

function lines(printed: readonly string[]): string {
  return printed.join('\n');
}
