import { bytes, count, ms, type OptionReader } from '../core/options.ts';
import type { ClientTls } from '../http/client/fetch-like.ts';
import type { OnWire } from '../peer/on-wire.ts';
import type { Qos } from './wire.ts';

/** User name and password of CONNECT. */
export interface MqttCredentials {
  readonly username?: string;
  readonly password?: string;
}

/** The platform's `WebSocket` has all members that are needed. */
export type WebSocketFactory = (url: string, protocols: string[]) => unknown;

/** The message that the broker publishes if the connection ends without a DISCONNECT. */
export interface MqttWill {
  readonly topic: string;
  /** @default '' */
  readonly payload?: string | Uint8Array;
  /** @default 1 */
  readonly qos?: Qos | undefined;
  /** @default false */
  readonly retain?: boolean;
}

/** Options of everything that connects to a broker. */
export interface MqttConnectionOptions {
  /** The address of the broker: `mqtt://localhost:1883`, `mqtts://`, `ws://localhost:4000/mqtt`, `wss://`. */
  readonly url: string;
  /**
   * A function is asked again for each CONNECT, so that tokens refresh.
   * @default for `mqtt`, what `headers.authorization` says: Basic as it is, a Bearer token as the password of the user `bearer`; else none
   */
  readonly credentials?: MqttCredentials | (() => MqttCredentials | Promise<MqttCredentials>);
  /** The version of MQTT: 5, or 4 for MQTT 3.1.1. @default 5, and 4 if the broker does not speak it */
  readonly version?: 4 | 5 | undefined;
  /** Goes before every topic: `site/7`. @default '' */
  readonly topicPrefix?: string;
  /** Quality of service of publications and subscriptions: 0, 1 or 2. @default 1 */
  readonly qos?: Qos | undefined;
  /** Names the session at the broker. Two clients must not have the same. @default a random one */
  readonly clientId?: string;
  /**
   * How long the broker keeps undelivered messages while there is no connection, in milliseconds; 0 keeps nothing. MQTT 3.1.1 cannot
   * say how long, so there it keeps messages only for clients with a `clientId`. @default 300_000
   */
  readonly sessionExpiryMs?: number | undefined;
  /** How often the connection shows a sign of life, in milliseconds: without an answer it is taken for lost. `Infinity` for never. @default 60_000 */
  readonly pingIntervalMs?: number;
  /** How long connecting may take, and the broker's answer to a subscription, in milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number;
  /**
   * Larger packets are not sent but fail with INVALID_ARGUMENT, in bytes: brokers end the connection over them, and only those of MQTT 5 say
   * how much they take. @default what the broker says, over MQTT 3.1.1 4_194_304 (4 MiB)
   */
  readonly maxPacketBytes?: number | undefined;
  /** How many messages may wait for the broker; together they have about 64 MiB at most. @default 10_000 */
  readonly maxQueued?: number;
  /**
   * Whether publishers repeat their last ids on `multi-api-sdk/marks/…`, and listeners subscribe to that: so is a loss noticed that nothing follows.
   * Switch it off at a broker that ends connections over topics that it does not allow. MQTT 5 only. @default true
   */
  readonly marks?: boolean;
  /** Of `mqtts://` and `wss://`, on Node: a browser has its own. */
  readonly tls?: ClientTls;
  /** Makes the WebSocket of `ws://` and `wss://`. @default ws on Node, elsewhere the platform's */
  readonly webSocket?: WebSocketFactory;
  /** Sees what really went over the wire, credentials redacted. */
  readonly onWire?: OnWire;
}

/** Reads the options of a connection that are numbers. */
export const CONNECTION_READERS = {
  version: oneOf<4 | 5>(4, 5),
  qos: oneOf<Qos>(0, 1, 2),
  sessionExpiryMs: ms(undefined, { zero: true }),
  pingIntervalMs: ms(60_000),
  connectTimeoutMs: ms(10_000),
  maxPacketBytes: bytes(),
  maxQueued: count(10_000),
};

/** The other options of a connection. */
export const CONNECTION_NAMES = ['url', 'credentials', 'topicPrefix', 'clientId', 'marks', 'tls', 'webSocket', 'onWire'] as const;

function oneOf<T extends number>(...allowed: readonly T[]): OptionReader<T | undefined> {
  return (value, owner, name) => {
    if (value === undefined || (allowed as readonly unknown[]).includes(value)) return value as T | undefined;
    throw new TypeError(`${owner}: ${name} must be ${allowed.join(' or ')}, not ${value as string}`);
  };
}
