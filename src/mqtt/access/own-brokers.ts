import type { Headers, Transport } from '../../core/transport.ts';
import type { MqttCredentials } from '../options.ts';

/** An embedded broker, as the hubs and servers of its process see it. */
export interface OwnBroker {
  /** Of connections that are the service itself. */
  readonly credentials: MqttCredentials;
  /** Lets the callers of a service in, by its `identify`. Returns how to take that back. */
  admit(transport: Transport, topicPrefix: string | undefined): () => void;
  /** The caller behind a connected client. */
  callerOf(clientId: string): ConnectedCaller | undefined;
}

/** A caller that is connected to an embedded broker. */
export interface ConnectedCaller {
  /** Empty for callers that nothing tells apart. */
  readonly caller: string;
  /** The credentials that it gave when it connected. */
  readonly headers: Headers;
}

/**
 * The embedded brokers of this process by port. A hub and a server in the same process are the service, and need no credentials; everybody
 * else who connects is a caller.
 */
const brokers = new Map<string, OwnBroker>();

export function registerBroker(port: number, broker: OwnBroker): () => void {
  brokers.set(String(port), broker);
  return () => void brokers.delete(String(port));
}

/** The embedded broker behind a url, if it is one of this process. */
export function ownBroker(url: string): OwnBroker | undefined {
  const { protocol, hostname, port } = new URL(url);
  if (!/^(mqtts?|tcp|ssl|tls):$/.test(protocol) || !/^(localhost|127\.[\d.]+|\[::1?\]|0\.0\.0\.0)$/.test(hostname)) return undefined;
  return brokers.get(port || (/^mqtts|^ssl|^tls/.test(protocol) ? '8883' : '1883'));
}
