import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { mqttBroker } from '../../src/mqtt/server.ts';
import { MQTT_SKIPS, openMqtt } from '../support/mqtt.ts';

/** MQTT 3.1.1 with CloudEvents, which give events their ids and times there too. */
export const target: ConformanceTarget = {
  name: 'mqtt-cloud-events',
  open: async (transport, options) => {
    const broker = await mqttBroker({ port: 0, onError: options.onError });
    const opened = await openMqtt(transport, broker.url, options, { cloudEvents: 'structured' });
    return {
      transport: opened.transport,
      async close() {
        await opened.close();
        await broker.close();
      },
    };
  },
  can: ['subscribe'],
  skips: MQTT_SKIPS,
};
