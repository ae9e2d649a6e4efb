import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { type ApiError, type JsonObject, callerCancelled, callerLeft } from '../../core/errors.ts';
import { acceptHeaders } from '../../guard/serve-call.ts';
import { Latch } from '../../life/latch.ts';
import { within } from '../../life/timers.ts';
import { joinHeaders, type HeadersOption } from '../../peer/headers.ts';
import { INVALID_REQUEST } from '../../peer/json-rpc.ts';
import { RPC_CODE } from '../status.ts';
import { encodeFault, encodeNotification, encodeResult, errorData, McpFault, readMessage, type McpId, type McpMessage } from '../wire.ts';
import { eraOf } from '../serving/era.ts';
import type { Exchange } from '../serving/exchange.ts';
import type { McpService } from '../serving/service.ts';
import { Subscriptions } from '../serving/subscriptions.ts';
import { toldError } from '../../guard/told-error.ts';

/** The messages to a session. */
export interface StdioSettings {
  readonly headers: HeadersOption | undefined;
  readonly maxCalls: number;
  readonly maxItems: number;
  readonly maxSubscriptions: number;
  readonly onError: (error: unknown) => void;
}

/** A request that runs, with the function that hears if it is cancelled. */
interface Running {
  readonly leave: ((reason?: ApiError) => void)[];
  readonly stop: (() => void)[];
  /** Why nobody wants its answer any more. */
  reason: ApiError | undefined;
}

const CANCELLED = callerCancelled();
const LEFT = callerLeft();

/** The messages of one pair of streams. */
export class StdioSession {
  /** By the JSON of the request's id. */
  readonly #running = new Map<string, Running>();
  readonly #idle = new Latch();
  readonly #subscriptions: Subscriptions;
  #end: () => void = () => {};
  /** Resolves when nothing more is written. */
  readonly over = new Promise<void>((resolve) => (this.#end = resolve));

  private readonly service: McpService;
  private readonly output: Writable;
  private readonly settings: StdioSettings;

  constructor(service: McpService, output: Writable, settings: StdioSettings) {
    this.service = service;
    this.output = output;
    this.settings = settings;
    this.#subscriptions = new Subscriptions(settings.maxSubscriptions);
    this.#subscriptions.attach((uri) => this.#tell('notifications/resources/updated', { uri }));
  }

  receive(text: string): void {
    let message: McpMessage | undefined;
    try {
      message = readMessage(text, this.settings.maxItems);
      // A response to what this server has never asked.
      if (!message) return;
      const { id } = message;
      if (id === undefined) return this.#notified(message);
      if (this.#running.size >= this.settings.maxCalls)
        throw new McpFault(RPC_CODE.RESOURCE_EXHAUSTED, `${this.settings.maxCalls} requests are in flight`, { id, data: { code: 'RESOURCE_EXHAUSTED' } }); // prettier-ignore
      const running: Running = { leave: [], stop: [], reason: undefined };
      const key = JSON.stringify(id);
      this.#running.set(key, running);
      void this.#answer(message, id, running).then(() => {
        if (this.#running.get(key) === running) this.#running.delete(key);
        if (this.#running.size === 0) this.#idle.release();
      });
    } catch (error) {
      if (!(error instanceof McpFault)) throw error;
      // A notification is never answered.
      if (message === undefined || message.id !== undefined) this.#write(encodeFault(error));
    }
  }

  /** Answers what is not a message. */
  refuse(why: string): void {
    this.#write(encodeFault(new McpFault(INVALID_REQUEST, why)));
  }

  /** Lets what is in flight go on for a while, and then cancels it. */
  async finish(graceMs: number): Promise<void> {
    this.#subscriptions.clear();
    for (const { stop } of this.#running.values()) for (const listener of stop.splice(0)) listener();
    if (this.#running.size > 0 && graceMs > 0) await within(graceMs, this.#idle.wait());
    for (const running of [...this.#running.values()]) this.#cancel(running, LEFT);
    this.#end();
  }

  async #answer(message: McpMessage, id: McpId, running: Running): Promise<void> {
    const text = await this.#textOf(message, id, running);
    // Nothing is said of a request that was cancelled.
    if (!running.reason) this.#write(text);
  }

  async #textOf(message: McpMessage, id: McpId, running: Running): Promise<string> {
    let requestId: string | undefined;
    try {
      const era = eraOf(message);
      const headers = acceptHeaders(await joinHeaders(this.settings.headers, {}));
      requestId = headers['x-request-id'];
      const exchange: Exchange = {
        era,
        headers,
        peer: { protocol: 'mcp' },
        deadline: undefined,
        // It may have been cancelled while the headers were asked for.
        onLeave: (listener) => (running.reason ? listener(running.reason) : void running.leave.push(listener)),
        onStop: (listener) => void running.stop.push(listener),
        onResponse: () => {},
        notify: (method, params) => this.#notify(running, method, params),
        subscriptions: () => Promise.resolve(this.#subscriptions),
      };
      return encodeResult(id, await this.service.answer(message, exchange));
    } catch (error) {
      if (error instanceof McpFault) return encodeFault(error);
      const told = toldError(error, this.settings.onError, requestId);
      return encodeFault(new McpFault(RPC_CODE[told.code], told.text, { id, data: errorData(told.toJSON()) }));
    }
  }

  #notified({ method, params }: McpMessage): void {
    if (method !== 'notifications/cancelled') return;
    const running = this.#running.get(JSON.stringify(params['requestId']));
    if (running) this.#cancel(running, CANCELLED);
  }

  #cancel(running: Running, reason: ApiError): void {
    running.reason = reason;
    for (const listener of running.leave.splice(0)) listener(reason);
  }

  #notify(running: Running, method: string, params: JsonObject): void | Promise<void> {
    return running.reason ? undefined : this.#tell(method, params);
  }

  #tell(method: string, params: JsonObject): void | Promise<void> {
    if (this.#write(encodeNotification(method, params))) return;
    // A reader that is behind holds up its stream, and one that is gone does not.
    return once(this.output, 'drain').then(
      () => {},
      () => {},
    );
  }

  #write(text: string): boolean {
    return this.output.destroyed || this.output.writableEnded || this.output.write(`${text}\n`);
  }
}
