import type { MqttBroker } from '../mqtt/broker.ts';
import type { ServedMqtt } from '../mqtt/server.ts';
import type { Mount, MountContext } from './mount.ts';
import { mqttPortOf } from './ports.ts';

/** MQTT at a given broker, or at one of its own, which browsers reach at a path of the HTTP port if `mqttPath` opens it. */
export function mountMqtt({ transport, options, sockets, onError }: MountContext): Mount {
  const { mqttUrl, mqttHost, mqttPath, mqttPublishers, mqttEventHeaders } = options;
  let own: MqttBroker | undefined;
  let detach: (() => void) | undefined;
  let served: ServedMqtt | undefined;
  return {
    async publish({ server }) {
      // Loaded late, so that a program that loads this file loads no broker.
      const { mqttBroker, serveMqtt } = await import('../mqtt/server.ts');
      if (mqttUrl === undefined && !options.mqttBroker) {
        own = await mqttBroker({ host: mqttHost, port: mqttPortOf(options), ...(mqttPublishers && { publishers: mqttPublishers }) });
      }
      const broker = own ?? options.mqttBroker;
      const url = mqttUrl ?? broker?.url ?? '';
      if (mqttPath !== undefined) detach = broker?.attach(server, { ...sockets, path: mqttPath });
      served = await serveMqtt(transport, {
        ...options.mqtt,
        url,
        ...(mqttEventHeaders && { eventHeaders: mqttEventHeaders }),
        ...onError,
      });
      return { mqtt: url };
    },
    async stopCalls(graceMs) {
      await served?.stopCalls(graceMs);
    },
    async close(graceMs) {
      await served?.close(graceMs);
      detach?.();
      await own?.close();
    },
  };
}
