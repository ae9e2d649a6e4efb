import { bytes, count, ms, readOptions } from '../core/options.ts';
import { LIMIT_READERS, type GraphqlLimits } from './document/limits.ts';
import { PERSISTED_NAMES, PERSISTED_READERS, type PersistedOptions } from './document/persisted.ts';
import { SOCKET_NAMES, SOCKET_READERS, type SocketOptions } from './socket/options.ts';

/** Options of `graphqlHandler`. */
export interface GraphqlHandlerOptions extends GraphqlLimits, SocketOptions, PersistedOptions {
  /** @default '/graphql' */
  readonly path?: string;
  /** The path that shows the schema; `false` hides it. @default '/schema.graphql', or `false` without `introspection` */
  readonly schemaPath?: string | false;
  /** Whether `__schema` and `__type` may be asked, and whether messages suggest names that the caller may have meant. @default true */
  readonly introspection?: boolean;
  /** Shows GraphiQL to a browser that opens the path. @default true */
  readonly graphiql?: boolean;
  /** `draft` answers 422 to a request that does not fit the schema, and 294 to data with errors. @default 'audits' */
  readonly statusProfile?: 'audits' | 'draft';
  /** Larger bodies get 413. @default 1_048_576 (1 MiB) */
  readonly maxBodyBytes?: number;
  /**
   * Takes files as parts of a multipart request, as `apollo-upload-client` sends them. Such a request must have one of the headers for which a
   * browser asks first: `apollo-require-preflight`, `x-graphql-require-preflight`, `x-apollo-operation-name`. @default false
   */
  readonly uploads?: boolean;
  /** Larger bodies with files get 413; a file beyond `maxBodyBytes` comes to the handler as a stream. @default 1_073_741_824 (1 GiB) */
  readonly maxFileBytes?: number;
  /** A folder for files that are larger than `maxBodyBytes` together, if others come after them. On Node. @default none: one large file, the last, is a stream */
  readonly tempFolder?: string | undefined;
  /** How many requests one body may hold. @default 100 */
  readonly maxBatch?: number;
  /** The complexity of all documents of one body together. @default 30_000 */
  readonly maxBatchComplexity?: number;
  /** How many parsed and compiled documents are kept. @default 1_000 */
  readonly maxDocuments?: number;
  /** How many characters of documents are kept. @default 8_388_608 */
  readonly maxCachedChars?: number;
  /** A comment keeps idle event streams open, in milliseconds. @default 15_000 */
  readonly heartbeatMs?: number;
  /** Gets failures that callers see as a neutral INTERNAL. @default console.error */
  readonly onError?: (error: unknown) => void;
}

/** Throws a `TypeError` for an option that cannot be. */
export function readHandlerOptions(options: GraphqlHandlerOptions = {}) {
  return readOptions(
    'graphqlHandler',
    options,
    {
      ...SOCKET_READERS,
      ...LIMIT_READERS,
      ...PERSISTED_READERS,
      maxBodyBytes: bytes(1_048_576),
      maxFileBytes: bytes(1_073_741_824),
      maxBatch: count(100),
      maxBatchComplexity: count(30_000),
      maxDocuments: count(1000),
      maxCachedChars: count(8_388_608),
      heartbeatMs: ms(15_000),
    },
    [
      ...SOCKET_NAMES,
      ...PERSISTED_NAMES,
      'path',
      'schemaPath',
      'uploads',
      'tempFolder',
      'introspection',
      'graphiql',
      'statusProfile',
      'onError',
    ],
  );
}

/** The options with their defaults filled in. */
export type HandlerOptionsInForce = ReturnType<typeof readHandlerOptions>;
