import { ApiError } from '../../core/errors.ts';
import { nameOf, resolveName, type XmlElement } from '../../xml/tree.ts';
import { WSDL } from '../xsd/model.ts';
import type { SoapVersion } from '../version.ts';
import type { WsdlMessage, WsdlOperation, WsdlPart, WsdlPort } from './model.ts';
import { shownUrl } from '../../peer/redact/shown-url.ts';

const BINDINGS: Readonly<Record<string, SoapVersion>> = {
  'http://schemas.xmlsoap.org/wsdl/soap/': '1.1',
  'http://schemas.xmlsoap.org/wsdl/soap12/': '1.2',
};
/** The places of WS-Addressing's action in a WSDL: https://www.w3.org/TR/ws-addr-metadata/#explicitaction and its draft. */
const ACTIONS = ['http://www.w3.org/2007/05/addressing/metadata Action', 'http://www.w3.org/2006/05/addressing/wsdl Action'];

interface Definition {
  readonly node: XmlElement;
  readonly namespace: string;
}

type Kind = 'message' | 'portType' | 'binding';

/** The SOAP ports of a WSDL's documents. Source: https://www.w3.org/TR/wsdl.html */
export function portsOf(documents: readonly XmlElement[]): WsdlPort[] {
  const definitions: Readonly<Record<Kind, Map<string, Definition>>> = { message: new Map(), portType: new Map(), binding: new Map() };
  const services: XmlElement[] = [];
  for (const root of documents) {
    const namespace = root.attributes.get('targetNamespace') ?? '';
    for (const node of root.children) {
      if (node.uri !== WSDL) continue;
      if (node.local === 'service') services.push(node);
      else if (isKind(node.local)) definitions[node.local].set(nameOf(namespace, node.attributes.get('name')?.trim() ?? ''), { node, namespace });
    }
  }
  const find = (kind: Kind, text: string | undefined, at: XmlElement): Definition | undefined => {
    if (text === undefined) return undefined;
    const name = resolveName(text, at.scope);
    const local = name.replace(/^\{.*\}/, '');
    // Some WSDLs leave the prefix out.
    return definitions[kind].get(name) ?? [...definitions[kind]].find(([key]) => key.replace(/^\{.*\}/, '') === local)?.[1];
  };
  const portOf = (binding: Definition | undefined, said: Pick<WsdlPort, 'service' | 'name' | 'address'>): WsdlPort[] => {
    const soap = binding?.node.children.find(({ uri, local }) => local === 'binding' && Object.hasOwn(BINDINGS, uri));
    if (!binding || !soap) return [];
    return [{ ...said, version: BINDINGS[soap.uri] ?? '1.1', operations: new BindingReader(binding, soap, find).operations() }];
  };
  const ports = services.flatMap((service) =>
    childrenOf(service, 'port').flatMap((port) => {
      const address = port.children.find(({ uri, local }) => local === 'address' && Object.hasOwn(BINDINGS, uri));
      return portOf(find('binding', port.attributes.get('binding'), port), {
        service: service.attributes.get('name') ?? '',
        name: port.attributes.get('name') ?? '',
        address: address?.attributes.get('location')?.trim(),
      });
    }),
  );
  if (ports.length > 0) return ports;
  // Devices of one kind share a WSDL, which then has no service: each binding is one at an address that the caller knows.
  return [...definitions.binding.values()].flatMap((binding) => {
    const name = binding.node.attributes.get('name')?.trim() ?? '';
    return portOf(binding, { service: name, name, address: undefined });
  });
}

class BindingReader {
  private readonly binding: Definition;
  private readonly soap: XmlElement;
  private readonly find: (kind: Kind, text: string | undefined, at: XmlElement) => Definition | undefined;

  constructor(binding: Definition, soap: XmlElement, find: BindingReader['find']) {
    this.binding = binding;
    this.soap = soap;
    this.find = find;
  }

