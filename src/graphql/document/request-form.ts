import { plainText } from '../../peer/text/plain-text.ts';
import type { ClientDocument } from './document.ts';
import { sha256 } from './sha256.ts';

/** Longer ones are sent as bodies: proxies refuse lines of more than 8 KiB. */
const MAX_QUERY_CHARS = 7000;

/** The part of requests for a document that never changes, built once. */
export class RequestForm {
  /** `{"query":"…"`, up to the variables. */
  readonly #body: string;
  /** `?query=…`; `undefined` if it is not asked for by GET. */
  readonly #search: string | undefined;

  constructor(parts: { readonly query?: string; readonly extensions?: Readonly<Record<string, unknown>> }, byGet: boolean) {
    const { query, extensions = {} } = parts;
    const shown = { ...(query !== undefined && { query }), ...(Object.keys(extensions).length > 0 && { extensions }) };
    this.#body = JSON.stringify(shown).slice(0, -1);
    const search = Object.entries(shown).map(([name, value]) => `${name}=${encodeURIComponent(plainText(value))}`);
    this.#search = byGet ? `?${search.join('&')}` : undefined;
  }

  /** A body, or the query of a URL if it begins with `?`. */
  write(variables: unknown): string {
    const text = variables === undefined ? undefined : JSON.stringify(variables);
    if (this.#search !== undefined) {
      const search = text === undefined ? this.#search : `${this.#search}&variables=${encodeURIComponent(text)}`;
      if (search.length <= MAX_QUERY_CHARS) return search;
    }
    return text === undefined ? `${this.#body}}` : `${this.#body},"variables":${text}}`;
  }
}

/** The ways to ask for one document. */
export class RequestForms {
  readonly plain: RequestForm;
  #hashed: Promise<{ readonly hash: RequestForm; readonly both: RequestForm }> | undefined;

  readonly document: ClientDocument;
  private readonly byGet: boolean;

  constructor(document: ClientDocument, byGet: boolean) {
    this.document = document;
    this.byGet = byGet;
    this.plain = new RequestForm({ query: document.text, extensions: extensionsOf(document) }, byGet);
  }

  /** Only its hash, and with the text for a server that is to keep it: that is sent as a body, because a URL may be too short for it. */
  hashed(): Promise<{ readonly hash: RequestForm; readonly both: RequestForm }> {
    return (this.#hashed ??= this.#hash());
  }

  async #hash() {
    const extensions = { ...extensionsOf(this.document), ...(await persistedQuery(this.document)) };
    return {
      hash: new RequestForm({ extensions }, this.byGet),
      both: new RequestForm({ query: this.document.text, extensions }, false),
    };
  }
}

/** The members that a document needs in the extensions of its requests. */
function extensionsOf({ tellsAbsent }: ClientDocument): Readonly<Record<string, unknown>> {
  return tellsAbsent ? { absent: true } : {};
}

/** The extension that names a document by its hash. Source: https://www.apollographql.com/docs/apollo-server/performance/apq */
export async function persistedQuery({
  text,
}: ClientDocument): Promise<{ readonly persistedQuery: { readonly version: 1; readonly sha256Hash: string } }> {
  return { persistedQuery: { version: 1, sha256Hash: await sha256(text) } };
}
