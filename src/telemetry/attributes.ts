import type { Attributes } from '@opentelemetry/api';
import { isApiError, type ErrorCode } from '../core/errors.ts';
import type { CallRequest, StreamRequest, SubscribeRequest } from '../core/transport.ts';
import { STATUS } from '../http/message/status.ts';
import { printable } from '../peer/text/printable.ts';
import { hideSecrets } from '../peer/redact/secrets.ts';

/** Semantic conventions that are not stable yet, whose names may still change. */
export type Convention = 'rpc' | 'messaging';

/** Errors that are the service's fault. Source: https://opentelemetry.io/docs/specs/semconv/rpc/grpc/#grpc-status */
const FAULTS: ReadonlySet<ErrorCode> = new Set(['UNKNOWN', 'DEADLINE_EXCEEDED', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS']);

/** The attributes of a span for an error. */
export interface Outcome {
  readonly errorType: string | undefined;
  /** Whether the span failed: for a client always, for a server if the error is its fault. */
  readonly isFailed: boolean;
  /** The text of the error, as one line without what looks like a credential. */
  readonly message: string;
}

/** The outcome of a call. */
export function outcomeOf(error: unknown, isServer: boolean): Outcome {
  if (error === undefined) return { errorType: undefined, isFailed: false, message: '' };
  const code = isApiError(error) ? error.code : 'UNKNOWN';
  return {
    errorType: code,
    isFailed: !isServer || FAULTS.has(code),
    message: printable(hideSecrets(isApiError(error) ? error.text : error instanceof Error ? error.message : 'unknown')),
  };
}

/** The attributes of a status over REST: the one that is known, else the one that a service gives an error. */
export function statusOf(errorType: string | undefined, status: number | undefined): Attributes {
  const told = status ?? (errorType === undefined ? undefined : STATUS[errorType as ErrorCode]);
  return told === undefined ? {} : { 'http.response.status_code': told };
}

/** The name and attributes of a call or a stream: of HTTP over REST, of RPC elsewhere if asked for. */
export function describeCall(
  { operation }: CallRequest | StreamRequest,
  protocol: string,
  isServer: boolean,
  conventions: readonly Convention[],
): { readonly name: string; readonly attributes: Attributes } {
  const attributes: Attributes = { 'api.operation': operation.name, 'api.protocol': protocol };
  const [binding] = operation.http;
  if (protocol === 'rest' && binding) {
    const { path } = binding;
    attributes['http.request.method'] = binding.method;
    // Source: https://opentelemetry.io/docs/specs/semconv/http/http-spans/
    attributes[isServer ? 'http.route' : 'url.template'] = path;
    return { name: `${binding.method} ${path}`, attributes };
  }
  if (conventions.includes('rpc')) {
    // Source: https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/
    attributes['rpc.system'] = protocol;
    attributes['rpc.service'] = operation.service;
    attributes['rpc.method'] = operation.name;
    return { name: `${operation.service}/${operation.name}`, attributes };
  }
  return { name: operation.name, attributes };
}

/** The name and attributes of a subscription or one of its events. */
export function describeEvent(
  { event }: Extract<SubscribeRequest, { readonly operation?: undefined }>,
  verb: 'subscribe' | 'process',
  protocol: string,
  conventions: readonly Convention[],
): { readonly name: string; readonly attributes: Attributes } {
  const attributes: Attributes = { 'api.event': event.name, 'api.protocol': protocol };
  if (conventions.includes('messaging')) {
    // Source: https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
    attributes['messaging.system'] = protocol;
    attributes['messaging.destination.name'] = event.channel;
    attributes['messaging.operation.name'] = verb;
    attributes['messaging.operation.type'] = verb === 'process' ? 'process' : 'receive';
  }
  return { name: `${verb} ${event.channel}`, attributes };
}
