import { toEpochMs } from '../life/now.ts';
import type { DeclaredErrors, EventDefinition, Events, Operation } from '../core/contract.ts';
import type { CallRequest, Headers, IdentifyRequest, Peer } from '../core/transport.ts';
import { errorMakers, type ErrorMakers } from './error-makers.ts';
import type { ContextInfo, HandlerCall, Publish } from './types.ts';

/** What `context` is asked about: a call, a subscription, or a caller alone. */
export type Asked = IdentifyRequest;

/** What is made once for an operation. */
interface Made {
  readonly operation: Operation;
  makers?: ErrorMakers<DeclaredErrors>;
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
  readonly publish: Publish<Events>;
  private readonly action: Made;

  constructor(context: unknown, request: CallRequest, requestId: string, publish: Publish<Events>, action: Made) {
    this.action = action;
    this.context = context;
    this.request = request;
    this.requestId = requestId;
    this.publish = publish;
  }

  get errors(): ErrorMakers<DeclaredErrors> {
    return (this.action.makers ??= errorMakers(this.action.operation));
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
}
