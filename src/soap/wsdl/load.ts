import { ApiError, isApiError } from '../../core/errors.ts';
import { builtin } from '../../peer/builtin.ts';
import { ParsedXml, parseXml } from '../../xml/parse.ts';
import { shown } from '../../xml/text.ts';
import type { XmlElement } from '../../xml/tree.ts';
import { SOAP_ENCODINGS, WSDL, XS } from '../xsd/model.ts';
import { SchemaSet } from '../xsd/schema-set.ts';
import type { WsdlPort } from './model.ts';
import { checkRoot, portsOf } from './read.ts';

/** A WSDL with all that it imports. */
export interface Wsdl {
  readonly ports: readonly WsdlPort[];
  readonly schemas: SchemaSet;
  /** The WSDLs, the first one first. */
  readonly documents: readonly XmlElement[];
}

/** Reads one document: its text, and its address. */
export type ReadDocument = (location: string) => Promise<{ readonly text: string; readonly location: string }>;

const MAX_DOCUMENTS = 1000;

/** Namespaces whose components are built in, or are any XML: copies of them are not read. */
const BUILT_IN = new Set([XS, WSDL, 'http://www.w3.org/XML/1998/namespace', 'http://schemas.xmlsoap.org/soap/envelope/', ...SOAP_ENCODINGS]);
/** Sites that describe standards, and refuse or delay programs that read them again and again. Their types are any XML. */
const CATALOGUE = /^https?:\/\/(www\.w3\.org|schemas\.xmlsoap\.org|schemas\.microsoft\.com|docs\.oasis-open\.org|ws-i\.org|www\.ws-i\.org)\//i;

/** Loads a WSDL. Rejects with what `read` rejects with, and with DATA_LOSS for documents that cannot be used. */
export async function loadWsdl(location: string, read: ReadDocument): Promise<Wsdl> {
  const loader = new Loader(read);
  await loader.wsdl(location);
  return { ports: portsOf(loader.documents), schemas: loader.schemas, documents: loader.documents };
}

class Loader {
  readonly documents: XmlElement[] = [];
  readonly schemas = new SchemaSet();
  /** By the address of a document, and the namespace that it takes from the one that includes it. */
  readonly #seen = new Set<string>();
  readonly #parsed = new Map<string, { readonly root: XmlElement; readonly location: string }>();

  private readonly read: ReadDocument;

  constructor(read: ReadDocument) {
    this.read = read;
  }

  async wsdl(location: string): Promise<void> {
    if (!this.#visit(`wsdl ${location}`)) return;
    const { root, location: found } = await this.#parse(location);
    if (root.local === 'schema' && root.uri === XS) return this.#schema(root, found, undefined);
    checkRoot(root, location);
    this.documents.push(root);
    for (const child of root.children) {
      if (child.uri !== WSDL) continue;
      if (child.local === 'import') {
        const at = child.attributes.get('location')?.trim();
        if (at !== undefined && at !== '') await this.wsdl(resolve(at, found));
      } else if (child.local === 'types') {
        for (const schema of child.children) if (schema.local === 'schema' && schema.uri === XS) await this.#schema(schema, found, undefined);
      }
    }
  }

  /** A schema, in the WSDL or a document of its own. */
  async #schema(root: XmlElement, location: string, includer: string | undefined): Promise<void> {
    const namespace = root.attributes.get('targetNamespace') ?? includer ?? '';
    this.schemas.add({ root, namespace });
    for (const child of root.children) {
      if (child.uri !== XS || !/^(import|include|redefine|override)$/.test(child.local)) continue;
      const at = child.attributes.get('schemaLocation')?.trim();
      if (at === undefined || at === '') continue;
      const isImport = child.local === 'import';
      const target = resolve(at, location);
      if (isImport && (BUILT_IN.has(child.attributes.get('namespace') ?? '') || CATALOGUE.test(target))) continue;
      if (!this.#visit(`${isImport ? '' : namespace} ${target}`)) continue;
      const document = await this.#parse(target);
      if (document.root.local !== 'schema' || document.root.uri !== XS) {
        // Some import a whole WSDL for its types.
        if (document.root.uri === WSDL) await this.wsdl(target);
        else throw unusable(target, `its root is <${shown(document.root.local)}>, not a schema`);
      } else await this.#schema(document.root, document.location, isImport ? undefined : namespace);
    }
  }

  #visit(key: string): boolean {
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    if (this.#seen.size > MAX_DOCUMENTS) throw unusable(key, `it imports more than ${MAX_DOCUMENTS} documents`);
    return true;
  }

  async #parse(location: string): Promise<{ readonly root: XmlElement; readonly location: string }> {
    const known = this.#parsed.get(location);
    if (known) return known;
    const { text, location: found } = await this.read(location);
    try {
      // An empty line before the declaration is a habit of pages that are made.
      const root = parseXml(text.trimStart(), new ParsedXml({ what: 'document', maxDepth: 256, maxItems: 2_000_000, lenient: true }));
      const parsed = { root, location: found };
      this.#parsed.set(location, parsed);
      return parsed;
    } catch (cause) {
      // Often the page of a server that is being repaired.
      throw unusable(location, isApiError(cause) ? cause.text : String(cause), 'UNAVAILABLE', cause);
    }
  }
}

/** The address of a document that another names. */
function resolve(named: string, from: string): string {
  if (/^https?:/i.test(from)) {
    if (/^[a-z][a-z0-9+.-]+:/i.test(named)) return reachable(named, from);
    return URL.canParse(named, from) ? new URL(named, from).href : named;
  }
  const path = builtin<typeof import('node:path')>('node:path');
  if (!path || /^(https?|file):/i.test(named) || path.isAbsolute(named)) return named;
  return from.startsWith('file:') ? new URL(named, from).href : path.join(path.dirname(from), named.replaceAll('\\', '/'));
}

/** A document of the network may import only from the network: a file of this machine does not concern it. */
function reachable(named: string, from: string): string {
  if (/^https?:/i.test(named)) return named;
  throw unusable(from, `it imports '${shown(named)}', which is not at an http URL`);
}

function unusable(location: string, why: string, code: 'DATA_LOSS' | 'UNAVAILABLE' = 'DATA_LOSS', cause?: unknown): ApiError {
  return new ApiError(code, `the WSDL's document at ${shown(location, 200)} cannot be used: ${why}`, { remote: true, sent: false, cause });
}
