import type { WireRecord } from '../../peer/on-wire.ts';
import { userProperties, type Message } from '../wire.ts';

/** A packet as `onWire` sees it. Clients load this with their first record. */
export function recordOf(
  direction: 'in' | 'out',
  start: string,
  properties: Message['properties'],
  payload: string | Uint8Array | undefined,
): WireRecord {
  const body = payload instanceof Uint8Array ? new TextDecoder().decode(payload) : payload;
  const { contentType, responseTopic, correlationData, messageExpiryInterval } = properties ?? {};
  const named: Record<string, string | number | readonly string[] | undefined> = {
    'content-type': contentType,
    'response-topic': responseTopic,
    'correlation-data': shown(correlationData),
    'message-expiry-interval': messageExpiryInterval,
    ...userProperties(properties),
  };
  const headers = Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)] as const]));
  return { protocol: 'mqtt', direction, start, headers: Object.fromEntries(headers), body };
}

/** Ours is a text, foreign ones may be any bytes. */
function shown(data: Uint8Array | string | undefined): string | undefined {
  return data === undefined || typeof data === 'string' ? data : new TextDecoder().decode(data);
}
