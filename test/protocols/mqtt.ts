import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { mqttBroker } from '../../src/mqtt/server.ts';
import { MQTT_SKIPS, openMqtt } from '../support/mqtt.ts';

/** MQTT 3.1.1: calls in envelopes, events without ids. */
export const target: ConformanceTarget = {
  name: 'mqtt',
  open: async (transport, options) => {
    const broker = await mqttBroker({ port: 0, onError: options.onError });
    const opened = await openMqtt(transport, broker.url, options);
    return {
      transport: opened.transport,
      async close() {
        await opened.close();
        await broker.close();
      },
    };
  },
  skips: [
    ...MQTT_SKIPS,
    { id: 'resuming-id-and-time', reason: 'MQTT 3.1.1 has no properties: each receiver gives an event its id and time' },
  ],
};
