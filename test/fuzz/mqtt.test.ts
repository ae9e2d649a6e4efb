/** Messages that were valid and are spoiled, to each end of MQTT: a request is answered or reported, a call ends, an event is heard or reported. */
import type { Socket } from 'node:net';
import mqttjs, { type IClientPublishOptions, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, ERROR_CODES, isApiError } from '../../src/core.ts';
import { mqtt, type MqttOptions } from '../../src/mqtt/client.ts';
import { mqttBroker, serveMqtt, type ServedMqtt } from '../../src/mqtt/server.ts';
import { Dice, each, figures, FUZZ_TIMEOUT, inTime, runs, spoil, tellsNothingInternal } from '../support/fuzz.ts';
import { fuzzContract, fuzzService } from '../support/fuzz-service.ts';
import { noMosquitto, startMosquitto } from '../support/mqtt.ts';

const RUNS = runs(200);

const ECHO = { id: 7, big: '9007199254740993', text: 'Ü', at: '2024-01-15T09:30:00Z', data: 'AQL/', color: 'red', maybe: null, list: [[1, 2.5], []], counts: { a: 1 }, shape: { kind: 'line', ends: [{ x: 0, y: -1 }] }, any: { deep: [null, 'x'] } }; // prettier-ignore
const FOUND = { id: 1, word: 'w', tags: ['x', 'Ü'], limit: 3 };
const SAID = { room: 'r', n: 1, text: 't' };
const REQUESTS: readonly (readonly [name: string, input: unknown])[] = [
  ['echo', ECHO],
  ['find', { id: 1, word: 'w', tags: ['x'] }],
  ['grow', { tree: { label: 'a', children: [{ label: 'b', children: [] }] } }],
  ['nothing', undefined],
  ['say', SAID],
  ['constructor', {}],
];
const EVENT = JSON.stringify(SAID);
const CLOUD_EVENT = JSON.stringify({ specversion: '1.0', id: 'ID', source: '/x', type: 'said', time: '2024-01-01T00:00:00Z', datacontenttype: 'application/json', data: SAID }); // prettier-ignore

/** Texts that a broker takes as properties. */
const plain = (dice: Dice) => dice.text(20).replace(/[^ -~\u00e9\u{1f600}]/gu, '');
function spoiledProperties(dice: Dice): NonNullable<IClientPublishOptions['properties']> {
  if (!dice.chance(0.3)) return {};
  const names = ['x-timeout-ms', 'x-request-id', 'idempotency-key', 'code', 'time', 'after', 'publisher', 'traceparent', 'toString', 'retry-after-ms', plain(dice)]; // prettier-ignore
  return {
    // mqtt.js writes a broken packet if there are none.
    userProperties: Object.fromEntries([
      ['x-any', 'x'],
      ...dice.list(
        3,
        () =>
          [
            dice.pick(names) || 'x',
            dice.pick<string | string[]>([plain(dice), '1', '-1', 'NOT_FOUND', '9'.repeat(30), ['a', 'b']]),
          ] as const,
      ),
    ]),
    ...(dice.chance(0.3) && { contentType: dice.pick(['application/json', 'application/cloudevents+json', 'text/plain', plain(dice)]) }),
    ...(dice.chance(0.2) && { messageExpiryInterval: dice.pick([60, 4294967295]) }),
  };
}

/** What is sent is not waited for: its effect is. */
const sender = (client: () => MqttClient) => (topic: string, payload: string | Buffer, options: IClientPublishOptions) =>
  void client()
    .publishAsync(topic, payload, options)
    .catch(() => {});