  operations(): Map<string, WsdlOperation> {
    const { node } = this.binding;
    const portType = this.find('portType', node.attributes.get('type'), node);
    const abstract = new Map<string, XmlElement[]>();
    for (const each of childrenOf(portType?.node, 'operation')) {
      const name = each.attributes.get('name')?.trim() ?? '';
      abstract.set(name, [...(abstract.get(name) ?? []), each]);
    }
    const found = new Map<string, WsdlOperation>();
    for (const bound of childrenOf(node, 'operation')) {
      const name = bound.attributes.get('name')?.trim() ?? '';
      // Of operations with one name the input's name tells which is bound.
      const input = childrenOf(bound, 'input')[0]?.attributes.get('name');
      const named = abstract.get(name) ?? [];
      const declared = named.find((each) => input !== undefined && childrenOf(each, 'input')[0]?.attributes.get('name') === input) ?? named[0];
      if (declared && portType && !found.has(name)) found.set(name, this.#operation(name, bound, declared, portType));
    }
    return found;
  }

  #operation(name: string, bound: XmlElement, declared: XmlElement, portType: Definition): WsdlOperation {
    const soap = bound.children.find(({ uri, local }) => local === 'operation' && Object.hasOwn(BINDINGS, uri));
    const style = (soap?.attributes.get('style') ?? this.soap.attributes.get('style')) === 'rpc' ? 'rpc' : 'document';
    const action = soap?.attributes.get('soapAction')?.trim() ?? '';
    const [input] = childrenOf(declared, 'input');
    const [output] = childrenOf(declared, 'output');
    const { namespace } = portType;
    const said = ACTIONS.map((key) => input?.attributes.get(key)).find((text) => text !== undefined);
    // https://www.w3.org/TR/ws-addr-metadata/#defactionwsdl11
    const separator = namespace.startsWith('urn:') ? ':' : '/';
    const inputName = input?.attributes.get('name') ?? `${name}Request`;
    const byDefault = [namespace.replace(/[/:]$/, ''), portType.node.attributes.get('name') ?? '', inputName].join(separator);
    return {
      name,
      style,
      action,
      addressingAction: said ?? (action === '' ? byDefault : action),
      input: this.#message(input, childrenOf(bound, 'input')[0]),
      output: output && this.#message(output, childrenOf(bound, 'output')[0]),
      faults: childrenOf(declared, 'fault').map((fault) => fault.attributes.get('name') ?? ''),
      documentation: childrenOf(declared, 'documentation')[0]?.text.trim(),
    };
  }

  #message(declared: XmlElement | undefined, bound: XmlElement | undefined): WsdlMessage {
    const body = bound && descendant(bound, 'body');
    const all = declared ? this.#parts(declared.attributes.get('message'), declared) : [];
    const blocks = bound ? childrenOf(bound, 'header', true) : [];
    const headers = blocks.flatMap((block) => {
      const parts = this.#parts(block.attributes.get('message'), block);
      return parts.filter(({ name }) => name === block.attributes.get('part'));
    });
    const named = body?.attributes.get('parts')?.trim().split(/\s+/);
    // A part of the message that is bound to the header is not in the body.
    const inHeader = new Set(
      blocks.filter((block) => sameName(block, declared)).map((block) => block.attributes.get('part')),
    );
    return {
      encoded: body?.attributes.get('use') === 'encoded',
      namespace: body?.attributes.get('namespace')?.trim() ?? '',
      parts: all.filter(({ name }) => (named ? named.includes(name) : !inHeader.has(name))),
      headers,
    };
  }

  #parts(message: string | undefined, at: XmlElement): WsdlPart[] {
    const found = this.find('message', message, at);
    return childrenOf(found?.node, 'part').map((part) => {
      const element = part.attributes.get('element');
      const type = part.attributes.get('type');
      return {
        name: part.attributes.get('name')?.trim() ?? '',
        element: element === undefined ? undefined : resolveName(element, part.scope),
        type: type === undefined ? undefined : resolveName(type, part.scope),
      };
    });
  }
}

function isKind(local: string): local is Kind {
  return local === 'message' || local === 'portType' || local === 'binding';
}

function childrenOf(node: XmlElement | undefined, local: string, soap = false): XmlElement[] {
  return node?.children.filter((child) => child.local === local && (soap ? Object.hasOwn(BINDINGS, child.uri) : child.uri === WSDL)) ?? [];
}

/** `soap:body`, also inside of MIME's parts. */
function descendant(node: XmlElement, local: string): XmlElement | undefined {
  for (const child of node.children) {
    if (child.local === local && Object.hasOwn(BINDINGS, child.uri)) return child;
    const found = descendant(child, local);
    if (found) return found;
  }
  return undefined;
}

function sameName(block: XmlElement, declared: XmlElement | undefined): boolean {
  const [one, two] = [block, declared].map((node) => {
    const text = node?.attributes.get('message');
    return node && text !== undefined ? resolveName(text, node.scope) : undefined;
  });
  return one !== undefined && one === two;
}

/** Refuses a document that is not a WSDL 1.1. */
export function checkRoot(root: XmlElement, location: string): void {
  if (root.local === 'definitions' && root.uri === WSDL) return;
  const why = root.local === 'description' ? 'it is WSDL 2.0, and WSDL 1.1 is expected' : `its root is <${root.local.slice(0, 80)}>`;
  throw new ApiError('UNAVAILABLE', `the document at ${shownUrl(location)} is not a WSDL: ${why}`, { remote: true, sent: false });
}
