import { inspect } from 'node:util';
import mqttjs from 'mqtt';
import { afterEach, describe, expect, test } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import { createClient } from '../../src/index.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { mqttBroker, serveMqtt } from '../../src/mqtt/server.ts';
import { printable } from '../../src/peer/text/printable.ts';
import { until } from '../support/until.ts';

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('foreign text in reports', () => {
  test('never brings a control character, however it is printed', async () => {
    const broker = await mqttBroker({ port: 0, open: true });
    const reports: unknown[] = [];
    const onError = (error: unknown) => void reports.push(error);
    const service = createBlogService();
    const served = await serveMqtt(service, { url: broker.url, onError });
    const blog = createClient({ transport: mqtt({ url: broker.url, onError }) });
    const foreign = await mqttjs.connectAsync(broker.url, { protocolVersion: 4, reconnectPeriod: 0 });
    cleanups.push(
      () => broker.close(),
      () => service.close(),
      () => served.close(),
      () => blog.close(),
      () => foreign.endAsync(true),
    );
    await blog.onTemperature(() => {});
    const line = 'x\n2026-01-31 ERROR the payment service is down\u001b[31m\u2028\u202e';
    const request = (body: unknown) => foreign.publish('blog/v1/getUser', JSON.stringify(body), { qos: 1 });
    request({ replyTo: line, id: 1, input: {} });
    request({ replyTo: 7, id: 1, [line]: 1 });
    foreign.publish('blog/v1/getUser', `{"a": "b${line}`, { qos: 1 });
    foreign.publish(`blog/v1/${line}`, '{', { qos: 1 });
    foreign.publish('sensors/temperature', `{"a": "b${line}`, { qos: 1 });
    foreign.publish('sensors/temperature', JSON.stringify({ sensorId: line, celsius: line, [line]: line }), { qos: 1 });
    await until(() => reports.length >= 6, 'all was reported');
    for (const report of reports) {
      // Of a stack's own lines only the first can hold foreign text.
      const printed = `${String(report)}\n${inspect(report)}`.split('\n').filter((each) => !/^\s/.test(each)).join('\n'); // prettier-ignore
      expect(printed).not.toMatch(/^2026/m);
      // eslint-disable-next-line no-control-regex -- the characters that must not be there
      expect(printed).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u2028\u202e]/);
    }
  });

  test('is cut, and escaped as in JSON', () => {
    expect(printable('a\nb\u001b[0m\u0085\u202e')).toBe('a\\u000ab\\u001b[0m\\u0085\\u202e');
    expect(printable('abc', 2)).toBe('ab…');
    expect(printable('haus/küche 😀')).toBe('haus/küche 😀');
  });
});
