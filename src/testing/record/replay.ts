import type { FetchLike } from '../../http/client/fetch-like.ts';
import { shownBody } from '../../http/client/shown-body.ts';
import { onAbort } from '../../life/lifetime.ts';
import type { WireRecord } from '../../peer/on-wire.ts';

/** One recorded request with its answer. */
interface Exchange {
  readonly request: WireRecord;
  answer: WireRecord | undefined;
  /** The recorded result of an answer that is a stream. */
  readonly pieces: string[];
}

/** The `start` of a record of a piece of a stream. */
const PIECE = 'event stream';
const REDACTED = '[redacted]';

/**
 * Answers requests with what was recorded, for adapters over HTTP: `rest({ url, fetch: replay(tape.records) })`. A request is answered as the one
 * with the same method, path, query and body was; several times recorded, in that order, the last again and again. Redacted parts match anything.
 * A request that was not recorded fails, as does one whose answer did not come. Of event streams one at a time may have been open, because their
 * pieces are recorded without a name.
 * @throws TypeError if requests were recorded at the same time, because the records do not say which answer is whose
 */
export function replay(records: readonly WireRecord[]): FetchLike {
  const exchanges = exchangesOf(records);
  const used = new Set<Exchange>();
  return async (url, init = {}) => {
    const { method = 'GET', body, signal, headers = {} } = init;
    const start = `${method} ${url.slice(url.indexOf('/', url.indexOf('//') + 2))}`;
    const sent = shownBody(body, Object.fromEntries(headers instanceof Headers ? headers.entries() : Object.entries(headers)));
    const fitting = exchanges.filter(({ request }) => fits(request.start, start) && fits(request.body ?? '', sent ?? ''));
    const exchange = fitting.find((each) => !used.has(each)) ?? fitting.at(-1);
    if (!exchange)
      throw new TypeError(`replay: ${start} was not recorded${sent === undefined ? '' : ` with the body ${sent.slice(0, 200)}`}`);
    used.add(exchange);
    if (!exchange.answer) throw new TypeError(`replay: no answer to ${start} was recorded`);
    return responseOf(exchange.answer, exchange.pieces, signal ?? undefined);
  };
}

function exchangesOf(records: readonly WireRecord[]): readonly Exchange[] {
  const exchanges: Exchange[] = [];
  let open: Exchange | undefined;
  let stream: Exchange | undefined;
  for (const record of records) {
    if (record.direction === 'out') {
      if (open)
        throw new TypeError(
          `replay: '${open.request.start}' and '${record.start}' were recorded at the same time: record one after the other`,
        );
      open = { request: record, answer: undefined, pieces: [] };
      exchanges.push(open);
    } else if (record.start === PIECE) {
      stream?.pieces.push(record.body ?? '');
    } else if (open) {
      open.answer = record;
      if (record.body === undefined) stream = open;
      open = undefined;
    }
  }
  return exchanges;
}

/** Whether a text is the recorded one, whose redacted parts may be anything. */
function fits(recorded: string, text: string): boolean {
  const [first = '', ...rest] = recorded.split(REDACTED);
  if (rest.length === 0) return recorded === text;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at + last.length <= text.length;
}

function responseOf({ start, headers, body }: WireRecord, pieces: readonly string[], signal: AbortSignal | undefined): Response {
  const [status = '', ...words] = start.split(' ');
  // The body is here as text, whatever it was encoded with.
  const { 'content-length': _, 'content-encoding': __, 'transfer-encoding': ___, ...rest } = headers;
  const isBare = status === '204' || status === '304';
  const isStream = body === undefined && /event-stream/.test(headers['content-type'] ?? '');
  const made = isBare ? null : isStream ? streamOf(pieces, signal) : (body ?? '');
  return new Response(made, { status: Number(status), statusText: words.join(' '), headers: rest });
}

/** A stream that stays open after its last piece, as a subscription does: the client ends it. */
function streamOf(pieces: readonly string[], signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(encoder.encode(piece));
      if (signal) onAbort(signal, () => controller.error(signal.reason));
    },
  });
}
