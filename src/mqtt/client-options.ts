import type { HeadersOption } from '../peer/headers.ts';
import type { MqttEventMapping, MqttOperationMapping } from './foreign/mapping.ts';
import type { MqttConnectionOptions, MqttWill } from './options.ts';

/** Options of `mqtt`. */
export interface MqttOptions extends MqttConnectionOptions {
  /** Sent with every call, and with subscriptions over MQTT 5; a function is asked again for each call and each subscription. */
  readonly headers?: HeadersOption;
  /**
   * How calls behave while the broker is away: `fail` tries to connect once and rejects with UNAVAILABLE, `queue` waits for it as
   * long as the call's deadline allows. @default 'fail'
   */
  readonly offline?: 'queue' | 'fail';
  /**
   * Maps events of the contract to topics of a foreign broker: `{ temperature: { topic: 'zigbee2mqtt/{device}' } }`. A message that does not fit is reported and ends
   * nothing. @default as this library's services publish them
   */
  readonly events?: Readonly<Record<string, MqttEventMapping>>;
  /** How foreign devices take operations of the contract: `{ setLamp: { topic: 'zigbee2mqtt/{device}/set' } }`. @default requests to a service of this library */
  readonly operations?: Readonly<Record<string, MqttOperationMapping>>;
  /** The message that the broker publishes if this client ends without a DISCONNECT. @default none */
  readonly will?: MqttWill;
  /** A larger reply fails its call with DATA_LOSS, in bytes. @default 8_388_608 (8 MiB) */
  readonly maxResponseBytes?: number;
  /** How many of the last events of each event of the contract are held for loops that fall behind, those of all its channels together. @default 1000 */
  readonly history?: number;
  /**
   * A larger event ends its subscription with DATA_LOSS, because it would come again; a larger message of a foreign device is reported and dropped.
   * In bytes. @default 8_388_608 (8 MiB)
   */
  readonly maxMessageBytes?: number;
  /** Is called for dropped messages, which are not events of the contract. @default console.error */
  readonly onError?: (error: unknown) => void;
}

/** The options in force: those that are numbers have their defaults. */
export type OptionsInForce = MqttOptions & Required<Pick<MqttOptions, 'history' | 'maxMessageBytes' | 'maxResponseBytes'>>;
