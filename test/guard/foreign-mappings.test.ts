/** Mistakes in mappings of foreign APIs are told when the client is made, in the same words by all protocols. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { graphql } from '../../src/graphql/client.ts';
import { grpc } from '../../src/grpc/client.ts';
import { createClient, defineContract, event, query } from '../../src/index.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { rest } from '../../src/rest/client.ts';
import { soap } from '../../src/soap/client.ts';
import { webhook } from '../../src/webhook/client.ts';
import { webSocket } from '../../src/websocket/client.ts';

const contract = defineContract({
  name: 'shop',
  operations: { get: query({ input: z.object({ id: z.int32() }), output: z.object({ a: z.string() }) }) },
  events: { tick: event({ channel: 'ticks', payload: z.object({ n: z.int32() }) }) },
});
const definition = `syntax = "proto3"; package p; service S { rpc Get(Q) returns (A); rpc Tick(Q) returns (stream A); }
message Q { int32 id = 1; } message A { string a = 1; int32 n = 2; }`;
const url = 'http://127.0.0.1:9';
const broker = { url: 'mqtt://127.0.0.1:9' };
const secret = `whsec_${Buffer.alloc(32).toString('base64')}`;

/** Each protocol with one operation or event, whose mapping is given. */
const OPERATIONS = {
  rest: (operations: object) => rest({ url, operations } as never),
  graphql: (operations: object) => graphql({ url, operations } as never),
  webSocket: (operations: object) => webSocket({ url, operations } as never),
  soap: (operations: object) => soap({ wsdl: url, operations } as never),
  grpc: (operations: object) => grpc({ url, definition, operations } as never),
  mqtt: (operations: object) => mqtt({ ...broker, operations } as never),
};
const EVENTS = {
  graphql: (events: object) => graphql({ url, events } as never),
  webSocket: (events: object) => webSocket({ url, events } as never),
  'webSocket of a channel': (events: object) => webSocket({ url, protocol: 'channel', events } as never),
  grpc: (events: object) => grpc({ url, definition, operations: { get: 'p.S/Get' }, events } as never),
  mqtt: (events: object) => mqtt({ ...broker, events } as never),
  webhook: (events: object) => webhook({ secret, events } as never),
};
/** What the mapping itself needs. */
const RIGHT = { http: 'GET /a', document: '{ a }', method: 'p.S/Get', topic: 'a', notification: 'a' };
const OWN: Readonly<Record<string, readonly (keyof typeof RIGHT)[]>> = {
  rest: ['http'],
  graphql: ['document'],
  webSocket: ['method'],
  grpc: ['method'],
  mqtt: ['topic'],
};
const mapped = (protocol: string, more: object) => ({
  ...Object.fromEntries((OWN[protocol] ?? []).map((name) => [name, RIGHT[name]])),
  ...more,
});
const made = (adapter: unknown) => () => createClient({ contract, transport: adapter as never });

describe.each(Object.entries(OPERATIONS))('operations of %s', (protocol, make) => {
  it('are those of the contract', () => {
    expect(made(make({ gett: mapped(protocol, {}) }))).toThrow(
      new TypeError(`${protocol}: operations.gett: the contract has no operation 'gett', do you mean 'get'?`),
    );
    expect(made(make({ nope: mapped(protocol, {}) }))).toThrow("the contract has no operation 'nope': it has get");
  });

  it('have hooks that can be called', () => {
    expect(made(make({ get: mapped(protocol, { input: 'x' }) }))).toThrow(
      new TypeError(`${protocol}: operations.get: input must be a function, not "x"`),
    );
  });
});

describe.each(Object.entries(EVENTS))('events of %s', (protocol, make) => {
  it('are those of the contract', () => {
    expect(made(make({ tock: {} }))).toThrow("events.tock: the contract has no event 'tock'");
  });

  it('have hooks that can be called', () => {
    const right = { graphql: 'document', webSocket: 'notification', grpc: 'method', mqtt: 'topic' }[protocol];
    expect(made(make({ tick: { ...(right !== undefined && { [right]: 'p.S/Tick' }), read: 5 } }))).toThrow(
      'events.tick: read must be a function, not 5',
    );
  });
});

describe('a mapping without the text that names the foreign side', () => {
  it.each([
    ['graphql', OPERATIONS.graphql({ get: {} }), 'graphql: operations.get: document must be text that is not empty, not undefined'],
    ['graphql, empty', OPERATIONS.graphql({ get: ' ' }), 'graphql: operations.get: document must be text that is not empty, not " "'],
    ['webSocket, an event', EVENTS.webSocket({ tick: {} }), 'webSocket: events.tick: notification must be text'],
    ['grpc', OPERATIONS.grpc({ get: {} }), 'grpc: operations.get: method must be text that is not empty, not undefined'],
  ])('is refused by %s', (_, adapter, message) => {
    expect(made(adapter)).toThrow(TypeError);
    expect(made(adapter)).toThrow(message);
  });
});
