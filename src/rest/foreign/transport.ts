import { checkMappings } from '../../guard/check-mappings.ts';
import { readContext, takerOfMapped, type SinkContext, type TakeMapped } from '../../guard/mapped-sink.ts';
import type { Contract, Operation } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import { parseHttpBinding } from '../../core/http-binding/check.ts';
import type { CallRequest, EventSink, EventRequest, StreamRequest } from '../../core/transport.ts';
import { localId } from '../../events/event-id.ts';
import type { FetchResponse } from '../../http/client/fetch-like.ts';
import type { HttpClient, HttpExchange } from '../../http/client/http-client.ts';
import type { SseEvent } from '../../http/events/sse.ts';
import { isoNow } from '../../life/now.ts';
import { reporter } from '../../life/report.ts';
import { jsonOrText } from '../../http/events/foreign-text.ts';
import { shownUrl } from '../../peer/redact/shown-url.ts';
import { openEvents, openItems } from '../streams/event-stream.ts';
import { LinesDecoder } from '../streams/lines.ts';
import { ValuesDecoder } from '../streams/values.ts';
import { headOf } from '../response/head.ts';
import { EVENT_STREAM_TYPE, NDJSON_TYPE } from '../wire.ts';
import { outputOf, readAnswer, readXmlError, type ForeignAnswer } from './answer.ts';
import { failureOf, foreignFailure, recordOf } from './failure.ts';
import {
  DEFAULTS_MEMBERS,
  EVENT_MEMBERS,
  OPERATION_MEMBERS,
  type RestAnswer,
  type RestEvent,
  type RestForeignOptions,
  type RestOperation,
  type RestStreamEvent,
} from './mapping.ts';
import { ForeignPages, type PagePlace } from './pages.ts';
import { readPieces } from './pieces.ts';
import { followRedirects } from './redirect.ts';
import { isXml } from './style.ts';
import { plainText } from '../../peer/text/plain-text.ts';
import { uploadBody, type Upload } from '../../http/client/upload.ts';
import { compileForeign, fillForeignPath, isUpload, type ForeignRequest } from './request.ts';
import { withPairs } from '../../http/client/sending/sign.ts';

/** The functions that the transport of the client lends. */
export interface ForeignCarrier {
  readonly http: HttpClient;
  readonly base: string;
  readonly streams: Set<AbortController>;
  readonly follow: boolean;
  /** Hears of events that cannot be read. */
  readonly onError: ((error: unknown) => void) | undefined;
  /** The pairs of the option `query`, percent-encoded, and as `onWire` may see them. */
  query(): Promise<{ readonly pairs: readonly string[]; readonly shown: readonly string[] }>;
}

const ACCEPT_ITEMS = `${EVENT_STREAM_TYPE}, ${NDJSON_TYPE};q=0.9, application/json;q=0.5`;

interface Compiled {
  readonly operation: Operation;
  readonly mapped: RestOperation;
  readonly encode: (input: unknown, paging: readonly (readonly [string, unknown])[]) => ForeignRequest;
  readonly pages: ForeignPages | undefined;
}

/** A request, and what made the content of a file in it fail. */
interface ForeignExchange extends HttpExchange {
  readonly failure: (() => ApiError | undefined) | undefined;
}

/** The calls and subscriptions that the options map to an API that someone else designed. */
export class ForeignRest {
  readonly #operations = new Map<string, Compiled>();

  private readonly contract: Contract;
  private readonly options: RestForeignOptions;
  private readonly carrier: ForeignCarrier;

