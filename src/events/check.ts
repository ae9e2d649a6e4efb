import { ApiError } from '../core/errors.ts';
import type { EventRequest } from '../core/transport.ts';
import { isEventId, isForeignId } from './event-id.ts';

/** Throws INVALID_ARGUMENT for a subscription that no service of this library can serve. */
export function checkSubscription(request: EventRequest): void {
  checkParams(request);
  const { event, lastEventId } = request;
  if (lastEventId !== undefined && !isEventId(lastEventId))
    throw refuse(`${event.name}: lastEventId is not an id that a service gave: ids are up to 256 printable ASCII characters`);
}

/** Throws INVALID_ARGUMENT for a subscription that no peer can serve. A foreign peer may give ids of other forms. */
export function checkAsked(request: EventRequest): void {
  checkParams(request);
  const { event, lastEventId } = request;
  if (lastEventId !== undefined && !isForeignId(lastEventId))
    throw refuse(`${event.name}: lastEventId is not an id that a peer gave: it has a line end, or over 4096 characters`);
}

/** Throws INVALID_ARGUMENT for parameters that the channel does not have, or that one protocol would take for others. */
function checkParams({ event, params }: EventRequest): void {
  for (const [name, value] of Object.entries(params)) {
    if (!event.params.includes(name)) {
      const known = event.params.length > 0 ? `its parameters are ${event.params.join(', ')}` : 'it has none';
      throw refuse(`${event.name}: '${name}' is not a parameter of the channel ${event.channel}: ${known}`);
    }
    // In paths and topics a '+' stands for any value, so that one would get what it did not ask for.
    if (value === '+')
      throw refuse(`${event.name}: the parameter '${name}' cannot be '+', which stands for any value: leave it out to match all`);
  }
}

function refuse(message: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', message, { sent: false });
}
