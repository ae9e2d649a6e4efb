import mqttjs, { type MqttClient } from 'mqtt';
import { afterEach } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import { createClient } from '../../src/index.ts';
import { mqtt, type MqttOptions } from '../../src/mqtt/client.ts';
import { mqttHub } from '../../src/mqtt/hub.ts';
import { serveMqtt, type ServeMqttOptions } from '../../src/mqtt/server.ts';

export const READING = { sensorId: 'roof', celsius: 21.5, measuredAt: '2026-01-31T12:00:00Z' };

interface Heard {
  readonly topic: string;
  readonly text: string;
  readonly packet: mqttjs.IPublishPacket;
}

/** Opens services, clients and foreign clients at a broker, and closes them after each test. */
export function mqttBlog() {
  const cleanups: (() => Promise<unknown> | void)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  /** A client of somebody else. */
  async function foreign(url: string, version: 4 | 5, ...filters: string[]) {
    const client: MqttClient = await mqttjs.connectAsync(url, { protocolVersion: version, reconnectPeriod: 0 });
    const heard: Heard[] = [];
    client.on('message', (topic, payload, packet) => heard.push({ topic, text: payload.toString(), packet }));
    if (filters.length > 0) await client.subscribeAsync(filters, { qos: 1 });
    cleanups.push(() => client.endAsync(true));
    return { client, heard };
  }

  function blogAt(url: string, options: Partial<MqttOptions> = {}) {
    const errors: unknown[] = [];
    const blog = createClient({
      transport: mqtt({ url, onError: (error) => errors.push(error), ...options }),
      reconnect: { maxDelayMs: 100 },
    });
    cleanups.push(() => blog.close());
    return Object.assign(blog, { errors });
  }

  /** A service whose hub is the broker. */
  async function process(url: string, options: Partial<ServeMqttOptions> = {}) {
    const errors: unknown[] = [];
    const onError = (error: unknown) => errors.push(error);
    const hub = mqttHub({ url, onError, ...(options.topicPrefix !== undefined && { topicPrefix: options.topicPrefix }) });
    const service = createBlogService({ hub, onError });
    const served = await serveMqtt(service, { url, onError, ...options });
    const close = async () => {
      await served.close();
      await service.close();
      await hub.close();
    };
    cleanups.push(close);
    return { service, errors, close };
  }

  return { cleanups, foreign, blogAt, process };
}
