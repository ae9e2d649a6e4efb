import {
  coerceInputValue,
  execute,
  getArgumentValues,
  getVariableValues,
  GraphQLError,
  isInputType,
  Kind,
  OperationTypeNode,
  typeFromAST,
  type ExecutionResult,
  type FieldNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type VariableDefinitionNode,
} from 'graphql';
import type { Contract, EventDefinition, Operation } from '../../core/contract.ts';
import { ApiError, isApiError, type JsonObject } from '../../core/errors.ts';
import { RelationLoader } from '../../guard/relation-loader.ts';
import { serveCall } from '../../guard/serve-call.ts';
import type { EventMessage, Peer, Selection, Transport } from '../../core/transport.ts';
import { MAX_ISSUES } from '../../schema/check/issues.ts';
import type { Allowance } from '../document/complexity.ts';
import { Documents, type DocumentsOptions, type PreparedOperation } from '../document/documents.ts';
import { executableSchema, inputOf, type Resolving } from './executable.ts';
import type { ResponseHeads } from './heads.ts';
import { PersistedDocuments, type PersistedInForce } from '../document/persisted.ts';
import { RequestError, type Mistake } from '../document/request-error.ts';
import { selectionsOf } from '../document/selection.ts';
import { graphqlTypes, type DescribedTypes } from './described.ts';
import { encodeError, type GraphqlRequest, type GraphqlResponse, type WireError } from '../wire.ts';
import { toldError } from '../../guard/told-error.ts';
import { isPromiseLike } from '../../life/maybe.ts';

/** The caller, and how to tell that they have left. */
export interface Caller {
  readonly headers: Record<string, string>;
  readonly deadline: number | undefined;
  readonly peer: Peer;
  readonly onLeave: (listener: () => void) => void;
  /** Gets what the root fields say beside their values. */
  readonly heads?: ResponseHeads | undefined;
}

/** Turns one event into the text of a response. */
export type EncodeEvent = (message: EventMessage) => string | Promise<string>;

/** A subscription to an event that has been checked, and is about to be made. */
export interface PreparedEvents {
  readonly event: EventDefinition;
  readonly params: Readonly<Record<string, unknown>>;
  readonly encode: EncodeEvent;
  /** Call it when the subscription has ended. */
  release(): void;
}

/** A run of a streamed operation that has been checked, and is about to begin. */
export interface PreparedStream {
  readonly operation: Operation;
  readonly input: unknown;
  readonly encode: EncodeEvent;
}

/** graphql-jit has errors of its own. */
function isOfExecutor(error: Error): boolean {
  return error instanceof GraphQLError || error.name === 'GraphQLError';
}

/** How `execute` refuses the value of an argument that validation could not see. */
const WRONG_ARGUMENT = /^Argument "\w+" /;
/** How `execute` refuses a null, in an error of no kind of its own. */
const NO_VALUE = /^Cannot return null for non-nullable field /;

/** The words that graphql adds to a message about a name that it does not know. */
const SUGGESTION = / Did you mean .*$/s;

/** Ends the look for mistakes. */
const ENOUGH = new Error('enough mistakes are known');

/** The caller for whom events are encoded, which all callers with the same request share. */
const NOBODY: Caller = { headers: {}, deadline: undefined, peer: { protocol: 'graphql' }, onLeave: () => {} };

/** The common state of the resolvers of one request. The loader is made on first use: most requests ask for no relation. */
class RequestResolving implements Resolving {
  private made: RelationLoader | undefined = undefined;

  private readonly contract: Contract;
  readonly call: Resolving['call'];
  readonly selections: Resolving['selections'];
  readonly absent: Resolving['absent'];

  constructor(contract: Contract, call: Resolving['call'], selections: Resolving['selections'], absent: Resolving['absent']) {
    this.contract = contract;
    this.call = call;
    this.selections = selections;
    this.absent = absent;
  }

  get loader(): RelationLoader {
    return (this.made ??= new RelationLoader(this.contract, this.call));
  }
}

