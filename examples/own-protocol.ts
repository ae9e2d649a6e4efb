// A protocol of your own, both ends: a TCP connection per call or subscription, one line of JSON per message. Run it: npx tsx examples/own-protocol.ts
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { ApiError, createClient, type Adapter, type CallRequest, type EventSink, type Headers, type ResponseHead, type SubscribeRequest, type Transport } from 'multi-api-sdk'; // prettier-ignore
import { createBlogService } from 'multi-api-sdk/blog';
import { acceptHeaders, checkTransport, deadlineOf, defineAdapter, eventsOnly, joinHeaders, onAbort, parseJson, readErrorOptions, serveCall, timeoutHeader, type HeadersOption } from 'multi-api-sdk/protocol'; // prettier-ignore

type Line = Readonly<Record<string, unknown>>;
const MAX_BYTES = 1_048_576;
const write = (socket: Socket, line: Line) => void (socket.writableEnded || socket.destroyed || socket.write(`${JSON.stringify(line)}\n`));

/** The handler: serves any transport. */
export async function serveLines(transport: Transport): Promise<{ readonly port: number; close(): Promise<void> }> {
  checkTransport('serveLines', transport);
  const sinks = new Set<EventSink>();
  const server = createServer((socket) => {
    const fail = (error: unknown) => (write(socket, { error: ApiError.from(error, 'INTERNAL', 'internal error') }), socket.end());
    // It tells of the errors of what it reads, too.
    const reader = createInterface({ input: socket.on('error', () => {}) }).on('error', () => {});
    const refuse = () => fail(new ApiError('INVALID_ARGUMENT', `a message is over ${MAX_BYTES} bytes`));
    reader.once('line', (text) => (socket.bytesRead > MAX_BYTES ? refuse() : void answer(socket, text).catch(fail)));
    // A line without an end is not collected for ever.
    socket.on('data', () => socket.bytesRead > MAX_BYTES && (reader.close(), socket.resume(), refuse()));
  });
  const answer = async (socket: Socket, text: string) => {
    const { call, event, input, params, headers, lastEventId, timeout } = parseJson(text) as { readonly [name: string]: never };
    const common = { headers: acceptHeaders(headers ?? {}), peer: { protocol: 'lines', address: socket.remoteAddress } };
    const operation = transport.contract.operations[String(call)];
    const definition = transport.contract.events[String(event)];
    if (operation) {
      const deadline = deadlineOf({ 'x-timeout-ms': timeout });
      const onLeave = (leave: () => void) => void socket.once('close', () => leave());
      let said: Headers | undefined;
      const onResponse = ({ headers }: ResponseHead) => (said = headers);
      const line = await serveCall(transport, { ...common, operation, input, deadline, onLeave, onResponse }).then(
        (output) => ({ output }),
        (error: unknown) => ({ error: ApiError.from(error, 'INTERNAL', 'internal error') }),
      );
      write(socket, { ...line, headers: said });
      return void socket.end();
    }
    if (!definition) throw new ApiError('UNIMPLEMENTED', `the contract has no '${String(call ?? event)}'`);
    const live = new AbortController();
    const end = (error?: ApiError) => (sinks.delete(sink), write(socket, { end: error ?? true }), void socket.end());
    let over: (() => void) | undefined;
    const sink: EventSink = {
      next: (message) => (socket.writableLength > MAX_BYTES ? end(new ApiError('RESOURCE_EXHAUSTED', 'the reader is behind')) : write(socket, { ...message })), // prettier-ignore
      gap: () => write(socket, { gap: true }),
      // An end before the acknowledgement is told after it.
      end: (error) => (sinks.has(sink) ? end(error) : (over = () => end(error)), undefined),
    };
    socket.once('close', () => (sinks.delete(sink), live.abort()));
    await transport.subscribe({ ...common, event: definition, params: params ?? {}, lastEventId, signal: live.signal }, sink);
    write(socket, { started: true });
    sinks.add(sink);
    over?.();
  };
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = async () => {
    const closed = once(server.close(), 'close');
    for (const sink of sinks) sink.end(new ApiError('UNAVAILABLE', 'the server is stopping'));
    await closed;
  };
  return { port: (server.address() as AddressInfo).port, close };
}

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
