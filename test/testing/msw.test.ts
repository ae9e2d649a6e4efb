/** The service behind the interception of msw: what the conformance cases say of each protocol, as far as msw can carry it. */
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { WebSocket as UndiciSocket } from 'undici';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { blogContract } from '../../src/blog/index.ts';
import { conformanceCases, type ConformanceTarget } from '../../src/conformance/index.ts';
import type { Adapter } from '../../src/core/transport.ts';
import { connect } from '../../src/grpc/connect/client.ts';
import { graphql } from '../../src/graphql/client.ts';
import { createClient } from '../../src/index.ts';
import { mcp } from '../../src/mcp/client.ts';
import type { HeadersOption } from '../../src/peer/headers.ts';
import { rest } from '../../src/rest/client.ts';
import { soap } from '../../src/soap/client.ts';
import type { WebSocketConstructor } from '../../src/socket/client/like.ts';
import { mswHandlers } from '../../src/testing/msw/index.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { target as connectTarget } from '../protocols/connect.ts';
import { target as graphqlTarget } from '../protocols/graphql.ts';
import { target as mcpTarget } from '../protocols/mcp.ts';
import { target as soapTarget } from '../protocols/soap.ts';
import { testCases } from '../support/conformance.ts';

// Node 20 has no WebSocket of its own for msw to take the place of.
const platform = globalThis as { WebSocket?: unknown };
const native = platform.WebSocket;
platform.WebSocket ??= UndiciSocket;
const server = setupServer();
beforeAll(() => server.listen({ onUnhandledRequest: 'bypass' }));
afterAll(() => {
  server.close();
  platform.WebSocket = native;
});

let opened = 0;
/** The class that msw has put in the place of the platform's. */
const socketClass = () => platform.WebSocket as WebSocketConstructor;

interface Options {
  readonly headers?: HeadersOption;
}

function intercepted(
  name: string,
  like: Pick<ConformanceTarget, 'can' | 'skips'>,
  connect: (url: string, options: Options, maxBytes: number | undefined) => Adapter<never>,
): ConformanceTarget {
  return {
    ...(like.can && { can: like.can }),
    ...(like.skips && { skips: like.skips }),
    name: `${name} behind msw`,
    async open(transport, { headers, maxMessageBytes, onError }) {
      const url = `http://case${++opened}.example/base`;
      server.use(...mswHandlers(transport.contract, { url, service: transport, onError }));
      const options = headers === undefined ? {} : { headers };
      return { transport: connect(url, options, maxMessageBytes), close: async () => server.resetHandlers() };
    },
  };
}

/** Only what is given: the limits of adapters take no `undefined`. */
function defined<T extends Readonly<Record<string, number | undefined>>>(limits: T): { readonly [K in keyof T]?: number } {
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== undefined)) as { readonly [K in keyof T]?: number };
}

const targets: readonly ConformanceTarget[] = [
  intercepted('rest', {}, (url, options, maxResponseBytes) => rest({ url, ...options, ...defined({ maxResponseBytes }) })),
  intercepted('graphql', graphqlTarget, (url, options, maxMessageBytes) =>
    graphql({ url: `${url}/graphql`, subscriptions: 'sse', ...options, ...defined({ maxMessageBytes }) }),
  ),
  intercepted('graphql over sockets', graphqlTarget, (url, options, maxMessageBytes) =>
    graphql({ url: `${url}/graphql`, WebSocket: socketClass(), ...options, ...defined({ maxMessageBytes }) }),
  ),
  intercepted('soap', soapTarget, (url, options) => soap({ url: `${url}/soap`, ...options })),
  intercepted('websocket', {}, (url, options, maxMessageBytes) =>
    webSocket({ url: `${url}/ws`, WebSocket: socketClass(), ...options, ...defined({ maxMessageBytes }) }),
  ),
  intercepted('connect', connectTarget, (url, options, maxResponseBytes) => connect({ url, ...options, ...defined({ maxResponseBytes }) })),
  intercepted('mcp', mcpTarget, (url, options) => mcp({ url: `${url}/mcp`, ...options })),
];

describe.each(targets)('$name', (target) => testCases(target, conformanceCases));

describe('mswHandlers', () => {
  it('answers from the schemas if no service is given', async () => {
    server.use(...mswHandlers(blogContract, { url: 'https://api.example.com/v1' }));
    onTestFinished(() => server.resetHandlers());
    const client = createClient({ contract: blogContract, transport: rest({ url: 'https://api.example.com/v1' }) });
    expect((await client.getUser({ id: 7 })).id).toBe(7);
    await client.close();
  });

  it('leaves what is not its own to other handlers', async () => {
    server.use(...mswHandlers(blogContract, { url: 'https://api.example.com', protocols: ['graphql'] }));
    server.use(http.get('https://api.example.com/other', () => HttpResponse.text('other')));
    onTestFinished(() => server.resetHandlers());
    expect(await (await fetch('https://api.example.com/other')).text()).toBe('other');
  });

  it('refuses an address or a protocol that it does not know', () => {
    expect(() => mswHandlers(blogContract, { url: '/api' })).toThrow(/'url' is the address of the API/);
    expect(() => mswHandlers(blogContract, { url: 'http://a.example', protocols: ['mqtt' as never] })).toThrow(/'mqtt' is not among/);
  });
});
