import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { MQTT_SKIPS, noMosquitto, openMqtt, startMosquitto, type Mosquitto } from '../support/mqtt.ts';

let broker: Promise<Mosquitto> | undefined;
let opened = 0;

/** MQTT 5, on one broker for all cases, each with topics of its own. */
export const target: ConformanceTarget = {
  name: noMosquitto === undefined ? 'mqtt-mosquitto' : `mqtt-mosquitto (${noMosquitto})`,
  open: async (transport, options) => {
    broker ??= startMosquitto(['set_tcp_nodelay true']);
    const { url } = await broker;
    return openMqtt(transport, url, { ...options, topicPrefix: `case/${opened++}` });
  },
  can: noMosquitto === undefined ? ['call', 'subscribe', 'stream'] : [],
  skips: MQTT_SKIPS,
};
