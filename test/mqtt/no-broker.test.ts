import { describe, expect, test } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import { createClient } from '../../src/index.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { mqttHub } from '../../src/mqtt/hub.ts';
import { mqttBroker } from '../../src/mqtt/server.ts';
import { mqttBlog, READING } from '../support/mqtt-blog.ts';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';

const { cleanups, foreign, blogAt, process } = mqttBlog();

describe('no broker', () => {
  test('a call fails at once, and says that it was not sent', async () => {
    const port = await freePort();
    const blog = blogAt(`mqtt://127.0.0.1:${port}`);
    await expect(blog.getUser({ id: 123 })).rejects.toMatchObject({ code: 'UNAVAILABLE', sent: false });
  });

  // Of a name with several addresses each has an error, and what Node throws for them all has no message.
  test.each(['127.0.0.1', 'localhost'])('the message asks whether there is a broker at %s', async (host) => {
    const port = await freePort();
    const reason = `no connection to the broker at mqtt://${host}:${port}: nothing listens there: is the broker running? (ECONNREFUSED)`;
    await expect(blogAt(`mqtt://${host}:${port}`).getUser({ id: 123 })).rejects.toMatchObject({ text: reason, sent: false });
  });

  test('with offline: queue a call waits for the broker, and no longer than its deadline', async () => {
    const port = await freePort();
    const blog = blogAt(`mqtt://127.0.0.1:${port}`, { offline: 'queue' });
    await expect(blog.getUser({ id: 123 }, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const call = blog.getUser({ id: 123 });
    const broker = await mqttBroker({ port, open: true });
    cleanups.push(() => broker.close());
    await process(broker.url);
    // A request without a subscriber is lost over MQTT 3.1.1: the service may come too late for it.
    await Promise.race([call, blog.getUser({ id: 123 })]);
    call.catch(() => {});
  });

  test('a hub keeps events, and publishes them once there is a broker', async () => {
    const port = await freePort();
    const errors: unknown[] = [];
    const hub = mqttHub({ url: `mqtt://127.0.0.1:${port}`, maxQueued: 2, onError: (error) => errors.push(error) });
    const service = createBlogService({ hub, onError: (error) => errors.push(error) });
    cleanups.push(
      () => hub.close(),
      () => service.close(),
    );
    for (const celsius of [1, 2]) await service.publish('temperature', { ...READING, celsius });
    const broker = await mqttBroker({ port, open: true });
    cleanups.push(() => broker.close());
    const { heard } = await foreign(broker.url, 4, 'sensors/temperature');
    await until(() => heard.length === 2, 'the events came');
    expect(heard.map(({ text }) => (JSON.parse(text) as { celsius: number }).celsius)).toEqual([1, 2]);
  });

  test('a url that is none is refused when the adapter is made', () => {
    for (const url of [
      'localhost',
      'http://localhost',
      'mqtt://me:secret@localhost',
      'mqtt://:secret@localhost',
      'http://me:secret@localhost',
    ]) {
      expect(() => mqtt({ url })).toThrow(TypeError);
      expect(() => mqtt({ url })).not.toThrow('secret');
    }
    expect(() => createClient({ transport: mqtt({ url: 'mqtt://localhost', topicPrefix: '/a+' }) })).toThrow(TypeError);
  });
});
