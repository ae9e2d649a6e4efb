import { http, ws, type RequestHandler, type WebSocketHandler } from 'msw';
import type { Contract, Operation } from '../../core/contract.ts';
import { readOptions } from '../../core/options.ts';
import type { Transport } from '../../core/transport.ts';
import { graphqlHandler } from '../../graphql/server.ts';
import { connectHandler } from '../../grpc/connect/server.ts';
import { fetchHandler } from '../../http/fetch/handler.ts';
import type { HttpHandler } from '../../http/message/message.ts';
import { composeHandlers } from '../../http/serve/compose.ts';
import { reporter } from '../../life/report.ts';
import { mcpHandler } from '../../mcp/server.ts';
import { restHandler } from '../../rest/server.ts';
import { soapHandler } from '../../soap/server.ts';
import type { Attachable } from '../../socket/attachable.ts';
import { webSocketHandler } from '../../websocket/server.ts';
import { mockService } from '../mock/mock-service.ts';
import { MemorySockets } from './sockets.ts';
import { isPromiseLike } from '../../life/maybe.ts';

/** The protocols that `msw` can carry. */
export type MswProtocol = 'rest' | 'graphql' | 'websocket' | 'soap' | 'connect' | 'mcp';

/** Handlers for `setupServer` and `setupWorker`. */
export type MswHandler = RequestHandler | WebSocketHandler;

/** Options of `mswHandlers`. */
export interface MswOptions {
  /** The URL that the program under test calls: `https://api.example.com/v1`. */
  readonly url: string;
  /** The transport that answers. @default mockService(contract) */
  readonly service?: Transport | undefined;
  /** The protocols that are intercepted. Without `rest`, other requests go on to the next handler. With it they get 404. @default all of them */
  readonly protocols?: readonly MswProtocol[] | undefined;
  /** Gets failures that callers see as INTERNAL. @default console.error */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const HTTP: Readonly<Record<Exclude<MswProtocol, 'websocket'>, (service: Transport, options: HandlerOptions) => HttpHandler>> = {
  rest: (service, options) => restHandler(service, options),
  graphql: (service, { onError }) => graphqlHandler(service, { onError }),
  soap: (service, options) => soapHandler(service, options),
  connect: (service, { onError }) => connectHandler(service, { onError }),
  mcp: (service, options) => mcpHandler(service, options),
};
/** REST is asked last: it answers every path of its own, and says of others what there is. */
const PROTOCOLS = ['graphql', 'soap', 'connect', 'mcp', 'rest', 'websocket'] as const;
/** Without operations there is nothing to describe for these, and SOAP carries no streams. */
const NEEDS: Readonly<Partial<Record<MswProtocol, (operation: Operation) => boolean>>> = {
  soap: ({ item }) => !item,
  mcp: () => true,
  connect: () => true,
};

interface HandlerOptions {
  readonly publicUrl: string;
  readonly onError: (error: unknown) => void;
}

/**
 * Handlers for `msw` that answer as the service does, with the handlers that serve it elsewhere: REST with its event streams, GraphQL, SOAP, Connect
 * and MCP, and over WebSocket JSON-RPC, plain channels and GraphQL's subscriptions. WebSockets need Node.
 * @throws TypeError for an address that is not one, and for an unknown protocol
 * @example const server = setupServer(...mswHandlers(contract, { url: 'https://api.example.com' }));
 */
export function mswHandlers(contract: Contract, options: MswOptions): readonly MswHandler[] {
  const read = readOptions('mswHandlers', options, {}, ['url', 'service', 'protocols', 'onError']);
  const { origin, pathname } = addressOf(read.url);
  const base = pathname.replace(/\/+$/, '');
  const operations = Object.values(contract.operations);
  const wanted = wantedOf(read.protocols).filter((name) => {
    const need = NEEDS[name];
    return !need || operations.some(need);
  });
  const service = read.service ?? mockService(contract);
  const onError = reporter(read.onError);
  const attachables: Attachable[] = wanted.includes('websocket') ? [webSocketHandler(service, { onError })] : [];
  const made = PROTOCOLS.flatMap((name) => {
    if (name === 'websocket' || !wanted.includes(name)) return [];
    const handler = HTTP[name](service, { publicUrl: origin + base, onError });
    if (name === 'graphql') attachables.push(handler as HttpHandler & Attachable);
    return [handler];
  });
  const answer = answerOf(composeHandlers(...made), base, wanted.includes('rest'), onError);
  const handlers: MswHandler[] = [];
  if (made.length > 0) handlers.push(http.all(`${origin}${base}/*`, ({ request }) => answer(request)));
  if (attachables.length > 0) {
    const sockets = new MemorySockets(attachables, base);
    const link = ws.link(`${origin.replace(/^http/, 'ws')}${base}/*`);
    handlers.push(link.addEventListener('connection', ({ client, info }) => sockets.connect(client, info.protocols)));
  }
  return handlers;
}

/** The header of an answer that no handler gave. */
const NOBODY = 'x-nobody';

/**
 * Answers a request whose path begins with `base`; `undefined` if no handler answers it and it is not `isWhole`, so that the next handler
 * is asked.
 */
function answerOf(
  handler: HttpHandler,
  base: string,
  isWhole: boolean,
  onError: (error: unknown) => void,
): (request: Request) => Promise<Response | undefined> {
  const nobody = { status: 404, headers: { [NOBODY]: '1' } };
  const orNobody: HttpHandler = (request) => {
    const response = handler(request);
    return isPromiseLike(response) ? response.then((settled) => settled ?? nobody) : (response ?? nobody);
  };
  // Pages of any origin may ask, because the rules of browsers are not the subject of these tests.
  const fetched = fetchHandler(isWhole ? handler : orNobody, { onError, allowCrossSite: true, cors: true });
  return async (request) => {
    const url = new URL(request.url);
    url.pathname = url.pathname.slice(base.length);
    const response = await fetched(base === '' ? request : new Request(url, request));
    return response.headers.has(NOBODY) ? undefined : response;
  };
}

function addressOf(url: unknown): URL {
  const found = typeof url === 'string' && /^https?:\/\//.test(url) && URL.canParse(url) ? new URL(url) : undefined;
  if (!found) throw new TypeError("mswHandlers: the option 'url' is the address of the API: 'https://api.example.com'");
  return found;
}

function wantedOf(protocols: readonly MswProtocol[] = PROTOCOLS): readonly MswProtocol[] {
  const stray = protocols.find((name) => !PROTOCOLS.includes(name));
  if (stray !== undefined) throw new TypeError(`mswHandlers: '${stray}' is not among ${PROTOCOLS.join(', ')}`);
  return protocols;
}
