/**
 * The client of services and devices at an MQTT broker.
 *
 * @module multi-api-sdk/mqtt
 * @group Clients
 */

import { feeding, foreign, transports } from '#mqtt-transport';
import { bytes, count, readOptions } from '../core/options.ts';
import type { Adapter } from '../core/transport.ts';
import { checkSubscription } from '../events/check.ts';
import { defineAdapter, guard, markGuarded } from '../guard/guard.ts';
import { bothParts, withPart } from '../life/lazy.ts';
import { laterTransport } from '../peer/later-transport.ts';
import { checkTopics, checkUrl } from './check.ts';
import type { MqttOptions } from './client-options.ts';
import { CONNECTION_NAMES, CONNECTION_READERS } from './options.ts';

export type { ReadContext } from '../guard/mapped-sink.ts';
export type { MqttOptions } from './client-options.ts';
export type { ClientTls } from '../http/client/fetch-like.ts';
export type { MqttConnectionOptions, MqttCredentials, MqttWill, WebSocketFactory } from './options.ts';
export type { MqttEventMapping, MqttOperationMapping } from './foreign/mapping.ts';
export type { ForeignMessage } from './foreign/message.ts';
export type { EventMeta, Qos } from './wire.ts';

/**
 * A client over an MQTT broker: events from their topics, calls and streams by request and response.
 * It speaks MQTT 5, and MQTT 3.1.1 if the broker does not. Formats: docs/protocols/mqtt.md.
 */
export function mqtt(options: MqttOptions): Adapter<'call' | 'subscribe' | 'stream'> {
  const read = readOptions(
    'mqtt',
    options,
    {
      ...CONNECTION_READERS,
      history: count(1000, { zero: true }),
      maxMessageBytes: bytes(8_388_608),
      maxResponseBytes: bytes(8_388_608),
    },
    [...CONNECTION_NAMES, 'headers', 'offline', 'events', 'operations', 'will', 'onError'],
  );
  checkUrl(read.url, 'mqtt');
  return defineAdapter<'call' | 'subscribe' | 'stream'>((contract) => {
    checkTopics(contract, read.topicPrefix, read.operations);
    const isForeign = read.events !== undefined || read.operations !== undefined;
    const parts = bothParts(transports, isForeign ? foreign : undefined);
    const make = () => withPart(parts, ([{ MqttTransport }, devices]) => new MqttTransport(contract, read, feeding, devices));
    const transport = laterTransport(contract, 'mqtt', make);
    const checked = guard(transport, 'DATA_LOSS');
    // Events are checked by the feed, once for all subscribers: a misfit is dropped here, and ends nothing.
    return markGuarded({
      contract,
      name: transport.name,
      call: (request) => checked.call(request),
      subscribe(request, sink) {
        if (request.operation) return checked.subscribe(request, sink);
        checkSubscription(request);
        return transport.subscribe(request, sink);
      },
      close: () => transport.close(),
    });
  });
}
