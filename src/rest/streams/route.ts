import type { Transport } from '../../core/transport.ts';
import { acceptHeaders, deadlineOf } from '../../guard/serve-call.ts';
import { eventStreamHead } from '../../http/events/event-stream.ts';
import type { Heartbeat } from '../../http/events/heartbeat.ts';
import { encodeSse, encodeSseComment } from '../../http/events/sse.ts';
import { streamResponse, type StreamFormat } from '../../http/events/stream-response.ts';
import { delay } from '../../life/lifetime.ts';
import { peerOf, type HttpRequest, type HttpResponse } from '../../http/message/message.ts';
import { accepts, checkAccept } from '../accept.ts';
import type { BodyLimits } from '../files/input.ts';
import type { OperationRoute } from '../operation-route.ts';
import { EVENT_STREAM_TYPE, NDJSON_TYPE } from '../wire.ts';

/** How long what was written has to leave the process before its connection is cut, in milliseconds. */
const CUT_MS = 20;

/** The common state of all streams of a handler. */
export interface StreamLimits extends BodyLimits {
  readonly heartbeat: Heartbeat;
}

const SSE: StreamFormat = {
  head: eventStreamHead,
  item: ({ id, data }) => encodeSse({ id, data: JSON.stringify(data) }),
  end(writer, error) {
    // With this id a browser's EventSource asks again, and is told by 204 that there is no more.
    writer.write(encodeSse({ event: 'end', id: 'end', data: JSON.stringify(error ?? {}) }));
    writer.end();
  },
  beat: encodeSseComment(),
};

const NDJSON: StreamFormat = {
  head: (requestId) => ({ ...eventStreamHead(requestId), 'content-type': NDJSON_TYPE }),
  item: ({ data }) => `${JSON.stringify(data)}\n`,
  end(writer, error) {
    if (!error) return writer.end();
    writer.write(`${JSON.stringify({ error })}\n`);
    // Broken off after the written part, because a body that ends well would look complete.
    void Promise.resolve(writer.drained())
      .then(() => delay(CUT_MS, new AbortController().signal))
      .then(() => writer.cut());
  },
  // A line that readers of NDJSON skip: https://github.com/ndjson/ndjson-spec#32-parsing
  beat: '\n',
  beatsIdle: true,
  opening: '',
};

/** Serves a streamed operation as server-sent events, or as NDJSON to a caller that asks for it by name. */
export async function answerStream(
  transport: Transport,
  route: OperationRoute,
  request: HttpRequest,
  params: Readonly<Record<string, string>>,
  limits: StreamLimits,
): Promise<HttpResponse> {
  const accept = request.headers['accept'];
  const format = namesNdjson(accept) ? NDJSON : SSE;
  if (format === SSE && accept !== undefined && accept !== EVENT_STREAM_TYPE) checkAccept(String(accept), EVENT_STREAM_TYPE);
  const headers = acceptHeaders(request.headers);
  const requestId = headers['x-request-id'];
  // A stream does not resume: a browser that asks again has had it, or a part that it could not tell from a repetition.
  if (request.headers['last-event-id'] !== undefined) return { status: 204, headers: { 'x-request-id': requestId ?? '' } };
  if (request.method === 'HEAD') return { status: 200, headers: format.head(requestId) };
  const { value: input } = await route.readInput(request, params, limits);
  const call = { operation: route.operation, input, headers, deadline: deadlineOf(request.headers), peer: peerOf(request, 'rest') };
  return streamResponse(transport, call, request, format, limits.heartbeat);
}

/** Whether NDJSON is asked for by its own name: a caller that takes anything gets what browsers read. */
function namesNdjson(accept: string | readonly string[] | undefined): boolean {
  return accept !== undefined && String(accept).includes(NDJSON_TYPE) && accepts(String(accept), NDJSON_TYPE);
}
