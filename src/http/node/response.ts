import type { ServerResponse } from 'node:http';
import type { HttpResponse, HttpStream, HttpWriter } from '../message/message.ts';
import { cutResponse, isFull, isGone } from './http2.ts';
import type { NodeRequest } from './request.ts';
import { Latch } from '../../life/latch.ts';
import { after } from '../../life/timers.ts';

/** How much of a refused body is read and dropped, in bytes, so that a caller that is still sending sees the answer. */
const LINGER_BYTES = 8 * 1024 * 1024;
/** How long a caller that sends no more of a refused body is waited for, in milliseconds. */
const LINGER_IDLE_MS = 2_000;

/** Streams that are being written, to be told when the server stops. */
export type OpenStreams = Set<NodeWriter>;

/** Writes a response. Throws if a header cannot be written, before anything was. */
export function send(request: NodeRequest, response: HttpResponse, isStopping: boolean, streams: OpenStreams): void {
  const { response: res } = request;
  // Node drops what is left of the body of a request that has none to speak of; the others need care.
  const isCut = request.hasUnreadBody;
  // Connections of HTTP/2 are ended by a frame of their own.
  const head = headOf(response, (isStopping || isCut) && request.raw.httpVersionMajor < 2);
  const { body } = response;
  if (typeof body === 'function') {
    res.writeHead(response.status, head);
    if (request.method === 'HEAD') {
      res.end();
      return request.answered();
    }
    res.flushHeaders();
    const writer = new NodeWriter(res, streams);
    res.on('close', () => request.leave());
    startStream(body, writer, isStopping);
  } else if (!isCut || request.awaitsContinue) {
    res.writeHead(response.status, head);
    endWith(res, body);
    request.answered();
  } else {
    res.writeHead(response.status, head);
    if (body === undefined || request.method === 'HEAD') res.flushHeaders();
    else res.write(body);
    linger(request);
    request.answered();
  }
}

/**
 * Writes head and body as one piece. `end(body)` writes an empty piece with them, and a write of several pieces costs a tenth of a small
 * request more.
 */
function endWith(res: ServerResponse, body: string | Uint8Array | undefined): void {
  const { socket } = res;
  if (body === undefined || socket?.writable !== true) return void res.end(body);
  socket.cork();
  res.write(body);
  socket.uncork();
  res.end();
}

/**
 * Ends a response that was written piece by piece, unless its connection is gone. Node would count it as finished all the same, and would
 * stop the process if an unanswered request of the connection came before it.
 */
function endWritten(res: ServerResponse): void {
  if (res.socket?.destroyed !== true) res.end();
}

function headOf({ status, headers, body, cookies }: HttpResponse, isLast: boolean): string[] {
  const head: string[] = [];
  for (const name in headers) head.push(name, headers[name] ?? '');
  if (typeof body === 'string') head.push('content-length', String(Buffer.byteLength(body)));
  else if (typeof body === 'object') head.push('content-length', String(body.byteLength));
  else if (body === undefined && status !== 204 && status !== 304) head.push('content-length', '0');
  if (cookies) for (const cookie of cookies) head.push('set-cookie', cookie);
  if (isLast) head.push('connection', 'close');
  return head;
}

/**
 * Ends a response whose request is still being sent: closing at once would reset the connection, and the caller would lose the answer.
 * See https://www.rfc-editor.org/rfc/rfc9112#section-9.6
 */
function linger({ raw, response: res }: NodeRequest): void {
  // It has told its end already, and would not again.
  if (raw.destroyed) return endWritten(res);
  let dropped = 0;
  let stop = after(LINGER_IDLE_MS, () => finish());
  const onData = (chunk: Buffer) => {
    dropped += chunk.length;
    stop();
    stop = after(LINGER_IDLE_MS, () => finish());
    if (dropped > LINGER_BYTES) finish();
  };
  const finish = () => {
    stop();
    raw.off('data', onData).off('end', finish).off('close', finish).off('error', finish);
    endWritten(res);
  };
  raw.on('data', onData).on('end', finish).on('close', finish).on('error', finish);
  raw.resume();
}

function startStream(stream: HttpStream, writer: NodeWriter, isStopping: boolean): void {
  try {
    stream(writer);
  } catch (error) {
    writer.end();
    throw error;
  }
  if (isStopping) writer.stop();
}

/** The writer of one streamed response. */
class NodeWriter implements HttpWriter {
  readonly #response: ServerResponse;
  readonly #streams: OpenStreams;
  readonly #onClose: (() => void)[] = [];
  readonly #onStop: (() => void)[] = [];
  readonly #room = new Latch();
  #isOver = false;

  constructor(response: ServerResponse, streams: OpenStreams) {
    this.#response = response;
    this.#streams = streams;
    streams.add(this);
    response.on('close', () => this.#close());
    response.on('drain', () => this.#room.release());
    if (isGone(response)) this.#close();
  }

  get bufferedBytes(): number {
    return this.#response.writableLength;
  }

  write(chunk: string | Uint8Array): void {
    if (!this.#isOver) this.#response.write(chunk);
  }

  end(): void {
    if (this.#isOver) return;
    endWritten(this.#response);
    this.#close();
  }

  cut(): void {
    if (this.#isOver) return;
    cutResponse(this.#response);
    this.#close();
  }

  drained(): Promise<void> | undefined {
    if (this.#isOver || !isFull(this.#response)) return undefined;
    return this.#room.wait();
  }

  onClose(listener: () => void): void {
    if (this.#isOver) listener();
    else this.#onClose.push(listener);
  }

  onStop(listener: () => void): void {
    this.#onStop.push(listener);
  }

  /** Tells the stream that the server is about to stop. */
  stop(): void {
    if (this.#onStop.length === 0) this.end();
    for (const listener of this.#onStop) listener();
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#streams.delete(this);
    this.#room.release();
    for (const listener of this.#onClose) listener();
  }
}
