import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isApiError } from '../../src/index.ts';
import { noMosquitto } from '../support/mqtt.ts';
import { noNginx } from '../support/nginx.ts';
import { until } from '../support/until.ts';
import { CALL_PROTOCOLS, clientAt, EVENT_PROTOCOLS, Hearing, type NotesClient, type ProtocolName } from './callers.ts';
import { engineMissing, type EngineName } from './engines.ts';
import { startFleet, type Address, type Fleet } from './fleet.ts';
import { isFull, tell, underLoad } from './load.ts';

const SIZE = 3;
/** How long a test may take, on a machine that others use too. */
const MOST_MS = isFull ? 900_000 : 180_000;
const ENGINES: readonly EngineName[] = ['redis', 'postgres'];

describe.each(ENGINES)('three processes on %s', (engine) => {
  const skipped = engineMissing[engine] ?? noMosquitto ?? noNginx;
  describe.skipIf(skipped)(skipped ?? 'behind a proxy', () => {
    let fleet: Fleet;
    let closeFleet: (() => Promise<void>) | undefined;
    const clients: NotesClient[] = [];
    beforeAll(async () => {
      fleet = await startFleet(engine, SIZE);
      closeFleet = fleet.close;
    }, MOST_MS);
    afterEach(async () => {
      await Promise.all(clients.splice(0).map((client) => client.close()));
    });
    afterAll(() => closeFleet?.());

    const open = (at: Address | undefined, name: ProtocolName) => {
      if (!at) throw new Error('there is no such process');
      const client = clientAt(at, name);
      clients.push(client);
      return client;
    };

    it(
      'hear once by each protocol what was written by each at another process',
      async () => {
        const room = 'pairs';
        const rounds = isFull ? 50 : 1;
        const hearings = await Promise.all(
          [fleet.proxy, ...fleet.addresses].flatMap((at, index) =>
            EVENT_PROTOCOLS.map((name) => Hearing.begin(`${name} at ${index}`, open(at, name), room)),
          ),
        );
        let n = 0;
        for (const at of [fleet.proxy, ...fleet.addresses])
          for (const name of CALL_PROTOCOLS) {
            const client = open(at, name);
            for (let round = 0; round < rounds; round++) await client.addNote({ room, n: n++ });
          }
        const all = Array.from({ length: n }, (_, index) => index);
        await until(
          () => hearings.every(({ times }) => times.size === n),
          () => hearings.map(({ name, times }) => `${name}: ${times.size} of ${n}`).join(),
        );
        expect(hearings.map((hearing) => [hearing.name, hearing.wrong(all), hearing.gaps])).toEqual(
          hearings.map(({ name }) => [name, { lost: [], twice: [] }, 0]),
        );
        tell(`${engine}: pairs`, { pairs: CALL_PROTOCOLS.length * EVENT_PROTOCOLS.length, notes: n, subscribers: hearings.length });
      },
      MOST_MS,
    );

    it(
      'let a subscriber go on at another process where it left off',
      async () => {
        const room = 'resume';
        const count = isFull ? 500 : 20;
        const writer = open(fleet.proxy, 'rest');
        // A broker replays nothing to a client that it does not know: on MQTT another process goes on to publish.
        const protocols = EVENT_PROTOCOLS.filter((name) => name !== 'mqtt');
        const first = await Promise.all(protocols.map((name) => Hearing.begin(name, open(fleet.addresses[0], name), room)));
        for (let n = 0; n < count; n++) await writer.addNote({ room, n });
        await until(() => first.every(({ times }) => times.size === count), 'all are heard');
        for (let n = count; n < 2 * count; n++) await writer.addNote({ room, n });
        const resumed = await Promise.all(
          protocols.map((name, index) =>
            Hearing.begin(name, open(fleet.addresses[1 + (index % 2)], name), room, first[index]?.ids[count / 2]),
          ),
        );
        const missed = Array.from({ length: 2 * count - count / 2 - 1 }, (_, index) => count / 2 + 1 + index);
        await until(() => resumed.every(({ times }) => times.size >= missed.length), 'what was missed is heard');
        for (const { name, times, gaps } of resumed) expect([name, [...times.keys()], gaps]).toEqual([name, missed, 0]);
        tell(`${engine}: resume`, { protocols: protocols.join(), missed: missed.length });
      },
      MOST_MS,
    );

    it(
      'run a call once if each gets it at the same time with one key',
      async () => {
        const room = 'keys';
        const rounds = isFull ? 100 : 2;
        const hearing = await Hearing.begin('rest', open(fleet.proxy, 'rest'), room);
        let n = 0;
        for (const name of CALL_PROTOCOLS) {
          const at = fleet.addresses.map((address) => open(address, name));
          for (let round = 0; round < rounds; round++, n++) {
            const note = { room, n, waitMs: 10 };
            const runs = await Promise.all(at.map((client) => untilDone(() => client.addNote(note, { idempotencyKey: `key-${n}` }))));
            expect(new Set(runs.map(({ run }) => run)).size).toBe(1);
          }
        }
        await until(() => hearing.times.size === n, 'all are heard');
        expect(hearing.wrong([])).toEqual({ lost: [], twice: [] });
        tell(`${engine}: one key at ${SIZE} processes`, { keys: n });
      },
      MOST_MS,
    );

    const load = { notes: isFull ? 600 : 10, inFlight: isFull ? 3 : 1, isRetried: false };

    it(
      'lose nothing that was acknowledged when one is killed',
      async () => {
        const result = await underLoad(fleet.proxy, { ...load, room: 'kill' }, async () => {
          for (let index = 0; index < (isFull ? SIZE : 1); index++) {
            await pause();
            await fleet.kill(index);
            await pause();
            await fleet.start(index);
          }
        });
        tell(`${engine}: kill -9 of processes`, { ...result, acknowledged: result.acknowledged.length });
        expect(result).toMatchObject({ lost: 0, twice: 0, gaps: 0, complaints: [] });
      },
      MOST_MS,
    );

    it(
      'lose nothing that was acknowledged when the engine is killed',
      async () => {
        const result = await underLoad(fleet.proxy, { ...load, room: 'engine' }, async () => {
          for (let round = 0; round < (isFull ? 5 : 1); round++) {
            await pause();
            await fleet.engine.kill();
            await pause();
            await fleet.engine.start();
            await pause();
          }
        });
        tell(`${engine}: kill -9 of the engine`, { ...result, acknowledged: result.acknowledged.length });
        expect(result).toMatchObject({ lost: 0, twice: 0, gaps: 0, complaints: [] });
      },
      MOST_MS,
    );

    it(
      'lose nothing and fail no call while all are restarted one after the other',
      async () => {
        const result = await underLoad(fleet.proxy, { ...load, isRetried: true, room: 'rolling' }, async () => {
          for (let index = 0; index < (isFull ? SIZE : 1); index++) {
            await pause();
            expect(await fleet.stop(index)).toBe(0);
            await fleet.start(index);
          }
        });
        tell(`${engine}: rolling restart`, { ...result, acknowledged: result.acknowledged.length });
        expect(result).toMatchObject({ failed: {}, lost: 0, twice: 0, gaps: 0, complaints: [] });
      },
      MOST_MS,
    );
  });
});

const pause = () => new Promise((resolve) => setTimeout(resolve, isFull ? 1000 : 150));

/** A call whose key another one holds is told to try again. */
async function untilDone<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isApiError(error) || error.code !== 'ABORTED') throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
