import type { XmlElement } from '../../xml/tree.ts';
import type { Findings } from '../draft/findings.ts';

/** Versions of WS-Policy. Source: https://www.w3.org/TR/ws-policy/ */
const WSP = /^http:\/\/(?:www\.w3\.org\/ns\/ws-policy|schemas\.xmlsoap\.org\/ws\/\d{4}\/\d{2}\/policy)$/;
const IDS = [
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd Id',
  'http://www.w3.org/XML/1998/namespace id',
];
const MAX_ALTERNATIVES = 64;
const MAX_DEPTH = 32;

/** Assertions that hold together. */
export type Alternative = readonly XmlElement[];

/** The policies of a WSDL's operations. */
export class Policies {
  readonly #byId = new Map<string, XmlElement>();
  /** Elements by their kind and name, for each list of them. */
  readonly #byName = new WeakMap<readonly XmlElement[], Map<string, XmlElement>>();
  /** Those of all documents. */
  readonly #all: readonly XmlElement[];
  private readonly findings: Findings;

  constructor(documents: readonly XmlElement[], findings: Findings) {
    this.#all = documents.flatMap(({ children }) => children);
    this.findings = findings;
    for (const each of this.#all) {
      const id = IDS.map((name) => each.attributes.get(name)).find((text) => text !== undefined);
      if (isPolicy(each) && id !== undefined) this.#byId.set(`#${id}`, each);
      const name = each.attributes.get('Name');
      if (isPolicy(each) && name !== undefined) this.#byId.set(name, each);
    }
  }

  /**
   * The alternatives of an operation, of which one is enough: the demands of its port, its binding, its port type and itself. Source:
   * https://www.w3.org/TR/ws-policy-attach/#wsdl11-subjects
   */
  of(service: string, port: string, operation: string): readonly Alternative[] {
    const subjects = this.#subjects(service, port, operation);
    return subjects.reduce<readonly Alternative[]>((all, subject) => product(all, this.#attached(subject)), [[]]);
  }

  #subjects(service: string, port: string, operation: string): XmlElement[] {
    const of = (local: string, name: string) => this.#named(this.#all, local, name);
    const found = this.#named(of('service', service)?.children ?? [], 'port', port);
    // Without a service a binding stands for its port.
    const binding = of('binding', found ? localOf(found.attributes.get('binding')) : port);
    const portType = of('portType', localOf(binding?.attributes.get('type')));
    const bound = this.#named(binding?.children ?? [], 'operation', operation);
    const declared = this.#named(portType?.children ?? [], 'operation', operation);
    const inputs = [bound, declared].map((each) => each?.children.find(({ local }) => local === 'input'));
    return [found, binding, portType, bound, declared, ...inputs].filter((each) => each !== undefined);
  }

  #named(elements: readonly XmlElement[], local: string, name: string): XmlElement | undefined {
    let named = this.#byName.get(elements);
    if (!named) {
      named = new Map();
      for (const each of elements) {
        const key = `${each.local} ${each.attributes.get('name')?.trim()}`;
        if (!named.has(key) && !WSP.test(each.uri)) named.set(key, each);
      }
      this.#byName.set(elements, named);
    }
    return named.get(`${local} ${name}`);
  }

  #attached(subject: XmlElement): readonly Alternative[] {
    const uris = [...subject.attributes].find(([name]) => / PolicyURIs$/.test(name))?.[1].trim().split(/\s+/) ?? [];
    const named = uris.map((uri) => this.#referred(uri, 0));
    // `wsaw:UsingAddressing` stands beside policies too.
    const own = subject.children.filter((each) => isPolicy(each) || isReference(each) || each.local === 'UsingAddressing');
    return [...named, ...own.map((each) => this.#alternatives(each, 0))].reduce(product, [[]]);
  }

  /** The normal form. Source: https://www.w3.org/TR/ws-policy/#Normal_Form_Policy_Expression */
  #alternatives(node: XmlElement, depth: number): readonly Alternative[] {
    if (depth > MAX_DEPTH) return [[]];
    if (isReference(node)) return this.#referred(node.attributes.get('URI')?.trim() ?? '', depth + 1);
    if (!WSP.test(node.uri)) return isOptional(node) ? [[]] : [[node]];
    const inner = node.children.map((child) => this.#alternatives(child, depth + 1));
    if (node.local === 'ExactlyOne') return inner.flat().slice(0, MAX_ALTERNATIVES);
    return inner.reduce(product, [[]]);
  }

  #referred(uri: string, depth: number): readonly Alternative[] {
    const policy = this.#byId.get(uri);
    if (!policy) this.findings.add(uri, 'a policy that is in none of its documents', 'not heeded');
    return policy ? this.#alternatives(policy, depth) : [[]];
  }
}

function product(left: readonly Alternative[], right: readonly Alternative[]): readonly Alternative[] {
  return left.flatMap((one) => right.map((other) => [...one, ...other])).slice(0, MAX_ALTERNATIVES);
}

/** Whether it may be left out. */
function isOptional({ attributes, uri, local }: XmlElement): boolean {
  const said = [...attributes].find(([name]) => / Optional$/.test(name))?.[1].trim();
  if (said !== undefined) return said === 'true' || said === '1';
  // Source: https://www.w3.org/Submission/ws-addressing/ and https://www.w3.org/TR/2006/CR-ws-addr-wsdl-20060529/
  const required = attributes.get('http://schemas.xmlsoap.org/wsdl/ required');
  return local === 'UsingAddressing' && uri !== '' && required !== 'true' && required !== '1';
}

function isPolicy({ uri, local }: XmlElement): boolean {
  return local === 'Policy' && WSP.test(uri);
}

function isReference({ uri, local }: XmlElement): boolean {
  return local === 'PolicyReference' && WSP.test(uri);
}

function localOf(name: string | undefined): string {
  return name?.trim().replace(/^.*:/, '') ?? '';
}
