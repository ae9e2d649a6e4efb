import { ApiError } from '../core/errors.ts';
import type { EventRequest, SubscribeRequest } from '../core/transport.ts';
import { isEventId } from './event-id.ts';

/** Throws INVALID_ARGUMENT for a subscription that no service can serve, or that one protocol would take for another. */
export function checkSubscription({ event, params, lastEventId }: EventRequest): void {
  for (const [name, value] of Object.entries(params)) {
    if (!event.params.includes(name)) {
      const known = event.params.length > 0 ? `its parameters are ${event.params.join(', ')}` : 'it has none';
      throw refuse(`${event.name}: '${name}' is no parameter of the channel ${event.channel}: ${known}`);
    }
    // In paths and topics a '+' stands for any value, so that one would get what it did not ask for.
    if (value === '+')
      throw refuse(`${event.name}: the parameter '${name}' cannot be '+', which stands for any value: leave it out to match all`);
  }
  if (lastEventId !== undefined && !isEventId(lastEventId)) {
    throw refuse(`${event.name}: lastEventId is no id that a service gave: ids are up to 256 printable ASCII characters`);
  }
}

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

function refuse(message: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', message, { sent: false });
}
