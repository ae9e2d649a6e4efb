import { ApiError, callerLeft } from '../../core/errors.ts';
import { EventStream, type EventStreamOptions } from '../../http/events/event-stream.ts';
import type { HttpRequest, HttpResponse } from '../../http/message/message.ts';
import { serveStream } from '../../guard/serve-call.ts';
import { Lifetime, onAbort } from '../../life/lifetime.ts';
import { RequestError } from '../document/request-error.ts';
import type { PreparedOperation } from '../document/documents.ts';
import { encodingSink } from '../engine/encoding-sink.ts';
import { isSubscription, type Caller, type Engine } from '../engine/engine.ts';
import { ResponseHeads, withHeads } from '../engine/heads.ts';
import { encodeError, GAP, type GraphqlRequest } from '../wire.ts';
import { lastEventIdOf } from './server.ts';

const LEFT = callerLeft();

/** One stream that carries the responses of many operations, each with its id. */
export class SharedStream {
  readonly #operations = new Map<string, Lifetime>();
  #stream: EventStream | undefined;

  private readonly engine: Engine;
  private readonly options: EventStreamOptions;
  private readonly maxOperations: number;

  constructor(engine: Engine, options: EventStreamOptions, maxOperations: number) {
    this.engine = engine;
    this.options = options;
    this.maxOperations = maxOperations;
  }

  /** The response that carries everything; `onClose` hears when its reader has left, and its operations with it. */
  async open(request: HttpRequest, requestId: string | undefined, onClose: () => void): Promise<HttpResponse> {
    const stream = (this.#stream = new EventStream(this.options));
    await stream.open(request, (signal) => {
      onAbort(signal, () => {
        for (const operation of [...this.#operations.values()]) operation.abort(LEFT);
        onClose();
      });
      return Promise.resolve();
    });
    return stream.response(requestId);
  }

  /** Ends one operation, if it runs. */
  stop(id: string): void {
    this.#operations.get(id)?.abort(LEFT);
  }

  /** Begins an operation; its responses come on the stream. Throws if its id is taken or too many run. */
  run(id: string, body: GraphqlRequest, prepared: PreparedOperation, { headers, deadline, peer }: Caller): void {
    if (this.#operations.has(id)) throw new ApiError('ALREADY_EXISTS', `an operation '${id.slice(0, 100)}' runs on this stream`);
    if (this.#operations.size >= this.maxOperations)
      throw new ApiError('RESOURCE_EXHAUSTED', `${this.maxOperations} operations run on this stream, which is the limit`);
    // The deadline is the call's, so the caller is told of its end.
    const lifetime = new Lifetime();
    const caller: Caller = { headers, deadline, peer, onLeave: (listener) => void lifetime.listen(listener) };
    // A request that does not fit gets its own answer.
    const subscription = isSubscription(prepared) ? this.engine.subscription(prepared, body, caller) : undefined;
    this.#operations.set(id, lifetime);
    lifetime.listen(() => this.#operations.delete(id));
    const end = (error?: unknown) => this.#end(id, lifetime, headers['x-request-id'], error);
    const next = (payload: string) => this.#next(id, lifetime, payload);
    const running = async (): Promise<void> => {
      if (!subscription) {
        const heads = new ResponseHeads();
        next(JSON.stringify(withHeads(await this.engine.execute(prepared, body, { ...caller, heads }), heads)));
        return end();
      }
      const { encode } = subscription;
      if (!('event' in subscription)) {
        const send = (payload: string) => {
          next(payload);
          return this.#stream?.drained();
        };
        const sink = {
          next(message: Parameters<typeof encode>[0]) {
            const payload = encode(message);
            return typeof payload === 'string' ? send(payload) : payload.then(send);
          },
          gap: () => {},
          end,
        };
        return serveStream(this.engine.transport, { ...caller, operation: subscription.operation, input: subscription.input }, sink);
      }
      const { event, params, release } = subscription;
      const { signal } = lifetime;
      onAbort(signal, release);
      const lastEventId = lastEventIdOf(body);
      const sink = encodingSink(encode, (error) => this.engine.present(error), { next, gap: () => next(GAP), end }, lastEventId);
      return this.engine.transport.subscribe({ event, params, signal, headers, lastEventId, peer }, sink);
    };
    void running().catch(end);
  }

  #next(id: string, lifetime: Lifetime, payload: string): void {
    if (!lifetime.reason) this.#stream?.write(`event: next\ndata: {"id":${JSON.stringify(id)},"payload":${payload}}\n\n`);
  }

  #end(id: string, lifetime: Lifetime, requestId: string | undefined, error: unknown): void {
    if (lifetime.reason) return;
    if (error !== undefined)
      this.#next(id, lifetime, JSON.stringify({ errors: this.#encode(error, requestId), extensions: { end: true } }));
    this.#stream?.write(`event: complete\ndata: {"id":${JSON.stringify(id)}}\n\n`);
    lifetime.abort(LEFT);
  }

  #encode(error: unknown, requestId: string | undefined) {
    if (error instanceof RequestError) return error.encode(requestId);
    const shown = this.engine.present(error);
    return [encodeError(shown.with({ requestId: shown.requestId ?? requestId }).toJSON())];
  }
}
