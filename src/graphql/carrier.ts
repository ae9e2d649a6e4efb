import { ApiError, isApiError, type JsonObject } from '../core/errors.ts';
import type { CallRequest } from '../core/transport.ts';
import { networkError } from '../http/client/network-error.ts';
import { responseHeaders } from '../peer/response-headers.ts';
import { readReply, type Reply } from './reply.ts';
import { isObject } from './wire.ts';

/** The part of a client that carries documents. `GraphQLClient` of graphql-request fits. */
export interface GraphqlCarrier {
  rawRequest(request: {
    readonly query: string;
    readonly variables?: JsonObject;
    readonly requestHeaders?: Record<string, string>;
    readonly signal?: AbortSignal;
  }): Promise<CarrierResponse>;
}

/** The response of a carrier. */
export interface CarrierResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null; entries?(): Iterable<readonly [name: string, value: string]> };
  readonly data?: unknown;
  readonly errors?: unknown;
  readonly extensions?: unknown;
}

interface Carried {
  readonly query: string;
  readonly variables: JsonObject | undefined;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
}

/** Sends a document by a carrier. An error that it throws is a response with errors, or a connection that failed. */
export async function carried(
  carrier: GraphqlCarrier,
  { query, variables, headers, signal }: Carried,
  { operation, onResponse }: Pick<CallRequest, 'operation' | 'onResponse'>,
): Promise<Reply> {
  try {
    const response = await carrier.rawRequest({ query, ...(variables && { variables }), requestHeaders: headers, signal });
    onResponse?.({ headers: responseHeaders(response.headers.entries?.() ?? []) });
    return readReply(response, '', response);
  } catch (error) {
    const { response } = error as { readonly response?: CarrierResponse & { readonly body?: unknown } };
    if (isObject(response) && typeof response['status'] === 'number')
      return readReply(response, typeof response['body'] === 'string' ? response['body'] : '', response);
    if (isApiError(error) || signal.aborted) throw ApiError.from(signal.reason ?? error, 'CANCELLED', 'the call was cancelled');
    throw networkError(error, operation.name, signal);
  }
}
