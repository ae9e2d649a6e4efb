import {
  getOperationAST,
  GraphQLError,
  Kind,
  NoFragmentCyclesRule,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { compileQuery, isCompiledQuery, type CompiledQuery } from 'graphql-jit';
import { ApiError, isApiError, type ErrorCode, type JsonObject } from '../../core/errors.ts';
import { isCompilable } from './compilable.ts';
import type { Allowance } from './complexity.ts';
import { checkCost, type DocumentCost, type LimitsInForce } from './limits.ts';
import { RequestError } from './request-error.ts';
import type { Selections } from './selection.ts';

/** One operation of a document, ready to run. */
export interface PreparedOperation {
  readonly document: DocumentNode;
  readonly node: OperationDefinitionNode;
  readonly name: string | undefined;
  /** Compiled once it has been used often enough: compiling costs more than running, and a flood of new documents would pay for it. */
  compiled(variables: JsonObject): CompiledQuery | undefined;
  /** The selection of its calls; `undefined` if the transport makes no use of it. */
  readonly selections: Selections | undefined;
  /** True if it has fields that are other operations, whose answers may depend on the caller. */
  readonly hasRelations: boolean;
}

export interface DocumentsOptions extends LimitsInForce {
  /** Whether `__schema` and `__type` may be asked. */
  readonly introspection: boolean;
  /** How many documents are kept. */
  readonly maxDocuments: number;
  /** How many characters they may have together. */
  readonly maxCachedChars: number;
}

/** How documents are looked at beside GraphQL's own rules. */
export interface DocumentInsights {
  isRelation(type: string, field: string): boolean;
  /** Absent if nobody makes use of selections. */
  readonly selectionsOf: (document: DocumentNode, operation: OperationDefinitionNode) => Selections;
}

/** Parses, checks and compiles documents, each once while it is in use. */
export class Documents {
  readonly #cache = new Map<string, ParsedDocument>();
  #chars = 0;

  private readonly schema: GraphQLSchema;
  private readonly insights: DocumentInsights;
  private readonly options: DocumentsOptions;

  constructor(schema: GraphQLSchema, insights: DocumentInsights, options: DocumentsOptions) {
    this.schema = schema;
    this.insights = insights;
    this.options = options;
  }

  /** Throws a `RequestError` with all that is wrong with the document. `allowance` is what the documents of one batch share. */
  prepare(text: string, operationName: string | undefined, allowance?: Allowance): PreparedOperation {
    let parsed = this.#cache.get(text);
    if (parsed) {
      allowance?.take(parsed.cost.complexity);
      this.#cache.delete(text);
      this.#cache.set(text, parsed);
    } else {
      parsed = this.#parse(text, allowance);
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

  #parse(text: string, allowance: Allowance | undefined): ParsedDocument {
    const { maxTokens, maxDocumentChars, introspection } = this.options;
    if (text.length > maxDocumentChars)
      throw new RequestError(
        [],
        new ApiError('INVALID_ARGUMENT', `the document has ${text.length} characters, and the limit is ${maxDocumentChars}`),
      );
    const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
    const check = (document: DocumentNode, by: typeof rules) =>
      refuseAll(validate(this.schema, document, by, { maxErrors: 20, hideSuggestions: !introspection }));
    try {
      allowance?.take(0);
      const document = parse(text, { maxTokens });
      // The other rules, and what counts for them, follow spreads: no cycle may be in their way.
      check(document, [NoFragmentCyclesRule]);
      const cost = checkCost(document, this.options);
      allowance?.take(cost.complexity);
      check(document, rules);
      return new ParsedDocument(this.schema, document, cost, this.insights);
    } catch (error) {
      throw refusal(error, maxTokens);
    }
  }
}

function refuseAll(errors: readonly GraphQLError[]): void {
  if (errors.length === 0) return;
  // An operation that is not there says more than what follows from it.
  throw new RequestError(errors.map(describe).sort((a, b) => Number(b.code === 'UNIMPLEMENTED') - Number(a.code === 'UNIMPLEMENTED')));
}

const TOO_MANY_TOKENS = /^Syntax Error: Document contains more \w+ \d+ tokens/;

/** The error for a document that cannot be read. */
function refusal(error: unknown, maxTokens: number): unknown {
  if (isApiError(error)) return new RequestError([], error);
  // Parsing is recursive: if the other limits are raised, the stack is the last one.
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

/** The parts of a document that decide how it is run. */
interface Traits {
  readonly hasRelations: boolean;
  /** Whether `@skip` or `@include` is in it. */
  readonly hasConditions: boolean;
}

class ParsedDocument {
  readonly #operations = new Map<string | undefined, PreparedOperation>();
  #traits: Traits | undefined;

  private readonly schema: GraphQLSchema;
  private readonly document: DocumentNode;
  readonly cost: DocumentCost;
  private readonly insights: DocumentInsights;

  constructor(schema: GraphQLSchema, document: DocumentNode, cost: DocumentCost, insights: DocumentInsights) {
    this.schema = schema;
    this.document = document;
    this.cost = cost;
    this.insights = insights;
  }

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
    const selections = this.insights.selectionsOf(this.document, node);
    prepared = new Prepared(this.schema, this.document, node, name, selections, this.cost, (this.#traits ??= this.#findTraits()));
    this.#operations.set(name, prepared);
    return prepared;
  }

  #findTraits(): Traits {
    const info = new TypeInfo(this.schema);
    const traits = { hasRelations: false, hasConditions: false };
    visit(
      this.document,
      visitWithTypeInfo(info, {
        Field: (node) => {
          traits.hasRelations ||= this.insights.isRelation(info.getParentType()?.name ?? '', node.name.value);
        },
        Directive: () => {
          traits.hasConditions = true;
        },
      }),
    );
    return traits;
  }
}

/** Running a document so often for each field it has has cost as much as compiling it would. */
const USES_PER_FIELD = 1 / 16;

class Prepared implements PreparedOperation {
  readonly hasRelations: boolean;
  #usesLeft: number;
  #compiled: CompiledQuery | undefined;
  /** Variables that stand for members of an object, and have no default. */
  readonly #members: readonly string[];

  private readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly node: OperationDefinitionNode;
  readonly name: string | undefined;
  readonly selections: Selections | undefined;

  constructor(
    schema: GraphQLSchema,
    document: DocumentNode,
    node: OperationDefinitionNode,
    name: string | undefined,
    selections: Selections | undefined,
    { fields }: DocumentCost,
    { hasRelations, hasConditions }: Traits,
  ) {
    this.schema = schema;
    this.document = document;
    this.node = node;
    this.name = name;
    this.selections = selections;
    this.hasRelations = hasRelations;
    // The code of graphql-jit gives wrong data if a fragment is spread under several conditions: test/graphql-documents.test.ts.
    this.#members = membersOf(document, node);
    this.#usesLeft = hasConditions || !isCompilable(schema, node) ? Infinity : 1 + fields * USES_PER_FIELD;
  }

  compiled(variables: JsonObject): CompiledQuery | undefined {
    // graphql-jit makes null of a member whose variable is absent, and would leave out none.
    for (const name of this.#members) if (!Object.hasOwn(variables, name)) return undefined;
    if (this.#usesLeft <= 0) return this.#compiled;
    if (--this.#usesLeft > 0) return undefined;
    // Values are validated by the contract's schemas on their way here: they need no second look. If the platform forbids code to be made
    // from text, as edge runtimes do, there is none, and `execute` goes on.
    const result = compileQuery(this.schema, this.document, this.name, { disableLeafSerialization: true });
    if (isCompiledQuery(result)) this.#compiled = result;
    return this.#compiled;
  }
}

function membersOf(document: DocumentNode, { variableDefinitions = [] }: OperationDefinitionNode): string[] {
  const names = new Set<string>();
  visit(document, { ObjectField: ({ value }) => void (value.kind === Kind.VARIABLE && names.add(value.name.value)) });
  return variableDefinitions
    .filter(({ variable, defaultValue }) => defaultValue === undefined && names.has(variable.name.value))
    .map(({ variable }) => variable.name.value);
}
