import { afterAll, describe, expect, it } from 'vitest';
import { blogContract } from '../../src/blog/contract.ts';
import type { graphql } from '../../src/graphql/client.ts';
import type { connect } from '../../src/grpc/connect/client.ts';
import type { mqtt } from '../../src/mqtt/client.ts';
import type { rest } from '../../src/rest/client.ts';
import type { webSocket } from '../../src/websocket/client.ts';
import { loadAsPage } from '../support/page-bundle.ts';

interface Page {
  readonly connect: typeof connect;
  readonly graphql: typeof graphql;
  readonly mqtt: typeof mqtt;
  readonly rest: typeof rest;
  readonly webSocket: typeof webSocket;
}

const { module: page, remove } = await loadAsPage<Page>(
  ['rest', 'graphql', 'websocket', 'mqtt', 'grpc/connect'].map((name) => `export * from './src/${name}/client.ts';`).join('\n'),
);
afterAll(remove);

const url = 'http://localhost:1';
const tls = { servername: 'localhost' };
const taken = { ...blogContract, operations: { status: { ...blogContract.operations.getUser, name: 'status' } } };

/** A page loads what sends after the client was made. */
describe('in a page, a mistake in the options is a TypeError when the client is made', () => {
  it.each([
    ['rest: tls', () => page.rest({ url, tls }), 'need Node'],
    ['graphql: tls', () => page.graphql({ url, tls }), 'need Node'],
    ['connect: tls', () => page.connect({ url, tls }), 'need Node'],
    ['webSocket: tls', () => page.webSocket({ url, tls }), 'need Node'],
    ['rest: a number', () => page.rest({ url, maxResponseBytes: NaN }), 'maxResponseBytes must be'],
    [
      'graphql: a carrier',
      () =>
        page.graphql({ url, queryMethod: 'GET', carrier: { rawRequest: () => Promise.resolve({ status: 200, headers: new Headers() }) } }),
      "a 'carrier'",
    ],
    ['mqtt: the url', () => page.mqtt({ url }), 'must begin with mqtt://'],
    ['mqtt: the prefix', () => page.mqtt({ url: 'ws://localhost:1', topicPrefix: '#' })(blogContract), 'must look like'],
    ['mqtt: a name', () => page.mqtt({ url: 'ws://localhost:1' })(taken), "the operation 'status'"],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });
});
