import type { ApiError } from '../../core/errors.ts';
import type { EventMessage, EventSink, Transport } from '../../core/transport.ts';
import { acceptHeaders, deadlineOf, serveStream } from '../../guard/serve-call.ts';
import { eventStreamHead } from '../../http/events/event-stream.ts';
import type { Heartbeat } from '../../http/events/heartbeat.ts';
import { encodeSse, encodeSseComment } from '../../http/events/sse.ts';
import { delay } from '../../life/lifetime.ts';
import { peerOf, type HttpRequest, type HttpResponse, type HttpWriter } from '../../http/message/message.ts';
import { accepts, checkAccept } from '../accept.ts';
import type { OperationRoute } from '../operation-route.ts';
import { EVENT_STREAM_TYPE, NDJSON_TYPE } from '../wire.ts';

/** How long what was written has to leave the process before its connection is cut, in milliseconds. */
const CUT_MS = 20;

/** What all streams of a handler share. */
export interface StreamLimits {
  readonly maxBodyBytes: number;
  readonly heartbeat: Heartbeat;
}

/** How a stream is written. */
interface Format {
  head(requestId: string | undefined): Record<string, string>;
  item(message: EventMessage): string;
  /** Writes the last of a stream, and ends its body. */
  end(writer: HttpWriter, error: ApiError | undefined): void;
  /** What keeps an idle connection open. */
  readonly beat: string;
}

const SSE: Format = {
  head: eventStreamHead,
  item: ({ id, data }) => encodeSse({ id, data: JSON.stringify(data) }),
  end(writer, error) {
    // With this id a browser's EventSource asks again, and is told by 204 that there is no more.
    writer.write(encodeSse({ event: 'end', id: 'end', data: JSON.stringify(error ?? {}) }));
    writer.end();
  },
  beat: encodeSseComment(),
};

const NDJSON: Format = {
  head: (requestId) => ({ ...eventStreamHead(requestId), 'content-type': NDJSON_TYPE }),
  item: ({ data }) => `${JSON.stringify(data)}\n`,
  end(writer, error) {
    if (!error) return writer.end();
    writer.write(`${JSON.stringify({ error })}\n`);
    // Broken off behind what was written, because a body that ends well would look complete.
    void Promise.resolve(writer.drained())
      .then(() => delay(CUT_MS, new AbortController().signal))
      .then(() => writer.cut());
  },
  beat: '',
};

/** Serves a streamed operation as server-sent events, or as NDJSON to a caller that asks for it by name. */
export async function answerStream(
  transport: Transport,
  route: OperationRoute,
  request: HttpRequest,
  params: Readonly<Record<string, string>>,
  { maxBodyBytes, heartbeat }: StreamLimits,
): Promise<HttpResponse> {
  const accept = request.headers['accept'];
  const format = namesNdjson(accept) ? NDJSON : SSE;
  if (format === SSE && accept !== undefined && accept !== EVENT_STREAM_TYPE) checkAccept(String(accept), EVENT_STREAM_TYPE);
  const headers = acceptHeaders(request.headers);
  const requestId = headers['x-request-id'];
  // A stream does not resume: a browser that asks again has had it, or a part that it could not tell from a repetition.
  if (request.headers['last-event-id'] !== undefined) return { status: 204, headers: { 'x-request-id': requestId ?? '' } };
  if (request.method === 'HEAD') return { status: 200, headers: format.head(requestId) };
  const { value: input } = await route.readInput(request, params, maxBodyBytes);
  let attach: (writer: HttpWriter) => void = () => {};
  const attached = new Promise<HttpWriter>((resolve) => (attach = resolve));
  let writer: HttpWriter | undefined;
  const write = (to: HttpWriter, message: EventMessage) => {
    to.write(format.item(message));
    return to.drained();
  };
  const sink: EventSink = {
    next: (message) => (writer ? write(writer, message) : attached.then((to) => write(to, message))),
    gap: () => {},
    end: (error) => void attached.then((to) => format.end(to, error)),
  };
  let leave: () => void = () => {};
  const call = {
    operation: route.operation,
    input,
    headers,
    deadline: deadlineOf(request.headers),
    peer: peerOf(request, 'rest'),
    onLeave: (listener: () => void) => {
      leave = listener;
      request.onAbort(listener);
    },
  };
  await serveStream(transport, call, sink);
  return {
    status: 200,
    headers: format.head(requestId),
    body: (opened) => {
      const beat = () => opened.write(format.beat);
      if (format.beat !== '') heartbeat.add(beat);
      opened.onClose(() => {
        heartbeat.delete(beat);
        leave();
      });
      // A stream that runs may finish within the server's grace.
      opened.onStop(() => {});
      writer = opened;
      // Something must be written for the head to be sent at once through every proxy.
      if (format.beat !== '') opened.write(format.beat);
      attach(opened);
    },
  };
}

/** Whether NDJSON is asked for by its own name: a caller that takes anything gets what browsers read. */
function namesNdjson(accept: string | readonly string[] | undefined): boolean {
  return accept !== undefined && String(accept).includes(NDJSON_TYPE) && accepts(String(accept), NDJSON_TYPE);
}
