/** A loop that is slower than its handler: however many items a stream has, few of them are on their way. */
import { describe, expect, it } from 'vitest';
import { createConformanceService } from '../../src/conformance/service.ts';
import { conformanceContract, type ConformanceTarget } from '../../src/conformance/index.ts';
import { createClient } from '../../src/index.ts';
import { target as connect } from '../protocols/connect.ts';
import { target as graphqlSse } from '../protocols/graphql-sse.ts';
import { target as graphql } from '../protocols/graphql.ts';
import { target as grpcWeb } from '../protocols/grpc-web.ts';
import { target as grpc } from '../protocols/grpc.ts';
import { target as mosquitto } from '../protocols/mqtt-mosquitto.ts';
import { target as mqtt } from '../protocols/mqtt.ts';
import { target as rest } from '../protocols/rest.ts';
import { target as websocket } from '../protocols/websocket.ts';
import { noMosquitto } from '../support/mqtt.ts';

const ITEMS = 10_000;
const ITEM_BYTES = 10_000;
/** The sockets of both ends hold some megabytes. */
const HELD_BY_SOCKETS = 2000;
/** Credits of one stream, and those that were granted again in the meantime. */
const CREDITS = 64;

const wires: readonly (readonly [target: ConformanceTarget, most: number])[] = [
  [rest, HELD_BY_SOCKETS],
  [graphql, HELD_BY_SOCKETS],
  [graphqlSse, HELD_BY_SOCKETS],
  [grpc, HELD_BY_SOCKETS],
  [grpcWeb, HELD_BY_SOCKETS],
  [connect, HELD_BY_SOCKETS],
  [websocket, CREDITS + 1],
  [mqtt, CREDITS + 1],
  ...(noMosquitto === undefined ? [[mosquitto, CREDITS + 1] as const] : []),
];

describe('10,000 items for a slow loop', () => {
  it.each(wires.map(([target, most]) => ({ name: target.name, target, most })))(
    'are never all on their way over $name',
    async ({ target, most }) => {
      const { service, probe } = createConformanceService();
      const opened = await target.open(service, { onError: () => {} });
      const client = createClient({ contract: conformanceContract, transport: opened.transport as typeof service });
      let taken = 0;
      let ahead = 0;
      for await (const item of client.flow({ id: 'a', size: ITEM_BYTES })) {
        expect(Number.parseInt(item, 10)).toBe(++taken);
        ahead = Math.max(ahead, (probe.flows.get('a')?.made ?? 0) - taken);
        if (taken === ITEMS) break;
        // Others run before the next one is taken.
        if (taken % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      expect(ahead).toBeLessThanOrEqual(most);
      await client.close();
      await opened.close();
      await service.close();
    },
    60_000,
  );
});
