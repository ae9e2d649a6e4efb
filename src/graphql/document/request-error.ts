import type { ApiError, ErrorCode, Issue } from '../../core/errors.ts';
import { encodeError, type WireError } from '../wire.ts';

/** One thing that is wrong with a document or its variables. */
export interface Mistake {
  readonly code: ErrorCode;
  readonly message: string;
  readonly locations?: WireError['locations'];
  /** The input it is about, from the operation's own input on; empty if it is the document itself. */
  readonly at: readonly (string | number)[];
}

/** A request that is refused before anything of it runs. */
export class RequestError extends Error {
  readonly mistakes: readonly Mistake[];
  readonly single: ApiError | undefined;
  /** The kind of the fault: the request could not be read, or it does not fit the schema. */
  readonly stage: 'syntax' | 'validation';

  constructor(mistakes: readonly Mistake[], single?: ApiError, stage: 'syntax' | 'validation' = 'validation') {
    super(single?.message ?? mistakes[0]?.message);
    this.mistakes = mistakes;
    this.single = single;
    this.stage = stage;
  }

  /** The first error tells of all issues, as INVALID_ARGUMENT does on every protocol. */
  encode(requestId: string | undefined): readonly WireError[] {
    if (this.single) return [encodeError(this.single.with({ requestId: this.single.requestId ?? requestId }).toJSON())];
    const issues: Issue[] = this.mistakes.flatMap(({ at, message }) => (at.length > 0 ? [{ path: at, message }] : []));
    return this.mistakes.map(({ code, message, locations }, index) => {
      const details = index === 0 && issues.length > 0 ? { details: { issues } } : {};
      return encodeError({ code, message, ...details, ...(requestId !== undefined && { requestId }) }, { locations });
    });
  }

  get code(): ErrorCode {
    return this.single?.code ?? this.mistakes[0]?.code ?? 'INVALID_ARGUMENT';
  }
}
