/**
 * Serves a transport as tools of the Model Context Protocol to the program that has started this one.
 *
 * @module multi-api-sdk/mcp/stdio
 * @group Servers
 */

import { finished, type Readable, type Writable } from 'node:stream';
import { checkTransport } from '../../core/check-transport.ts';
import { bytes, count, ms, readOptions } from '../../core/options.ts';
import type { Transport } from '../../core/transport.ts';
import { reporter } from '../../life/report.ts';
import type { HeadersOption } from '../../peer/headers.ts';
import { SERVING_NAMES, SERVING_READERS, serviceOf, type McpServingOptions } from '../serving/options.ts';
import { readLines } from './lines.ts';
import { StdioSession } from './session.ts';
import { closable, type Closable } from '../../life/closable.ts';

export type { McpToolsOptions } from '../schema.ts';
export type { McpServingOptions } from '../serving/options.ts';
export type { HeadersOption } from '../../peer/headers.ts';

/** Options of `serveMcpStdio`. */
export interface ServeMcpStdioOptions extends McpServingOptions {
  /** Headers of every call, such as credentials from the environment: the protocol has none. @default none */
  readonly headers?: HeadersOption | undefined;
  /** The source of messages. @default process.stdin */
  readonly input?: Readable | undefined;
  /** Receives answers. Nothing else may be written to it. @default process.stdout */
  readonly output?: Writable | undefined;
  /** A longer line is refused. @default 1_048_576 (1 MiB) */
  readonly maxMessageBytes?: number | undefined;
  /** Requests in flight. More are RESOURCE_EXHAUSTED. @default 100 */
  readonly maxCalls?: number | undefined;
  /** How long requests in flight may go on after the input has ended, in milliseconds. @default 2000 */
  readonly graceMs?: number | undefined;
}

/** A transport that is served over standard input and output. */
export interface McpStdio extends Closable {
  /** Resolves when the input has ended and everything is answered. */
  readonly closed: Promise<void>;
  /** Takes no more messages and cancels calls in flight. */
  close(): Promise<void>;
}

const READERS = {
  ...SERVING_READERS,
  maxMessageBytes: bytes(1_048_576),
  maxCalls: count(100),
  graceMs: ms(2000, { zero: true }),
};

/**
 * Serves a transport over the Model Context Protocol on standard input and output, a message in each line, in the revisions of `mcpHandler`.
 * `console.log` writes there too, which would break the protocol: log to standard error.
 */
export function serveMcpStdio(transport: Transport, options: ServeMcpStdioOptions = {}): McpStdio {
  checkTransport('serveMcpStdio', transport);
  const read = readOptions('serveMcpStdio', options, READERS, [...SERVING_NAMES, 'headers', 'input', 'output']);
  const { input = process.stdin, output = process.stdout, maxMessageBytes, graceMs } = read;
  const onError = reporter(read.onError);
  const session = new StdioSession(serviceOf('serveMcpStdio', transport, read), output, {
    headers: read.headers,
    maxCalls: read.maxCalls,
    maxItems: read.maxItems,
    maxSubscriptions: read.maxSubscriptions,
    onError,
  });
  const stopReading = readLines(input, maxMessageBytes, {
    line: (text) => session.receive(text),
    tooLong: () => session.refuse(`a message holds ${maxMessageBytes} bytes at most`),
  });
  const unlisten = [
    finished(input, { writable: false }, () => void session.finish(graceMs)),
    // Nobody reads any more.
    finished(output, { readable: false }, () => void session.finish(0)),
  ];
  const closed = session.over.then(() => unlisten.forEach((stop) => stop()));
  return closable({
    closed,
    async close() {
      stopReading();
      await session.finish(0);
    },
  });
}
