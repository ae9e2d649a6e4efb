import { toEpochMs } from '../life/now.ts';
import type { DeclaredErrors, EventDefinition, Events, Operation } from '../core/contract.ts';
import type { CallRequest, Headers, IdentifyRequest, Peer, ResponseHead } from '../core/transport.ts';
import { withDeprecation } from '../peer/deprecation.ts';
import { errorMakers, type ErrorMakers } from './error-makers.ts';
import type { KeyHold } from './idempotent-call.ts';
import { ServiceResponse } from './response.ts';
import type { ContextInfo, HandlerCall, InTransaction, Publish } from './types.ts';

/** The subject of `context`: a call, a subscription, or only a caller. */
export type Asked = IdentifyRequest;

const NO_HEAD: ResponseHead = { headers: {} };

/** The values that are made once for an operation. */
interface Made {
  /** Headers of its answers, if it is deprecated. */
  readonly deprecation: Headers | undefined;
  readonly operation: Operation;
  makers?: ErrorMakers<DeclaredErrors>;
}

/** The functions of a service for the handlers of its calls. */
export interface CallHost {
  readonly publish: Publish<Events>;
  /** Makes and checks the wire form of an output. */
  encode(action: Made, output: unknown): unknown;
}

/** A getter, because most contexts never need the signal. */
export class CallContextInfo implements ContextInfo {
  readonly headers: Headers;
  readonly peer: Peer | undefined;
  readonly onBehalfOf: string | undefined;

  private readonly request: Asked;
  readonly member: Operation | EventDefinition | undefined;

  constructor(request: Asked, member: Operation | EventDefinition | undefined) {
    this.request = request;
    this.member = member;
    this.headers = request.headers;
    this.peer = request.peer;
    this.onBehalfOf = request.onBehalfOf;
  }

  get signal(): AbortSignal {
    return this.request.signal;
  }
}

/** Getters, because most handlers read little of it and the signal is costly. */
export class ServiceCall implements HandlerCall {
  readonly context: unknown;
  private readonly request: CallRequest;
  readonly requestId: string;
  private readonly host: CallHost;
  private readonly action: Made;
  /** Of a call with an idempotency key. */
  private readonly hold: KeyHold | undefined;
  /** Events that were written in a transaction. */
  #written: Set<string> | undefined;
  #isTold = false;
  private said: ServiceResponse | undefined = undefined;

  constructor(context: unknown, request: CallRequest, requestId: string, host: CallHost, action: Made, hold?: KeyHold) {
    this.action = action;
    this.context = context;
    this.request = request;
    this.requestId = requestId;
    this.host = host;
    this.hold = hold;
  }

  /** Tells whether the handler has written an event in a transaction, so that it is not published again. */
  hasWritten(event: string): boolean {
    return this.#written?.has(event) ?? false;
  }

  get publish(): Publish<Events> {
    return (name, data, options) => {
      const published = this.host.publish(name, data, options);
      return options?.transaction === undefined ? published : published.then(() => void (this.#written ??= new Set()).add(name));
    };
  }
  get finish(): (output: unknown, options: InTransaction) => Promise<void> {
    return async (output, options) => {
      const { transaction } = options as Partial<InTransaction>;
      if (transaction === undefined) throw new TypeError('call.finish needs the transaction: call.finish(output, { transaction })');
      const wire = await this.host.encode(this.action, output);
      await this.hold?.finishIn(transaction, wire, this.said?.head());
    };
  }

  get errors(): ErrorMakers<DeclaredErrors> {
    return (this.action.makers ??= errorMakers(this.action.operation));
  }
  get response(): ServiceResponse {
    return (this.said ??= new ServiceResponse(this.action.operation.item !== undefined, this.#isTold));
  }
  get signal(): AbortSignal {
    return this.request.signal;
  }
  get deadline(): number | undefined {
    const { deadline } = this.request;
    return deadline === undefined ? undefined : toEpochMs(deadline);
  }
  get headers(): Headers {
    return this.request.headers;
  }
  get peer(): Peer | undefined {
    return this.request.peer;
  }

  /** Runs the handler of a stream, and tells the caller what it said until it gave its items. */
  async toldAfter(run: () => unknown): Promise<unknown> {
    const result = await run();
    this.#isTold = true;
    this.said?.seal();
    this.tell();
    return result;
  }

  /** Tells the caller what the handler said beside its output or error. */
  tell(): void {
    const { deprecation } = this.action;
    if (!this.said && !deprecation) return;
    const head = this.said?.head() ?? NO_HEAD;
    this.request.onResponse?.(deprecation ? { ...head, headers: withDeprecation(head.headers, deprecation) } : head);
  }
}