  /** Throws a `TypeError` for a mapping that does not fit the contract. */
  constructor(contract: Contract, options: RestForeignOptions, carrier: ForeignCarrier) {
    this.contract = contract;
    this.options = options;
    this.carrier = carrier;
    const { operations = {}, events, defaults = {} } = options;
    checkMappings('rest: operations', operations, OPERATION_MEMBERS);
    checkMappings('rest: events', events, EVENT_MEMBERS);
    checkMappings('rest', { defaults }, DEFAULTS_MEMBERS);
    for (const [name, given] of Object.entries(operations)) {
      const operation = contract.operations[name];
      if (!operation) continue;
      const mapped = { ...defaults, ...given, headers: { ...defaults.headers, ...given.headers } };
      this.#operations.set(name, {
        operation,
        mapped,
        encode: compileForeign(operation, mapped),
        pages: mapped.pages && new ForeignPages(operation, mapped.pages),
      });
    }
  }

  async call(request: CallRequest, own: Readonly<Record<string, string>>): Promise<unknown> {
    const compiled = this.#compiledOf(request.operation);
    const { operation, mapped, pages } = compiled;
    const { base } = this.carrier;
    const ask = async (input: unknown, place: PagePlace) => {
      const exchange = await this.#exchangeOf(compiled, input, place, request.signal, own);
      const response = await this.#send(exchange).catch((error: unknown) => Promise.reject(exchange.failure?.() ?? error));
      request.onResponse?.(headOf(response, base));
      if (!response.ok) throw await failedWith(this.carrier.http, exchange, response, mapped);
      const answer = await readAnswer(this.carrier.http, exchange, response, { contract: this.contract, operation }, mapped);
      const refused = errorIn(operation, mapped, answer);
      if (refused) throw refused;
      return { answer, items: operation.output && outputOf(operation, mapped, answer), link: response.headers.get('link') };
    };
    return pages ? pages.read(request.input, ask) : (await ask(request.input, {})).items;
  }

  async subscribe(request: EventRequest, sink: EventSink, own: Readonly<Record<string, string>>): Promise<void> {
    const { event, params } = request;
    const mapped = this.options.events?.[event.name] ?? {};
    const binding = parseHttpBinding(mapped.http ?? `GET /${event.channel}`);
    const path = fillForeignPath(binding, params);
    const { http, base, streams, query } = this.carrier;
    const credentials = await query();
    const given = Object.entries(mapped.query ?? {}).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
    const headers = { accept: EVENT_STREAM_TYPE, ...lowerCase(mapped.headers), ...own };
    const take = takerOfMapped(event.name, sink, reporter(this.carrier.onError), mapped.read !== undefined);
    await openEvents(request, sink, {
      streams,
      maxEventChars: http.maxResponseBytes,
      target: path,
      get: (target, more, signal) =>
        this.#open({
          method: binding.method,
          url: base + withPairs(target, [...given, ...credentials.pairs]),
          shownUrl: base + withPairs(target, [...given, ...credentials.shown]),
          headers: { ...headers, ...more },
          signal,
        }),
      onChunk: (text) => http.onChunk(text),
      deliver: (message) => deliverForeign(message, event.type, mapped, take),
      failure: (response, text) => foreignFailure(response, text, this.options.defaults?.error),
    });
  }

  /** Runs a streamed operation: server-sent events or lines of JSON, which end with the answer or with `[DONE]`. */
  async stream(request: StreamRequest, sink: EventSink, own: Readonly<Record<string, string>>): Promise<void> {
    const compiled = this.#compiledOf(request.operation);
    const { operation, mapped } = compiled;
    const { split } = mapped;
    const { http, streams } = this.carrier;
    let head: RestAnswer = { status: 200, headers: {} };
    const reads = readContext(sink);
    await openItems(request, sink, {
      streams,
      maxEventChars: http.maxResponseBytes,
      headOf: (response) => headOf(response, this.carrier.base),
      open: async (signal) => {
        const exchange = await this.#exchangeOf(compiled, request.input, {}, signal, own);
        const response = await this.#open({
          ...exchange,
          headers: { ...exchange.headers, accept: mapped.headers?.['accept'] ?? ACCEPT_ITEMS },
        });
        head = { status: response.status, headers: recordOf(response.headers.entries()) };
        return response;
      },
      onChunk: (text) => http.onChunk(text),
      foreign: {
        deliver: (message, to) => deliverItem(message, { operation, mapped, head, reads }, to),
        ...(split && {
          readWhole: (body, name, signal) =>
            readPieces(body, {
              name,
              signal,
              split: (bytes) => split(bytes, head),
              onChunk: (text) => http.onChunk(text),
              onPiece: (piece) => deliverValue(piece, { type: '', id: '' }, '', { operation, mapped, head, reads }, sink),
              onEnd: (error) => sink.end(error),
            }),
        }),
        decoderOf({ headers }, maxChars) {
          const type = headers.get('content-type') ?? '';
          // Kubernetes and Docker stream values as plain JSON, and Gemini the items of a list.
          if (/^application\/(?:json|[\w.-]+\+json)\s*(?:;|$)/i.test(type)) return new ValuesDecoder(maxChars);
          return /json/i.test(type) || mapped.answer === 'json' ? new LinesDecoder(maxChars) : undefined;
        },
        failure: (response, text) => foreignFailure(response, text, mapped.error),
      },
    });
  }

  #compiledOf({ name }: Operation): Compiled {
    const compiled = this.#operations.get(name);
    if (!compiled) throw new ApiError('UNIMPLEMENTED', `no mapping is given for '${name}'`, { sent: false });
    return compiled;
  }

  async #exchangeOf(
    { encode, mapped }: Compiled,
    input: unknown,
    place: PagePlace,
    signal: AbortSignal,
    own: Readonly<Record<string, string>>,
  ): Promise<ForeignExchange> {
    const { base, query } = this.carrier;
    const { params = [] } = place;
    const isInBody = mapped.pages?.in === 'body';
    const { method, path, query: pairs, headers, body } = encode(input, isInBody ? params : []);
    const upload = isUpload(body) ? await uploadBody(body) : undefined;
    const credentials = await query();
    const paging = isInBody ? [] : params.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(plainText(value))}`);
    const target = (secret: readonly string[]) =>
      place.url === undefined
        ? base + withPairs(path, [...pairs, ...paging, ...secret])
        : withPairs(sameOrigin(place.url, base + path), isWithin(place.url, secret) ? [] : secret);
    return {
      method,
      url: target(credentials.pairs),
      shownUrl: target(credentials.shown),
      headers: {
        accept: 'application/json, */*;q=0.5',
        ...lowerCase(headers),
        ...upload?.headers,
        ...own,
        ...(headers['cookie'] !== undefined && { cookie: headers['cookie'] }),
      },
      body: upload ? upload.body : (body as Exclude<typeof body, Upload>),
      failure: upload?.failure,
      signal,
    };
  }

  async #send(exchange: HttpExchange): Promise<FetchResponse> {
    const { http, follow } = this.carrier;
    const response = await http.send(exchange);
    return follow ? followRedirects(http, exchange, response) : response;
  }

  async #open(exchange: HttpExchange): Promise<FetchResponse> {
    const { http, follow } = this.carrier;
    const response = await http.open(exchange);
    return follow ? followRedirects(http, exchange, response) : response;
  }
}

/** The error of an answer with a status that says so. */
async function failedWith(http: HttpClient, exchange: HttpExchange, response: FetchResponse, mapped: RestOperation): Promise<ApiError> {
  if (mapped.answer !== 'xml' || !isXml(response.headers.get('content-type') ?? ''))
    return foreignFailure(response, await http.text(response, exchange), mapped.error);
  const { status, headers } = response;
  const { text, value: body } = await readXmlError(http, exchange, response);
  return failureOf({ status, headers: recordOf(headers.entries()), body }, text, mapped.error);
}

/** The error that an answer is in spite of its status. */
function errorIn({ name }: Operation, { isError, error }: RestOperation, { value, head, text = '' }: ForeignAnswer): ApiError | undefined {
  if (!isError) return undefined;
  const response = { ...head, body: value };
  try {
    return isError(response) ? failureOf(response, text, error) : undefined;
  } catch (cause) {
    return ApiError.from(cause, 'DATA_LOSS', `${name}: the mapping's 'isError' cannot read the answer`, { remote: true });
  }
}

