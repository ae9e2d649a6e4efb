import { existsSync, readdirSync, readFileSync } from 'node:fs';
import mqttjs, { type IPublishPacket } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import { createClient } from '../../src/index.ts';
import { mqttBroker } from '../../src/mqtt/broker.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { serveMqtt } from '../../src/mqtt/server.ts';
import { noMosquitto, startMosquitto } from '../support/mqtt.ts';
import { until } from '../support/until.ts';

/**
 * Each folder is a case. `request.json` is a message as a caller publishes it, `reply.json` how it must be answered; where `case.json` has a `call`, our
 * client must publish the same request and understand the same reply. A case with `publish` has `message.json`: an event as it is on its topic. A new bug
 * is a new folder; `npx vitest run test/mqtt/golden.test.ts -u` writes the replies.
 */
interface GoldenCase {
  readonly about: string;
  readonly version: 4 | 5;
  readonly publish?: { readonly event: 'temperature'; readonly data: never; readonly topic: string };
  readonly call?: { readonly operation: 'getUser'; readonly input: { id: number }; readonly output: unknown };
}

interface GoldenMessage {
  readonly topic: string;
  readonly payload: string;
  readonly properties?: { readonly correlationData?: string; readonly [name: string]: unknown };
}

const folder = new URL('../golden/mqtt/', import.meta.url);
const REPLIES = 'blog/v1/replies/golden';

/** What is made anew by each run, by its kind. */
function stable(text: string): string {
  return text.replace(/"(id|publisher|x-request-id|requestId)": ?"(?!golden|call-1)[0-9a-z-]{8,}"/g, '"$1": "<$1>"').replace(/"time": "[^"]+"/, '"time": "<time>"'); // prettier-ignore
}

function shown(topic: string, payload: Uint8Array, { qos, retain, properties = {} }: IPublishPacket): string {
  const { contentType, payloadFormatIndicator, correlationData, userProperties } = properties;
  const correlation = correlationData && Buffer.from(correlationData).toString();
  const text = Buffer.from(payload).toString();
  const kept = Object.entries({ contentType, payloadFormatIndicator, correlationData: correlation, userProperties }).filter(([, value]) => value !== undefined); // prettier-ignore
  const message = { topic, qos, retain, ...(kept.length > 0 && { properties: Object.fromEntries(kept) }), payload: text.startsWith('{') ? (JSON.parse(text) as unknown) : text }; // prettier-ignore
  return `${stable(JSON.stringify(message, undefined, 2))}\n`;
}

describe.each([4, 5] as const)('MQTT %s', (version) => {
  const names = readdirSync(folder).filter((name) => (JSON.parse(readFileSync(new URL(`${name}/case.json`, folder), 'utf8')) as GoldenCase).version === version); // prettier-ignore
  let broker: { readonly url: string; close(): Promise<void> };
  const isSkipped = version === 5 && noMosquitto !== undefined;
  beforeAll(async () => {
    if (!isSkipped) broker = version === 4 ? await mqttBroker({ port: 0, open: true }) : await startMosquitto(['set_tcp_nodelay true']);
  });
  afterAll(() => broker?.close());

  describe.skipIf(isSkipped).each(names)('%s', (name) => {
    const read = (file: string) => readFileSync(new URL(`${name}/${file}`, folder), 'utf8');
    const { publish, call } = JSON.parse(read('case.json')) as GoldenCase;

    async function open() {
      const service = createBlogService();
      const served = await serveMqtt(service, { url: broker.url, version, onError: () => {} });
      const foreign = await mqttjs.connectAsync(broker.url, { protocolVersion: version, reconnectPeriod: 0 });
      const heard: string[] = [];
      foreign.on('message', (topic, payload, packet) => heard.push(shown(topic, payload, packet)));
      const close = async () => {
        await foreign.endAsync(true);
        await served.close(0);
        await service.close();
      };
      return { service, foreign, heard, close };
    }

    test.skipIf(!existsSync(new URL(`${name}/request.json`, folder)))('is answered as it was', async () => {
      const { foreign, heard, close } = await open();
      const { topic, payload, properties } = JSON.parse(read('request.json')) as GoldenMessage;
      await foreign.subscribeAsync(REPLIES, { qos: 1 });
      const { correlationData, ...rest } = properties ?? {};
      const sent = { ...rest, ...(correlationData !== undefined && { correlationData: Buffer.from(correlationData) }) };
      await foreign.publishAsync(topic, payload, { qos: 1, ...(properties && { properties: sent }) });
      await until(() => heard.length === 1, 'the reply came');
      await expect(heard[0]).toMatchFileSnapshot(new URL(`${name}/reply.json`, folder).pathname);
      await close();
    });

    test.skipIf(!call)('is what our client publishes and understands', async () => {
      const { close } = await open();
      const sent: { readonly start: string; readonly body?: unknown }[] = [];
      const onWire = ({ direction, start, body }: { direction: string; start: string; body?: unknown }) => void (direction === 'out' && sent.push({ start, body })); // prettier-ignore
      const client = createClient({ transport: mqtt({ url: broker.url, version, clientId: 'golden', onWire }) });
      const input = call?.input ?? { id: 0 };
      expect(await client.getUser(input, { timeoutMs: 60_000 })).toEqual(call?.output);
      const request = JSON.parse(read('request.json')) as GoldenMessage;
      const mine = sent.find(({ start }) => start === request.topic);
      const withoutNew = (text: string) => text.replace(/"id":"[^"]+"/, '"id":"call-1"').replace(/"x-timeout-ms":"\d+",?/, '');
      expect(withoutNew(String(mine?.body))).toBe(request.payload);
      await client.close();
      await close();
    });

    test.skipIf(!publish)('is published as it was', async () => {
      const { service, foreign, heard, close } = await open();
      await foreign.subscribeAsync(publish?.topic ?? '', { qos: 1 });
      if (publish) await service.publish(publish.event, publish.data);
      await until(() => heard.length === 1, 'the event came');
      await expect(heard[0]).toMatchFileSnapshot(new URL(`${name}/message.json`, folder).pathname);
      await close();
    });
  });
});
