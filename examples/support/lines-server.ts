// The other end of own-protocol.ts: the handler, which serves any transport as lines of JSON over TCP.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { ApiError, type EventSink, type Headers, type ResponseHead, type Transport } from 'multi-api-sdk';
import { acceptHeaders, checkTransport, deadlineOf, parseJson, serveCall } from 'multi-api-sdk/protocol';

/** One message. */
export type Line = Readonly<Record<string, unknown>>;
const MAX_BYTES = 1_048_576;
/** Sends a message, if the connection is still open. */
export const write = (socket: Socket, line: Line) =>
  void (socket.writableEnded || socket.destroyed || socket.write(`${JSON.stringify(line)}\n`));

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
