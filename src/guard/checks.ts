import type { Operation, Schema } from '../core/contract.ts';
import { ApiError, type Issue } from '../core/errors.ts';
import type { CallRequest, Selection } from '../core/transport.ts';
import type { Maybe } from '../life/maybe.ts';
import { issuesError, type Check, type Checked } from '../schema/check/issues.ts';
import { isPromiseLike } from '../life/maybe.ts';

/** Makes the check of the wire side of a schema; `isInput` for what callers give. */
export type CompileCheck = (schema: Schema, isInput?: boolean) => Check;

/** The checks of one operation, made at its first call. */
export interface OperationChecks {
  readonly input: Check | undefined;
  readonly output: Check | undefined;
  readonly item: Check | undefined;
  readonly breach: Breach;
  /** Of frozen selections, which are the same ones again and again, by the object itself. */
  readonly selections: WeakMap<Selection, Check>;
}

/** The checks of a contract's operations and events by the wire side of their schemas, each compiled at its first use. */
export class Checks {
  readonly #operations = new Map<Operation, OperationChecks>();
  readonly #schemas = new WeakMap<Schema, Check>();

  private readonly compile: CompileCheck;
  private readonly breachOf: (operation: Operation) => Breach;

  /** `compile` makes the check of the wire side of a schema, `breachOf` what an output that breaks the contract is for the caller of an operation. */
  constructor(compile: CompileCheck, breachOf: (operation: Operation) => Breach) {
    this.compile = compile;
    this.breachOf = breachOf;
  }

  of(operation: Operation): OperationChecks {
    let checks = this.#operations.get(operation);
    if (!checks) {
      const { input, output, item } = operation;
      checks = {
        input: input && this.compile(input, true),
        output: output && this.compile(output),
        item: item && this.compile(item),
        breach: this.breachOf(operation),
        selections: new WeakMap(),
      };
      this.#operations.set(operation, checks);
    }
    return checks;
  }

  /** The check of a schema of an event, or of a selection. */
  ofSchema(schema: Schema): Check {
    let check = this.#schemas.get(schema);
    if (!check) this.#schemas.set(schema, (check = this.compile(schema)));
    return check;
  }
}

/** The validated input: `undefined` if the operation takes none. Throws INVALID_ARGUMENT. */
export function checkInput(check: Check | undefined, request: Pick<CallRequest, 'operation' | 'input'>): Maybe<unknown> {
  const { operation, input } = request;
  if (!check) {
    if (input === undefined || (typeof input === 'object' && input !== null && !Array.isArray(input))) return undefined;
    throw new ApiError('INVALID_ARGUMENT', `${operation.name} takes no input`, { sent: false });
  }
  const checked = check(input === undefined ? {} : input);
  if (isPromiseLike(checked)) return checked.then((settled) => inputOf(settled, operation));
  return checked.issues ? inputOf(checked, operation) : checked.value;
}

/** The value that was found; throws INVALID_ARGUMENT if there are issues. */
export function inputOf(checked: Checked, { name }: { readonly name: string }): unknown {
  if (checked.issues) throw issuesError('INVALID_ARGUMENT', `${name}: invalid input`, checked.issues, { sent: false });
  return checked.value;
}

/** The error that a caller gets for an output that breaks the contract. */
export type Breach = (issues: readonly Issue[], output: unknown) => Error;

/** The validated output: `undefined` if the operation gives none. Throws what `breach` makes of the issues. */
export function checkOutput(check: Check | undefined, output: unknown, breach: Breach): Maybe<unknown> {
  if (!check) return undefined;
  const checked = check(output);
  if (isPromiseLike(checked)) return checked.then((settled) => outputOf(settled, output, breach));
  return checked.issues ? outputOf(checked, output, breach) : checked.value;
}

function outputOf(checked: Checked, output: unknown, breach: Breach): unknown {
  if (checked.issues) throw breach(checked.issues, output);
  return checked.value;
}