/** Hands one event on; none is the last. */
function deliverForeign({ event: type, id, data }: SseEvent, ownType: string, { types, read }: RestEvent, take: TakeMapped): true {
  if (types !== '*' && !(types ?? [ownType, 'message']).includes(type)) return true;
  const payload = jsonOrText(data);
  take((context) => (read ? read(payload, { type, id }, context) : payload), { id: id || undefined });
  return true;
}

/** How the items of a stream are read. */
interface ItemReading {
  readonly operation: Operation;
  readonly mapped: RestOperation;
  readonly head: RestAnswer;
  readonly reads: SinkContext;
}

/** Hands one item on; `false` if it was the last. */
function deliverItem({ event: type, id, data }: SseEvent, reading: ItemReading, sink: EventSink): boolean | Promise<boolean> {
  // How OpenAI and those who follow it say that there are no more.
  if (data === '[DONE]') {
    sink.end();
    return false;
  }
  return deliverValue(jsonOrText(data), { type, id }, data, reading, sink);
}

/** Hands on the item in a value; `false` if it was the last. `text` is the value as it came, for the messages of errors. */
function deliverValue(
  value: unknown,
  from: RestStreamEvent,
  text: string,
  { operation, mapped, head, reads }: ItemReading,
  sink: EventSink,
): boolean | Promise<boolean> {
  let item: unknown;
  try {
    const refused = errorIn(operation, mapped, { value, head, text });
    if (refused) throw refused;
    item = mapped.read ? mapped.read(value, from, reads.context) : outputOf(operation, mapped, { value, head });
  } catch (cause) {
    sink.end(ApiError.from(cause, 'DATA_LOSS', `${operation.name}: the mapping's 'read' cannot read an item`, { remote: true }));
    return false;
  }
  if (item === undefined) return !reads.settle();
  const taken = sink.next({ id: from.id || localId(), time: isoNow(), data: item });
  return taken ? taken.then(() => !reads.settle()) : !reads.settle();
}

/** Whether a URL that the API gave has the credentials already. */
function isWithin(url: string, pairs: readonly string[]): boolean {
  return pairs.length > 0 && pairs.every((pair) => url.includes(`${pair.slice(0, pair.indexOf('='))}=`));
}

/** A URL that the API gave. Credentials go along, so that it must not lead elsewhere. */
function sameOrigin(url: string, from: string): string {
  const target = URL.canParse(url, from) ? new URL(url, from) : undefined;
  if (target?.origin === new URL(from).origin) return target.href;
  throw new ApiError(
    'DATA_LOSS',
    `the API says that the next page is at ${shownUrl(url).slice(0, 200)}, which is another origin than ${new URL(from).origin}`,
    {
      remote: true,
    },
  );
}

function lowerCase(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