function suite(version: 4 | 5, start: () => Promise<{ readonly url: string; close(): Promise<void> }>): void {
  const { service, reported, onError } = fuzzService();
  let broker: Awaited<ReturnType<typeof start>>;
  let served: ServedMqtt;
  let peer: MqttClient;
  let far: MqttClient;
  const open: (() => Promise<unknown>)[] = [];
  const send = sender(() => peer);
  let onMessage: (topic: string, payload: Buffer, correlation: Buffer | undefined) => void = () => {};
  let asked: (topic: string, payload: Buffer, options: { responseTopic?: string | undefined; correlationData?: Buffer | undefined }) => void = () => {}; // prettier-ignore

  beforeAll(async () => {
    broker = await start();
    served = await serveMqtt(service, { url: broker.url, version, onError });
    const connect = () => mqttjs.connectAsync(broker.url, { protocolVersion: version, reconnectPeriod: 0 });
    [peer, far] = [await connect(), await connect()];
    for (const { stream } of [peer, far]) (stream as Socket).setNoDelay(true);
    await peer.subscribeAsync(version === 5 ? { '#': { qos: 1, nl: true } } : { '#': { qos: 1 } });
    peer.on('message', (topic, payload, { properties }) => onMessage(topic, payload, properties?.correlationData));
    await far.subscribeAsync('far/v1/+', { qos: 1 });
    far.on('message', (topic, payload, { properties = {} }) => asked(topic, payload, properties));
  });
  afterAll(async () => {
    for (const close of open) await close();
    await served.close();
    await peer.endAsync(true);
    await far.endAsync(true);
    await broker.close();
    await service.close();
  });

  it('a request is answered or reported', FUZZ_TIMEOUT, async () => {
    const counts: Record<string, number> = {};
    let replies: string[] = [];
    let changed = () => {};
    onMessage = (topic, payload, correlation) => {
      const isOurs = /^fuzz\/v1\/(?!replies)/.test(topic) || topic.startsWith('rooms/') || topic.startsWith('multi-api-sdk/');
      // What this peer published itself comes too, in 3.1.1.
      if (isOurs) return;
      replies.push(version === 5 ? `${String(correlation)} ${payload.toString()}` : payload.toString());
      changed();
    };
    await each(RUNS, 1, async (n) => {
      const dice = new Dice(n);
      replies = [];
      reported.length = 0;
      const valid = REQUESTS.map(([name, input]) => [name, version === 5 ? (input === undefined ? '' : JSON.stringify(input)) : JSON.stringify({ replyTo: 'mine/replies', id: n, input, headers: { 'x-request-id': 'r', 'x-timeout-ms': '5000' } })] as const); // prettier-ignore
      const [name, text] = dice.pick(valid);
      const payload = spoil(dice, [text, ...valid.map(([, each]) => each)]);
      const shown = () => `${name} ${payload.toString('latin1').slice(0, 1500)}`;
      const properties = version === 5 ? { responseTopic: 'mine/replies', correlationData: Buffer.from(`call ${n}`), ...spoiledProperties(dice) } : undefined; // prettier-ignore
      send(`fuzz/v1/${name}`, payload, { qos: 1, ...(properties && { properties }) });
      const end =
        version === 5
          ? JSON.stringify({ id: 1, word: 'end' })
          : JSON.stringify({ replyTo: 'mine/replies', id: 'end', input: { id: 1, word: 'end' } });
      send('fuzz/v1/find', end, { qos: 1, ...(properties && { properties: { responseTopic: 'mine/replies', correlationData: Buffer.from('end') } }) }); // prettier-ignore
      const isEnd = (each: string) => (version === 5 ? each.startsWith('end ') : each.includes('"id":"end"'));
      await inTime(
        (async () => {
          while (!replies.some(isEnd) || (replies.every(isEnd) && reported.length === 0))
            await new Promise<void>((resolve) => (changed = resolve));
        })(),
        shown,
      );
      try {
        for (const reply of replies) {
          tellsNothingInternal(reply);
          expect(reply).not.toMatch(/internal error|"code":"INTERNAL"/);
        }
        for (const error of reported) expect(isApiError(error) && error.code === 'INVALID_ARGUMENT', String(error)).toBe(true);
      } catch (error) {
        throw new Error(`${(error as Error).message} for ${shown()}`, { cause: error });
      }
      const how = replies.every(isEnd) ? 'reported' : 'answered';
      counts[how] = (counts[how] ?? 0) + 1;
    });
    onMessage = () => {};
    reported.length = 0;
    figures(`MQTT ${version}, requests`, counts);
  });

  it('a call has an output of the contract or an ApiError', FUZZ_TIMEOUT, async () => {
    const counts: Record<string, number> = {};
    const farContract = { ...fuzzContract, name: 'far' };
    const reports: unknown[] = [];
    const client = createClient({ contract: farContract, transport: mqtt({ url: broker.url, version, onError: (error) => void reports.push(error) }), timeoutMs: 15_000 }); // prettier-ignore
    open.push(() => client.close());
    asked = (topic, payload, { responseTopic = '', correlationData }) => {
      if (topic !== 'far/v1/find') return;
      const envelope = JSON.parse(payload.toString()) as { replyTo?: string; id: string; input?: { id: number } };
      const n = version === 5 ? (envelope as unknown as { id: number }).id : (envelope.input?.id ?? 0);
      const dice = new Dice(n);
      const { id } = envelope;
      const replyTo = envelope.replyTo ?? responseTopic;
      const error = { code: 'NOT_FOUND', message: 'no', details: { a: [1] }, requestId: 'r', retryAfterMs: 5 };
      const valid =
        version === 5
          ? [FOUND, error]
          : [
              { id, output: FOUND, headers: { etag: '"a"' } },
              { id, error },
            ];
      const reply = (body: string | Buffer, more: NonNullable<IClientPublishOptions['properties']>) =>
        sender(() => far)(replyTo, body, {
          qos: 1,
          ...(version === 5 && { properties: { ...(correlationData && { correlationData }), ...more } }),
        });
      reply(spoil(dice, valid.map((each) => JSON.stringify(each))), spoiledProperties(dice)); // prettier-ignore
      reply(JSON.stringify(valid[0]), {});
    };
    await each(RUNS, 4, async (n) => {
      try {
        const output = await inTime(client.find({ id: n, word: 'w' }), () => `the replies to call ${n}`);
        fuzzContract.operations.find.output?.parse(output);
        counts['outputs'] = (counts['outputs'] ?? 0) + 1;
      } catch (error) {
        if (!isApiError(error)) throw error;
        expect(ERROR_CODES).toContain(error.code);
        expect(error.code).not.toBe('DEADLINE_EXCEEDED');
        JSON.stringify(error);
        counts[error.code] = (counts[error.code] ?? 0) + 1;
      }
    });
    asked = () => {};
    figures(`MQTT ${version}, replies`, counts);
  });

  const listeners: readonly { readonly name: string; readonly options: Partial<MqttOptions>; readonly topic: (dice: Dice) => string; readonly valid: readonly string[]; readonly end: (n: number) => string }[] = [
    { name: 'an event of ours', options: {}, topic: (dice) => `rooms/${dice.pick(['r', 'r', 'r', 'other', '%00', 'a%2Fb', ''])}`, valid: [EVENT, CLOUD_EVENT], end: (n) => JSON.stringify({ ...SAID, n, room: 'r' }) },
    { name: 'a message of a device', options: { events: { said: { topic: 'zigbee2mqtt/{room}' } } }, topic: (dice) => `zigbee2mqtt/${dice.pick(['r', 'living room', 'ä%', '__proto__', ''])}`, valid: ['{"n":1,"text":"t","linkquality":80}', '{"n":1,"text":"t","room":{"a":1}}'], end: (n) => JSON.stringify({ n, text: 'end' }) },
    { name: 'a text of a device', options: { events: { said: { topic: 'tele/{room}', read: ({ text }) => ({ n: Number(text.split(' ')[0]), text }) } } }, topic: () => 'tele/r', valid: ['21.5 C', 'ON', '7 x'], end: (n) => `${n} end` },
  ]; // prettier-ignore

  it.each(listeners)('$name is heard or reported', FUZZ_TIMEOUT, async ({ name, options, topic, valid, end }) => {
    const counts = { heard: 0, reported: 0, empty: 0 };
    const reports: unknown[] = [];
    let heard = 0;
    let last = -1;
    let wake = () => {};
    const hear = (n: number) => {
      heard++;
      last = n;
      wake();
    };
    const client = createClient({ contract: fuzzContract, transport: mqtt({ url: broker.url, version, onError: (error) => void reports.push(error), ...options }), onError: (error) => void reports.push(error) }); // prettier-ignore
    open.push(() => client.close());
    let isOver = false;
    await client.onSaid(({ n }) => hear(n), { onError: () => ((isOver = true), wake()) });
    await each(RUNS, 1, async (n) => {
      const dice = new Dice(n);
      [heard, reports.length] = [0, 0];
      const payload = spoil(
        dice,
        valid.map((each) => each.replace('ID', `c-${n}`)),
      );
      const to = topic(dice);
      const shown = () => `${to} ${payload.toString('latin1').slice(0, 1500)}`;
      send(to, payload, { qos: 1, ...(version === 5 && { properties: spoiledProperties(dice) }) });
      send(name === 'an event of ours' ? 'rooms/r' : topic({ pick: () => 'r' } as unknown as Dice), end(1_000_000 + n), {
        qos: 1,
      });
      await inTime(
        (async () => {
          while (last !== 1_000_000 + n && !isOver) await new Promise<void>((resolve) => (wake = resolve));
        })(),
        shown,
      );
      expect(isOver, shown()).toBe(false);
      for (const error of reports) expect(isApiError(error) || error instanceof Error, String(error)).toBe(true);
      for (const error of reports) expect(error, String(error)).not.toBeInstanceOf(TypeError);
      if (heard > 1) counts.heard++;
      else if (reports.length > 0) counts.reported++;
      // An empty message clears what was retained.
      else if (payload.length === 0) counts.empty++;
      else throw new Error(`neither heard nor reported: ${shown()}`);
    });
    figures(`MQTT ${version}, ${name}`, counts);
  });
}

const why = noMosquitto === undefined ? '' : ` (skipped: ${noMosquitto})`;
describe('MQTT 3.1.1 over the embedded broker', () => suite(4, () => mqttBroker({ port: 0, open: true })));
describe.skipIf(noMosquitto !== undefined)(`MQTT 5 over Mosquitto${why}`, () => suite(5, () => startMosquitto(['set_tcp_nodelay true'])));
