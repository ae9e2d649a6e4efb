import type { ApiError, JsonObject } from '../../core/errors.ts';
import type { Peer, ResponseHead } from '../../core/transport.ts';
import { acceptHeaders, deadlineOf } from '../../guard/serve-call.ts';
import { eventStreamHead } from '../../http/events/event-stream.ts';
import type { Heartbeat } from '../../http/events/heartbeat.ts';
import { encodeSse, encodeSseComment } from '../../http/events/sse.ts';
import { withHead } from '../../http/message/head.ts';
import { peerOf, type HttpRequest, type HttpResponse, type HttpWriter } from '../../http/message/message.ts';
import { encodeNotification, type Era } from '../wire.ts';
import type { Exchange } from './exchange.ts';

const COMMENT = encodeSseComment();

/** One POST: answered as JSON, or as server-sent events from the first notification on. */
export class HttpExchange implements Exchange {
  readonly era: Era;
  readonly headers: Record<string, string>;
  readonly peer: Peer;
  readonly deadline: number | undefined;
  readonly notify: ((method: string, params: JsonObject) => Promise<void>) | undefined;
  /** Why the peer wants no answer any more. */
  readonly #leave: ((reason?: ApiError) => void)[] = [];
  readonly #stop: (() => void)[] = [];
  readonly #response: Promise<HttpResponse>;
  #respond: (response: HttpResponse) => void = () => {};
  #writer: Promise<HttpWriter> | undefined;
  #head: ResponseHead | undefined;

  private readonly heartbeat: Heartbeat;

  readonly subscriptions: Exchange['subscriptions'];

  constructor(request: HttpRequest, era: Era, heartbeat: Heartbeat, subscriptions: Exchange['subscriptions']) {
    this.era = era;
    this.subscriptions = subscriptions;
    this.heartbeat = heartbeat;
    this.headers = acceptHeaders(request.headers);
    this.peer = peerOf(request, 'mcp');
    this.deadline = deadlineOf(request.headers);
    this.#response = new Promise((resolve) => (this.#respond = resolve));
    const accept = String(request.headers['accept'] ?? '*/*');
    this.notify = /text\/event-stream|\*\/\*/.test(accept) ? (method, params) => this.#notify(method, params) : undefined;
    request.onAbort(() => this.cancel());
  }

  get response(): Promise<HttpResponse> {
    return this.#response;
  }

  readonly onLeave = (listener: (reason?: ApiError) => void): void => void this.#leave.push(listener);

  readonly onStop = (listener: () => void): void => void this.#stop.push(listener);

  readonly onResponse = (head: ResponseHead): void => void (this.#head = head);

  /** The peer has left, or has cancelled the request. */
  cancel(reason?: ApiError): void {
    for (const listener of this.#leave.splice(0)) listener(reason);
  }

  /** The answer, a message as JSON. */
  finish(status: number, text: string, more: Readonly<Record<string, string>> = {}): void {
    if (this.#writer) {
      void this.#writer.then((writer) => {
        writer.write(encodeSse({ data: text }));
        writer.end();
      });
      return;
    }
    const requestId = this.headers['x-request-id'] ?? '';
    const headers = { ...more, 'content-type': 'application/json', 'x-request-id': requestId };
    this.#respond(withHead({ status, headers, body: text }, this.#head));
  }

  async #notify(method: string, params: JsonObject): Promise<void> {
    this.#writer ??= this.#stream();
    const writer = await this.#writer;
    writer.write(encodeSse({ data: encodeNotification(method, params) }));
    await writer.drained();
  }

  /** Begins the response as a stream. */
  #stream(): Promise<HttpWriter> {
    return new Promise((resolve) => {
      const body = (writer: HttpWriter) => {
        const beat = () => writer.write(COMMENT);
        this.heartbeat.add(beat);
        writer.onClose(() => {
          this.heartbeat.delete(beat);
          this.cancel();
        });
        // A call that runs may finish within the server's grace.
        writer.onStop(() => this.#stop.forEach((listener) => listener()));
        resolve(writer);
      };
      this.#respond(withHead({ status: 200, headers: eventStreamHead(this.headers['x-request-id']), body }, this.#head));
    });
  }
}
