import type { ApiError } from '../../core/errors.ts';
import type { EventMessage, EventSink, ResponseHead, Transport } from '../../core/transport.ts';
import { serveStream, type ServedCall } from '../../guard/serve-call.ts';
import { withHead } from '../message/head.ts';
import type { HttpRequest, HttpResponse, HttpWriter } from '../message/message.ts';
import type { Heartbeat } from './heartbeat.ts';
import { isPromiseLike } from '../../life/maybe.ts';

/** A piece of a stream's body. */
type Piece = string | Uint8Array;

/** How a stream is written as the body of a response. */
export interface StreamFormat {
  head(requestId: string | undefined): Record<string, string>;
  item(message: EventMessage): Piece | Promise<Piece>;
  /** Writes the last of a stream, and ends its body. */
  end(writer: HttpWriter, error: ApiError | undefined): void;
  /** Keeps an idle connection open; empty if the format has nothing to say in between. */
  readonly beat: Piece;
  /** Whether a beat is only for an interval without an item, because readers may notice it. @default false */
  readonly beatsIdle?: boolean | undefined;
  /** The first of a stream. @default a beat */
  readonly opening?: Piece | undefined;
}

/** A streamed operation as a request asked for it. */
export type StreamedCall = Pick<ServedCall, 'operation' | 'input' | 'headers' | 'deadline' | 'peer' | 'onResponse'>;

/**
 * Runs a streamed operation and answers with its items; the handler waits while the connection is full, and is left if the caller leaves.
 * Resolves when the stream is acknowledged. Rejects with the reason if it has not begun.
 */
export async function streamResponse(
  transport: Transport,
  call: StreamedCall,
  request: HttpRequest,
  format: StreamFormat,
  heartbeat?: Heartbeat,
): Promise<HttpResponse> {
  let attach: (writer: HttpWriter) => void = () => {};
  const attached = new Promise<HttpWriter>((resolve) => (attach = resolve));
  let writer: HttpWriter | undefined;
  let isIdle = false;
  const put = (to: HttpWriter, piece: Piece) => {
    isIdle = false;
    to.write(piece);
    return to.drained();
  };
  const write = (to: HttpWriter, message: EventMessage): void | Promise<void> => {
    const piece = format.item(message);
    return isPromiseLike(piece) ? piece.then((settled) => put(to, settled)) : put(to, piece);
  };
  const sink: EventSink = {
    next: (message) => (writer ? write(writer, message) : attached.then((to) => write(to, message))),
    gap: () => {},
    end: (error) => void attached.then((to) => format.end(to, error)),
  };
  let leave: () => void = () => {};
  const onLeave = (listener: () => void) => {
    leave = listener;
    request.onAbort(listener);
  };
  let said: ResponseHead | undefined;
  const onResponse = (head: ResponseHead) => {
    said = head;
    call.onResponse?.(head);
  };
  await serveStream(transport, { ...call, onLeave, onResponse }, sink);
  const response: HttpResponse = {
    status: 200,
    headers: format.head(call.headers['x-request-id']),
    body: (opened) => {
      const beat = () => {
        // A reader that has not taken what there is knows that the connection lives.
        if (opened.bufferedBytes === 0 && (isIdle || format.beatsIdle !== true)) opened.write(format.beat);
        isIdle = true;
      };
      if (format.beat.length > 0) heartbeat?.add(beat);
      opened.onClose(() => {
        heartbeat?.delete(beat);
        leave();
      });
      // A stream that runs may finish within the server's grace.
      opened.onStop(() => {});
      writer = opened;
      // Something must be written for the head to be sent at once through every proxy.
      const { opening = format.beat } = format;
      if (opening.length > 0) opened.write(opening);
      attach(opened);
    },
  };
  return withHead(response, said);
}
