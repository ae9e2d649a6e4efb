import { ApiError } from '../core/errors.ts';
import type { EventRequest, SubscribeRequest } from '../core/transport.ts';

/** The request, if it is for an event. Throws UNIMPLEMENTED for a streamed operation, which this protocol cannot carry. */
export function eventsOnly(request: SubscribeRequest, protocol: string): EventRequest {
  if (!request.operation) return request;
  throw new ApiError(
    'UNIMPLEMENTED',
    `${protocol} cannot carry the stream '${request.operation.name}': use REST, GraphQL, WebSocket, gRPC or MQTT`,
    {
      sent: false,
    },
  );
}
