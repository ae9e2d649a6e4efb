import {
  getOperationAST,
  GraphQLError,
  Kind,
  parse,
  specifiedRules,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
  NoSchemaIntrospectionCustomRule,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { compileQuery, isCompiledQuery, type CompiledQuery } from 'graphql-jit';
import { ApiError, isApiError, type ErrorCode } from '../errors.js';
import { checkCost, type GraphqlLimits } from './limits.js';
import { RequestError } from './request-error.js';

/** One operation of a document, ready to run. */
export interface PreparedOperation {
  readonly document: DocumentNode;
  readonly node: OperationDefinitionNode;
  readonly name: string | undefined;
  /** Compiled at its second use: compiling costs more than running once, and a flood of new documents would pay for it. */
  compiled(isNow?: boolean): CompiledQuery | undefined;
  /** True where it has fields that are other operations, whose answers may depend on who asks. */
  readonly hasRelations: boolean;
}

export interface DocumentsOptions extends GraphqlLimits {
  /** Whether `__schema` and `__type` may be asked. */
  readonly introspection: boolean;
  /** How many documents are kept. */
  readonly maxDocuments: number;
  /** How many characters they may have together. */
  readonly maxCachedChars: number;
}

/** Parses, checks and compiles documents, each once while it is in use. */
export class Documents {
  readonly #cache = new Map<string, ParsedDocument>();
  #chars = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly isRelation: (type: string, field: string) => boolean,
    private readonly options: DocumentsOptions,
  ) {}

  /** Throws a `RequestError` with all that is wrong with the document. */
  prepare(text: string, operationName: string | undefined): PreparedOperation {
    let parsed = this.#cache.get(text);
    if (parsed) {
      this.#cache.delete(text);
      this.#cache.set(text, parsed);
    } else {
      parsed = new ParsedDocument(this.schema, this.#parse(text), this.isRelation);
      this.#keep(text, parsed);
    }
    return parsed.operation(operationName);
  }

  #keep(text: string, parsed: ParsedDocument): void {
    const { maxDocuments, maxCachedChars } = this.options;
    this.#cache.set(text, parsed);
    this.#chars += text.length;
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= maxDocuments && this.#chars <= maxCachedChars) break;
      this.#cache.delete(oldest);
      this.#chars -= oldest.length;
    }
  }

  #parse(text: string): DocumentNode {
    const { maxTokens = 2000, maxDocumentChars = 65_536, introspection } = this.options;
    if (text.length > maxDocumentChars)
      throw new RequestError(
        [],
        new ApiError('INVALID_ARGUMENT', `the document has ${text.length} characters, and the limit is ${maxDocumentChars}`),
      );
    const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
    let document: DocumentNode;
    let errors: readonly GraphQLError[];
    try {
      document = parse(text, { maxTokens });
      checkCost(document, this.options);
      errors = validate(this.schema, document, rules, { maxErrors: 20 });
    } catch (error) {
      throw refusal(error, maxTokens);
    }
    // An operation that is not there says more than what follows from it.
    if (errors.length > 0)
      throw new RequestError(errors.map(describe).sort((a, b) => Number(b.code === 'UNIMPLEMENTED') - Number(a.code === 'UNIMPLEMENTED')));
    return document;
  }
}

const TOO_MANY_TOKENS = /^Syntax Error: Document contains more \w+ \d+ tokens/;

/** What a caller is told of a document that cannot be read. */
function refusal(error: unknown, maxTokens: number): unknown {
  if (isApiError(error)) return new RequestError([], error);
  // Parsing is recursive: where the other limits are raised, the stack is the last one.
  if (error instanceof RangeError) return new RequestError([], new ApiError('INVALID_ARGUMENT', 'the document is nested too deeply'));
  if (!(error instanceof GraphQLError)) return error;
  if (TOO_MANY_TOKENS.test(error.message))
    return new RequestError([], new ApiError('INVALID_ARGUMENT', `the document has too many tokens: the limit is ${maxTokens}`));
  return new RequestError([describe(error)], undefined, 'syntax');
}

const UNKNOWN_FIELD = /^Cannot query field "\w+" on type "(Query|Mutation|Subscription)"/;

/** A mistake in a document, with the code it has for a caller. */
function describe(error: GraphQLError) {
  const variable = error.nodes?.find((node) => node.kind === Kind.VARIABLE);
  const code: ErrorCode = UNKNOWN_FIELD.test(error.message) ? 'UNIMPLEMENTED' : 'INVALID_ARGUMENT';
  return { code, message: error.message, locations: error.locations, at: variable?.kind === Kind.VARIABLE ? [variable.name.value] : [] };
}

class ParsedDocument {
  readonly #operations = new Map<string | undefined, PreparedOperation>();

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly document: DocumentNode,
    private readonly isRelation: (type: string, field: string) => boolean,
  ) {}

  operation(name: string | undefined): PreparedOperation {
    let prepared = this.#operations.get(name);
    if (prepared) return prepared;
    const node = getOperationAST(this.document, name);
    if (!node) {
      const message =
        name === undefined
          ? 'the document has several operations: say which with operationName'
          : `the document has no operation '${name.slice(0, 100)}'`;
      throw new RequestError([{ code: 'INVALID_ARGUMENT', message, at: [] }]);
    }
    prepared = new Prepared(this.schema, this.document, node, name, this.#hasRelations());
    this.#operations.set(name, prepared);
    return prepared;
  }

  #hasRelations(): boolean {
    const info = new TypeInfo(this.schema);
    let found = false;
    visit(
      this.document,
      visitWithTypeInfo(info, {
        Field: (node) => {
          found ||= this.isRelation(info.getParentType()?.name ?? '', node.name.value);
        },
      }),
    );
    return found;
  }
}

class Prepared implements PreparedOperation {
  #uses = 0;
  #compiled: CompiledQuery | undefined;

  constructor(
    private readonly schema: GraphQLSchema,
    readonly document: DocumentNode,
    readonly node: OperationDefinitionNode,
    readonly name: string | undefined,
    readonly hasRelations: boolean,
  ) {}

  compiled(isNow = false): CompiledQuery | undefined {
    if (this.#compiled || (this.#uses++ === 0 && !isNow)) return this.#compiled;
    // Values are validated by the contract's schemas on their way here: they need no second look.
    const result = compileQuery(this.schema, this.document, this.name, { disableLeafSerialization: true });
    if (isCompiledQuery(result)) this.#compiled = result;
    return this.#compiled;
  }
}
