import { status as Status, ServerInterceptingCall, type ServerInterceptingCallInterface, type ServerInterceptor } from '@grpc/grpc-js'; // prettier-ignore
import { ApiError } from '../core/errors.ts';

type PartialStatus = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/** The most that may be on its way at a time; the rest waits in the stream, which counts it. */
const WINDOW_BYTES = 65_536;

/**
 * Takes a stream's next message while the one before is on its way, so that a burst leaves in few packets:
 * grpc-js alone waits for each write of the socket, which is most of what an event costs.
 */
class PipelinedCall extends ServerInterceptingCall {
  #onTheWay = 0;
  #waiting: (() => void) | undefined;

  override sendMessage(message: Buffer, done: () => void): void {
    this.#onTheWay += message.length;
    super.sendMessage(message, () => {
      this.#onTheWay -= message.length;
      const waiting = this.#waiting;
      if (!waiting || this.#onTheWay >= WINDOW_BYTES) return;
      this.#waiting = undefined;
      waiting();
    });
    if (this.#onTheWay < WINDOW_BYTES) done();
    else this.#waiting = done;
  }
}

/** Pipelines the messages of the streams with these paths, which are bytes already. */
export function pipelined(paths: ReadonlySet<string>): ServerInterceptor {
  return ({ path }, call: ServerInterceptingCallInterface) =>
    // The other calls stay as they are: the type asks for a wrapper, grpc-js does not.
    paths.has(path) ? new PipelinedCall(call) : (call as ServerInterceptingCall);
}

/** How grpc-js words that a message was over `grpc.max_receive_message_length`. */
const TOO_LARGE = /^Received message (larger than max|that decompresses to a size larger)/;

/**
 * Refuses a request over the limit as `fail` says. grpc-js reads the request before any interceptor sees it, and answers with
 * RESOURCE_EXHAUSTED by the same `sendStatus`; the one function serves all calls, because a closure for each would cost.
 */
export function refuseLarge(maxBytes: number, fail: (error: ApiError) => PartialStatus): ServerInterceptor {
  function sendStatus(this: ServerInterceptingCallInterface, status: PartialStatus): void {
    const isTooLarge = status.code === Status.RESOURCE_EXHAUSTED && TOO_LARGE.test(status.details ?? '');
    const refused = () => fail(new ApiError('INVALID_ARGUMENT', `the request is larger than ${maxBytes} bytes`));
    (Object.getPrototypeOf(this) as ServerInterceptingCallInterface).sendStatus.call(this, isTooLarge ? refused() : status);
  }
  return (_, call: ServerInterceptingCallInterface) => {
    call.sendStatus = sendStatus;
    return call as ServerInterceptingCall;
  };
}
