import { ApiError } from '../../core/errors.ts';
import { count, type OptionsInForce } from '../../core/options.ts';
import { RequestError } from './request-error.ts';
import { sha256 } from './sha256.ts';
import { encodeError, isObject, UNKNOWN_HASH, type GraphqlRequest } from '../wire.ts';

/** Options of documents that are asked for by their hash. */
export interface PersistedOptions {
  /** Documents by the SHA-256 of their text, in hex, as the function `persistedDocuments` gives them; ids of other kinds will do, too. */
  readonly persistedDocuments?: Readonly<Record<string, string>>;
  /** Refuses every other document. @default false */
  readonly onlyPersisted?: boolean;
  /** How many characters of documents that callers register themselves are kept; 0 takes none. @default 1_048_576 */
  readonly maxRegisteredChars?: number;
}

/** Readers and names of these options. */
export const PERSISTED_READERS = { maxRegisteredChars: count(1_048_576, { zero: true }) };
export const PERSISTED_NAMES = ['persistedDocuments', 'onlyPersisted'] as const;
export type PersistedInForce = OptionsInForce<PersistedOptions, typeof PERSISTED_READERS>;

/** Finds documents by hash. Source: https://www.apollographql.com/docs/apollo-server/performance/apq, and `documentId: "sha256:…"` of GraphQL over HTTP */
export class PersistedDocuments {
  readonly #known: ReadonlyMap<string, string>;
  readonly #registered = new Map<string, string>();
  readonly #maxChars: number;
  readonly #isStrict: boolean;
  #chars = 0;

  /** Throws a `TypeError` if nothing at all would be taken. */
  constructor({ persistedDocuments, onlyPersisted = false, maxRegisteredChars }: PersistedInForce) {
    if (onlyPersisted && !persistedDocuments) throw new TypeError("graphqlHandler: 'onlyPersisted' needs 'persistedDocuments'");
    this.#known = new Map(Object.entries(persistedDocuments ?? {}).map(([id, text]) => [normalize(id), text]));
    this.#maxChars = maxRegisteredChars;
    this.#isStrict = onlyPersisted;
  }

  /** The request with its document. Throws a `RequestError` if the hash is unknown, or not that of the document. */
  resolve(request: GraphqlRequest): GraphqlRequest | Promise<GraphqlRequest> {
    const hash = hashOf(request);
    if (hash === undefined) {
      if (this.#isStrict)
        throw new RequestError([], new ApiError('PERMISSION_DENIED', 'only persisted documents are taken: send the hash of one'));
      return request;
    }
    const text = this.#known.get(hash) ?? this.#registered.get(hash);
    if (text !== undefined) return { ...request, query: text };
    if (request.query === undefined || this.#isStrict) throw new NotFound();
    return this.#register(request, hash, request.query);
  }

  async #register(request: GraphqlRequest, hash: string, query: string): Promise<GraphqlRequest> {
    if ((await sha256(query)) !== hash)
      throw new RequestError([], new ApiError('INVALID_ARGUMENT', 'the hash is not that of the document'));
    if (query.length <= this.#maxChars && !this.#registered.has(hash)) {
      this.#registered.set(hash, query);
      this.#chars += query.length;
      for (const [oldest, text] of this.#registered) {
        if (this.#chars <= this.#maxChars) break;
        this.#registered.delete(oldest);
        this.#chars -= text.length;
      }
    }
    return request;
  }
}

/** Clients know it by its code, and send the document then. */
class NotFound extends RequestError {
  constructor() {
    // Under application/json it is a 200 like every answer that is GraphQL: some clients look no further than the status.
    super([{ code: 'NOT_FOUND', message: UNKNOWN_HASH.message, at: [] }], undefined, 'syntax');
  }

  override encode(requestId: string | undefined) {
    const { message, extensions } = encodeError({
      code: 'NOT_FOUND',
      message: UNKNOWN_HASH.message,
      ...(requestId !== undefined && { requestId }),
    });
    return [{ message, extensions: { ...extensions, code: UNKNOWN_HASH.code } }];
  }
}

function hashOf({ extensions, documentId }: GraphqlRequest): string | undefined {
  if (documentId !== undefined) return normalize(documentId);
  const persisted = extensions?.['persistedQuery'];
  const hash = isObject(persisted) ? persisted['sha256Hash'] : undefined;
  return typeof hash === 'string' ? normalize(hash) : undefined;
}

function normalize(id: string): string {
  return id.replace(/^sha256:/, '').toLowerCase();
}
