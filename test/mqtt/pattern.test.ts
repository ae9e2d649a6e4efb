import * as fc from 'fast-check';
import type { IPublishPacket } from 'mqtt';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { readContext } from '../../src/guard/mapped-sink.ts';
import { ApiError } from '../../src/core/errors.ts';
import { event } from '../../src/core/define.ts';
import { compileForeignDecoder } from '../../src/mqtt/foreign/decoder.ts';
import { ReceivedMessage } from '../../src/mqtt/foreign/message.ts';
import { compilePattern } from '../../src/mqtt/foreign/pattern.ts';
import { overlap } from '../../src/mqtt/filters.ts';
import { compileTopics } from '../../src/mqtt/topics.ts';
import { defineContract } from '../../src/core/define.ts';

describe('the topic of a foreign device', () => {
  test.each([
    ['zigbee2mqtt/{device}', 'zigbee2mqtt/+', 'zigbee2mqtt/a b', { device: 'a b' }],
    ['zigbee2mqtt/{device}', 'zigbee2mqtt/+', 'zigbee2mqtt/', { device: '' }],
    ['tele/tasmota_{id}/SENSOR', 'tele/+/SENSOR', 'tele/tasmota_A1/SENSOR', { id: 'A1' }],
    ['{a}-{b}/x', '+/x', 'one-two/x', { a: 'one', b: 'two' }],
    ['zigbee2mqtt/{+device}', 'zigbee2mqtt/#', 'zigbee2mqtt/a/b', { device: 'a/b' }],
    ['$SYS/broker/{name}', '$SYS/broker/+', '$SYS/broker/uptime', { name: 'uptime' }],
    ['/home//{x}/', '/home//+/', '/home//1/', { x: '1' }],
    ['a/+/{x}/#', 'a/+/+/#', 'a/b/c/d/e', { x: 'c' }],
    ['a/#', 'a/#', 'a', {}],
    ['$share/g/a/{x}', '$share/g/a/+', 'a/1', { x: '1' }],
    ['küche (1)/.*[{x}]', 'küche (1)/+', 'küche (1)/.*[7]', { x: '7' }],
  ])('%s', (topic, filter, given, params) => {
    const pattern = compilePattern(topic, 'test', true);
    expect(pattern.filter({})).toBe(filter);
    expect(pattern.match(given)).toEqual(params);
    expect(pattern.match(`${given}\n/more/than/that`.replace('a/b/c/d/e', 'b'))).toEqual(/#/.test(filter) ? pattern.match(`${given}\n/more/than/that`.replace('a/b/c/d/e', 'b')) : undefined); // prettier-ignore
  });

  test.each(['', 'a{', 'a}', '{}', '{a b}', 'a/{x}/{x}', 'a#', 'a/#/b', '+a', '\0', '\ud800', '{+x}/a', 'a{+x}', 'x'.repeat(70_000)])(
    '%j is refused',
    (topic) => {
      expect(() => compilePattern(topic, 'mqtt: events.x', true)).toThrow(/^mqtt: events\.x/);
    },
  );

  test('has no wildcards where something is published', () => {
    for (const topic of ['a/+', '#', 'a/#']) expect(() => compilePattern(topic, 'test', false)).toThrow('wildcard');
    expect(compilePattern('{+a}/set', 'test', false).fill({ a: 'x/y' })).toBe('x/y/set');
  });

  test('a value cannot become another level or a wildcard', () => {
    const pattern = compilePattern('cmnd/{device}/POWER', 'test', false);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (device) => {
        try {
          expect(pattern.fill({ device }).split('/')).toEqual(['cmnd', device, 'POWER']);
          expect(device).not.toMatch(/[+#/\0]/);
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
          expect(device === '' || /[+#/\0\p{Cs}]/u.test(device)).toBe(true);
        }
      }),
    );
  });

  test('what a filter subscribes to, its pattern matches, and nothing else', () => {
    const level = fc.constantFrom('a', 'b', '{x}', 'p{y}', '+');
    const topics = fc.array(fc.constantFrom('a', 'b', 'pa', ''), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.uniqueArray(level, { minLength: 1, maxLength: 4 }), topics, (levels, given) => {
        const pattern = compilePattern(levels.join('/'), 'test', true);
        const fits = levels.length === given.length && levels.every((each, at) => (each === '+' || each === '{x}' ? true : each === 'p{y}' ? given[at] === 'pa' : each === given[at])); // prettier-ignore
        expect(pattern.match(given.join('/')) !== undefined).toBe(fits);
        if (fits) expect(overlap(pattern.filter({}), given.join('/'))).toBe(true);
      }),
    );
  });
});

describe('two filters', () => {
  test.each([
    ['a/b', 'a/b', true],
    ['a/b', 'a/c', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a/b/c', false],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'b', false],
    ['+/b', 'a/+', true],
    ['#', 'a/b', true],
    ['a', 'a/b', false],
    ['a', 'a/#', true],
    ['a/b/c', 'a/+/#', true],
    ['', '', true],
    ['/a', '+/a', true],
    ['a/', 'a', false],
  ])('%j and %j: %s', (one, other, both) => {
    expect([overlap(one, other), overlap(other, one)]).toEqual([both, both]);
  });
});

describe('the reader of foreign messages', () => {
  const payload = z.object({ device: z.string(), value: z.number(), list: z.array(z.string()).optional() });
  const thing = event({ channel: 'things/{device}', payload });
  const contract = defineContract({ name: 'home', operations: {}, events: { thing } });
  const init = { topics: compileTopics(contract), maxMessageBytes: 10_000, onError: () => {}, makeId: () => 'id', origin: 'x' };
  const mapping = { topic: 'z/{device}' };
  const { context } = readContext({ gap: () => {}, end: () => {} });
  const decode = compileForeignDecoder(contract.events.thing, { mapping, pattern: compilePattern(mapping.topic, 'test', true), identifier: 1 }, init); // prettier-ignore
  const packet = { cmd: 'publish', retain: false, qos: 1, dup: false, topic: '', payload: '' } as const;

  test('gives an event that fits, nothing, or an error of ours: whatever comes', () => {
    const json = fc.json().map((text) => Buffer.from(text));
    const bytes = fc.uint8Array({ maxLength: 200 }).map((each) => Buffer.from(each));
    const near = fc
      .record({ value: fc.oneof(fc.double(), fc.string()), device: fc.anything(), __proto__: fc.anything() }, { requiredKeys: ['value'] })
      .map((each) => Buffer.from(JSON.stringify(each) ?? ''));
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.oneof(json, bytes, near), (device, message) => {
        try {
          const decoded = decode(`z/${device}`, message, packet, context);
          if (decoded === undefined) return;
          for (const { data } of decoded as readonly { data: { device: string } }[]) {
            expect(payload.safeParse(data).success).toBe(true);
            expect(data.device).toBe(device);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
          expect((error as ApiError).message).not.toMatch(/\p{Cc}/u);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('the text of a foreign device', () => {
  const textOf = (text: string) => new ReceivedMessage('t', {}, Buffer.from(text), { retain: false } as IPublishPacket).text;

  test('has no byte order mark, and no zeros at its end', () => {
    expect(['\ufeffon\0\0', 'on', '\0', '', 'a\0b\0'].map(textOf)).toEqual(['on', 'on', '', '', 'a\0b']);
  });

  test('is read at once, however many zeros are in it', () => {
    expect(textOf(`a${'\0'.repeat(1_000_000)}b`).length).toBe(1_000_002);
  });

  test('in a topic with several parameters in a level, too', () => {
    expect(compilePattern('home/{a}-{b}-{c}x', 'test', true).match(`home/${'-'.repeat(60_000)}`)).toBeUndefined();
  });
});
