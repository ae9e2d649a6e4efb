// A protocol of your own: a TCP connection per call or subscription, one line of JSON per message. This file is the adapter, and
// support/lines-server.ts is the handler. Run it: npx tsx examples/own-protocol.ts
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { ApiError, createClient, type Adapter, type CallRequest, type Headers, type SubscribeRequest } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';
import { defineAdapter, eventsOnly, joinHeaders, onAbort, parseJson, readErrorOptions, timeoutHeader, type HeadersOption } from 'multi-api-sdk/protocol'; // prettier-ignore
import { serveLines, write, type Line } from './support/lines-server.ts';

/** The adapter: turns the peer at a port into a transport. */
export function lines({ port, headers }: { readonly port: number; readonly headers?: HeadersOption }): Adapter {
  return defineAdapter((contract) => {
    const sockets = new Set<Socket>();
    const open = async (request: CallRequest | SubscribeRequest, head: Line, onLine: (line: Line) => void): Promise<void> => {
      const joined = await joinHeaders(headers, request.headers);
      const socket = connect(port, '127.0.0.1');
      sockets.add(socket);
      const unlink = onAbort(request.signal, () => socket.destroy());
      let cause: Error | undefined;
      socket.on('error', (error) => (cause = error)).on('close', () => (sockets.delete(socket), unlink(), onLine({ closed: true, cause })));
      socket.on('connect', () => write(socket, { ...head, headers: joined }));
      const reader = createInterface({ input: socket }).on('error', () => {});
      reader.on('line', (text) => onLine(parseJson(text) as Line));
    };
    const errorOf = ({ code, message, ...rest }: Line) => new ApiError(code as never, String(message), readErrorOptions(rest));
    const lost = ({ cause }: Line) =>
      new ApiError('UNAVAILABLE', 'the connection was lost', {
        cause,
        sent: (cause as { code?: string } | undefined)?.code !== 'ECONNREFUSED',
      });
    return {
      contract,
      name: 'lines',
      call: (request) =>
        new Promise((resolve, reject) => {
          const timeout = request.deadline === undefined ? undefined : timeoutHeader(request.deadline);
          open(request, { call: request.operation.name, input: request.input, timeout }, (line) => {
            if ('headers' in line) request.onResponse?.({ headers: line['headers'] as Headers });
            return 'error' in line
              ? reject(errorOf(line['error'] as Line))
              : 'closed' in line
                ? reject(lost(line))
                : resolve(line['output']);
          }).catch(reject);
        }),
      subscribe: (asked, sink) =>
        new Promise((resolve, reject) => {
          const request = eventsOnly(asked, 'lines');
          const { event, params, lastEventId } = request;
          open(request, { event: event.name, params, lastEventId }, (line) => {
            if ('started' in line) resolve();
            else if ('error' in line) reject(errorOf(line['error'] as Line));
            else if ('gap' in line) sink.gap();
            else if ('end' in line) sink.end(line['end'] === true ? undefined : errorOf(line['end'] as Line));
            else if ('closed' in line) {
              reject(lost(line));
              sink.end(lost(line));
            } else void sink.next(line as never);
          }).catch(reject);
        }),
      close: async () => sockets.forEach((socket) => socket.destroy()),
    };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const service = createBlogService();
  const server = await serveLines(service);
  const blog = createClient({ transport: lines({ port: server.port }) });
  console.log((await blog.getUser({ id: 123 })).username);
  const stop = await blog.onMessage(({ message }) => console.log(message));
  await blog.sendMessage({ sender: 'you', message: 'Hello over lines!' });
  await stop();
  await blog.close();
  await server.close();
  await service.close();
}