/** Runs documents against a transport, whatever carries them. */
export class Engine {
  readonly types: DescribedTypes;
  readonly schema: GraphQLSchema;
  readonly persisted: PersistedDocuments;
  readonly #documents: Documents;
  readonly #hidesNames: boolean;
  /** By operation, the encoders of subscriptions that are open: equal requests are executed and written once per event. */
  readonly #shared = new WeakMap<PreparedOperation, Map<string, { readonly encode: EncodeEvent; users: number }>>();

  readonly transport: Transport;
  private readonly onError: (error: unknown) => void;

  constructor(transport: Transport, options: DocumentsOptions & PersistedInForce, onError: (error: unknown) => void) {
    this.transport = transport;
    this.onError = onError;
    this.#hidesNames = !options.introspection;
    this.persisted = new PersistedDocuments(options);
    this.types = graphqlTypes(transport.contract);
    this.schema = executableSchema(this.types);
    const relations = new Set(
      [...this.types.view.types.values()].flatMap((node) =>
        node.kind === 'object' ? this.types.relationsOf(node).map(({ name }) => `${node.name}.${name}`) : [],
      ),
    );
    this.#documents = new Documents(
      this.schema,
      {
        isRelation: (type, field) => relations.has(`${type}.${field}`),
        selectionsOf: (document, operation) => selectionsOf(this.types, document, operation),
      },
      options,
    );
  }

  /** Finds the operation of a request that has its document. Throws a `RequestError`. */
  prepare({ query, operationName }: GraphqlRequest, allowance?: Allowance): PreparedOperation {
    if (query === undefined) throw new RequestError([], new ApiError('INVALID_ARGUMENT', "the request has no 'query'"), 'syntax');
    return this.#documents.prepare(query, operationName, allowance);
  }

  /** Runs a query or a mutation. Throws a `RequestError` if the variables do not fit. */
  execute(prepared: PreparedOperation, request: GraphqlRequest, caller: Caller): Promise<GraphqlResponse> | GraphqlResponse {
    const absent = request.extensions?.['absent'] === true ? [] : undefined;
    const result = this.#run(prepared, undefined, this.#resolving(prepared, caller, absent), request.variables);
    const requestId = caller.headers['x-request-id'];
    return isPromiseLike(result)
      ? result.then((settled) => this.#respond(prepared, settled, request, absent, requestId))
      : this.#respond(prepared, result, request, absent, requestId);
  }

  /** Checks a subscription, to an event or to the items of a streamed operation. Throws a `RequestError`. */
  subscription(prepared: PreparedOperation, request: GraphqlRequest, caller: Caller): PreparedEvents | PreparedStream {
    const variables = request.variables ?? {};
    const field = rootField(prepared);
    const root = field && [...this.types.subscriptions.values()].find(({ name }) => name === field.name.value);
    const isMutation = (root?.member as Operation | undefined)?.kind === 'mutation';
    const mistakes = this.#variableMistakes(prepared.node, variables, isMutation);
    if (mistakes.length > 0) throw new RequestError(mistakes);
    const definition = root && this.schema.getSubscriptionType()?.getFields()[root.name];
    if (!root || !definition)
      throw new RequestError([], new ApiError('INVALID_ARGUMENT', 'a subscription asks for one event or one stream'));
    // With the defaults that the document declares for them.
    const { coerced = variables } = getVariableValues(this.schema, prepared.node.variableDefinitions ?? [], variables);
    const given = getArgumentValues(definition, field, coerced);
    const wantsAbsent = request.extensions?.['absent'] === true;
    if (!('payload' in root.member)) {
      const input = inputOf(root, given);
      return { operation: root.member, input, encode: this.#encoder(prepared, variables, caller, wantsAbsent) };
    }
    const params = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
    const event = root.member;
    if (prepared.hasRelations) return { event, params, encode: this.#encoder(prepared, variables, caller, wantsAbsent), release: () => {} };

    let open = this.#shared.get(prepared);
    if (!open) this.#shared.set(prepared, (open = new Map<string, { encode: EncodeEvent; users: number }>()));
    const all = open;
    const key = JSON.stringify([variables, wantsAbsent]);
    let shared = all.get(key);
    // Nothing in it is anyone's own: not the headers, nor the request id that an error would have.
    if (!shared) all.set(key, (shared = { encode: this.#encoder(prepared, variables, NOBODY, wantsAbsent), users: 0 }));
    const mine = shared;
    mine.users++;
    return {
      event,
      params,
      encode: mine.encode,
      release: () => {
        if (--mine.users === 0) all.delete(key);
      },
    };
  }

  /** An error as callers see it; one that is not an `ApiError` is reported and masked. */
  present(error: unknown): ApiError {
    return toldError(error, this.onError);
  }

  #resolving({ selections }: PreparedOperation, caller: Caller, absent: Resolving['absent']): Resolving {
    const { transport } = this;
    const { heads } = caller;
    const call = (operation: Operation, input: unknown, select: Selection | undefined, field?: string) =>
      serveCall(transport, {
        operation,
        input,
        headers: caller.headers,
        deadline: caller.deadline,
        peer: caller.peer,
        select,
        onLeave: caller.onLeave,
        onResponse: heads && field !== undefined ? heads.listener(field) : undefined,
      });
    return new RequestResolving(transport.contract, call, selections, absent);
  }

  #run(
    prepared: PreparedOperation,
    rootValue: unknown,
    contextValue: Resolving,
    variables: JsonObject | undefined,
  ): Promise<ExecutionResult> | ExecutionResult {
    const compiled = prepared.compiled(variables ?? {});
    if (compiled) return compiled.query(rootValue, contextValue, variables ?? {});
    return execute({
      schema: this.schema,
      document: prepared.document,
      rootValue,
      contextValue,
      variableValues: variables ?? null,
      ...(prepared.name !== undefined && { operationName: prepared.name }),
    });
  }

  #respond(
    prepared: PreparedOperation,
    result: ExecutionResult,
    request: GraphqlRequest,
    absent: Resolving['absent'],
    requestId: string | undefined,
  ): GraphqlResponse {
    const { data, errors } = result;
    // Without data nothing has run: the variables do not fit.
    if (data === undefined) {
      const isMutation = prepared.node.operation === OperationTypeNode.MUTATION;
      const mistakes = this.#variableMistakes(prepared.node, request.variables ?? {}, isMutation);
      throw new RequestError(
        mistakes.length > 0
          ? mistakes
          : (errors ?? []).map(({ message }) => ({ code: 'INVALID_ARGUMENT', message: this.#shown(message), at: [] })),
      );
    }
    if (!errors && !absent) return { data };
    return {
      ...(errors && { errors: errors.map((error) => this.#present(error, requestId)) }),
      data,
      ...(absent && absent.length > 0 && { extensions: { absent } }),
    };
  }

  #present(error: GraphQLError, requestId: string | undefined): WireError {
    const { path, locations } = error;
    const { originalError = error } = error;
    const shown = isApiError(originalError) ? originalError : this.#presentFailure(originalError, path);
    return encodeError(
      { ...shown.toJSON(), ...(shown.requestId === undefined && requestId !== undefined && { requestId }) },
      { path, locations },
    );
  }

  #presentFailure(error: Error, path: GraphQLError['path']): ApiError {
    // A null that the caller gave for an argument, by a variable that may be null.
    if (isOfExecutor(error) && WRONG_ARGUMENT.test(error.message)) return new ApiError('INVALID_ARGUMENT', this.#shown(error.message));
    // Other faults that the executor finds concern the transport's value, which its message may quote.
    if (isOfExecutor(error) || NO_VALUE.test(error.message))
      return new ApiError('DATA_LOSS', `${path?.join('.') ?? 'a field'}: the reply breaks the contract`);
    return this.present(error);
  }

  #encoder(prepared: PreparedOperation, variables: JsonObject, caller: Caller, wantsAbsent: boolean): EncodeEvent {
    let last: EventMessage | undefined;
    let text: string | Promise<string> = '';
    const write = (message: EventMessage, { data, errors }: ExecutionResult, absent: Resolving['absent']): string =>
      JSON.stringify({
        ...(errors && { errors: errors.map((error) => this.#present(error, caller.headers['x-request-id'])) }),
        data,
        extensions: {
          id: message.id,
          time: message.time,
          traceparent: message.traceparent,
          ...(absent && absent.length > 0 && { absent }),
        },
      });
    // A subscription lives long: of its calls only those that run may be remembered.
    const running = new Set<() => void>();
    if (prepared.hasRelations)
      caller.onLeave(() => {
        for (const leave of running) leave();
      });
    return (message) => {
      if (message === last) return text;
      last = message;
      const absent = wantsAbsent ? [] : undefined;
      const mine: (() => void)[] = [];
      const onLeave = (listener: () => void) => {
        mine.push(listener);
        running.add(listener);
      };
      const result = this.#run(prepared, { data: message.data }, this.#resolving(prepared, { ...caller, onLeave }, absent), variables);
      if (!isPromiseLike(result)) return (text = write(message, result, absent));
      return (text = result
        .then((settled) => write(message, settled, absent))
        .finally(() => {
          for (const listener of mine) running.delete(listener);
        }));
    };
  }

  /** A message of the executor, without names of the schema that may not be asked for. */
  #shown(message: string): string {
    return this.#hidesNames ? message.replace(SUGGESTION, '') : message;
  }

  #variableMistakes({ variableDefinitions = [] }: OperationDefinitionNode, variables: JsonObject, isMutation: boolean): Mistake[] {
    const mistakes: Mistake[] = [];
    try {
      this.#findMistakes(variableDefinitions, variables, isMutation, mistakes);
    } catch (error) {
      if (error !== ENOUGH) throw error;
    }
    return mistakes;
  }

  /** Throws `ENOUGH` at the last mistake that is told: graphql takes microseconds for each, and a message has room for hundreds of thousands. */
  #findMistakes(
    variableDefinitions: readonly VariableDefinitionNode[],
    variables: JsonObject,
    isMutation: boolean,
    mistakes: Mistake[],
  ): void {
    for (const { variable, type: typeNode, defaultValue } of variableDefinitions) {
      const name = variable.name.value;
      const at = isMutation && name === 'input' ? [] : [name];
      const type = typeFromAST(this.schema, typeNode);
      if (!isInputType(type)) continue;
      const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
      if (value === undefined && (defaultValue !== undefined || typeNode.kind !== Kind.NON_NULL_TYPE)) continue;
      coerceInputValue(value ?? null, type, (path, _, error) => {
        const missing = /^Field "(\w+)" of required type/.exec(error.message)?.[1];
        mistakes.push({
          code: 'INVALID_ARGUMENT',
          message: this.#shown(error.message),
          at: [...at, ...path, ...(missing === undefined ? [] : [missing])],
        });
        if (mistakes.length >= MAX_ISSUES) throw ENOUGH;
      });
    }
  }
}

/** The one field of a subscription, fragments looked through. */
function rootField({ document, node }: PreparedOperation): FieldNode | undefined {
  const find = (set: SelectionSetNode): FieldNode | undefined => {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) return selection;
      const inner =
        selection.kind === Kind.INLINE_FRAGMENT
          ? selection.selectionSet
          : document.definitions.find(
              (definition) => definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value,
            );
      const found =
        inner && find('selectionSet' in inner ? (inner as { selectionSet: SelectionSetNode }).selectionSet : (inner as SelectionSetNode));
      if (found) return found;
    }
    return undefined;
  };
  return find(node.selectionSet);
}

/** Whether an operation is to be subscribed to, not run. */
export function isSubscription({ node }: PreparedOperation): boolean {
  return node.operation === OperationTypeNode.SUBSCRIPTION;
}
