import { ApiError } from '../../core/errors.ts';
import { onAbort } from '../../life/lifetime.ts';
import { localId } from '../../events/event-id.ts';
import { parseJson } from '../../peer/json.ts';
import type { EventSink } from '../../core/transport.ts';
import { CLOSE } from '../../socket/close.ts';
import { linkClosed } from '../../socket/client/link.ts';
import type { Socket } from '../../socket/client/socket.ts';
import { decodeChannelError, isObject } from '../wire.ts';

/** One frame that was written, and who waits for its echo. */
interface Writing {
  readonly input: Readonly<Record<string, unknown>>;
  resolve(payload: unknown): void;
  reject(error: ApiError): void;
}

/** One connection to a plain channel, shared by its readers and writers. */
export class ChannelConnection {
  /** With what is to be done once they are gone. */
  readonly #sinks = new Map<EventSink, () => void>();
  #writing: Writing | undefined;
  #turn: Promise<void> = Promise.resolve();

  private readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  get isOpen(): boolean {
    return this.socket.isOpen;
  }

  /** Hands events on until the signal aborts, or the connection ends them: `onLeft` is called with which it was. */
  read(signal: AbortSignal, sink: EventSink, onLeft: (isOver: boolean) => void): void {
    const unlink = onAbort(signal, () => {
      if (this.#sinks.delete(sink)) onLeft(true);
      this.#rest();
    });
    this.#sinks.set(sink, () => {
      unlink();
      onLeft(false);
    });
    this.socket.need(true);
  }

  /**
   * Writes one frame; resolves with the payload that comes back. Nothing on the wire says which frame an answer belongs to, so one
   * is written after the other, and the payload that has all that was written is its echo.
   */
  async write(text: string, input: Writing['input'], signal: AbortSignal): Promise<unknown> {
    const mine = this.#turn.then(() => this.#write(text, input, signal));
    this.#turn = mine.then(
      () => {},
      () => {},
    );
    return mine;
  }

  #write(text: string, input: Writing['input'], signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      this.socket.send(text);
      this.socket.need(true);
      const done = () => {
        this.#writing = undefined;
        this.#rest();
        unlink();
      };
      this.#writing = {
        input,
        resolve: (payload) => (done(), resolve(payload)),
        reject: (error) => (done(), reject(error)),
      };
      const unlink = onAbort(signal, () => this.#writing?.reject(ApiError.from(signal.reason, 'CANCELLED', 'the call was cancelled')));
    });
  }

  send(text: string): void {
    this.socket.send(text);
  }

  receive(text: string): void {
    let value: unknown;
    try {
      value = parseJson(text, Infinity);
    } catch {
      return this.#endSinks(new ApiError('DATA_LOSS', `a frame is not JSON: ${text.slice(0, 100)}`, { remote: true }));
    }
    const refused = decodeChannelError(value);
    if (refused) return this.#writing?.reject(refused);
    const message = { id: localId(), time: new Date().toISOString(), data: value };
    for (const sink of [...this.#sinks.keys()]) void sink.next(message);
    if (this.#writing && contains(value, this.#writing.input)) this.#writing.resolve(value);
  }

  /** Takes a frame over the limit, which may have been for any of those who read or wait. */
  refuse(error: ApiError): void {
    this.#writing?.reject(error);
    this.#endSinks(error);
  }

  lost(error: ApiError, code: number): void {
    this.#writing?.reject(error);
    // 1000 is the peer's word that all is said: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
    this.#endSinks(code === CLOSE.NORMAL ? undefined : error);
  }

  #endSinks(error: ApiError | undefined): void {
    const sinks = [...this.#sinks];
    this.#sinks.clear();
    for (const [sink, done] of sinks) {
      done();
      sink.end(error);
    }
    this.#rest();
  }

  /** Lets the process end if nobody reads and nobody waits. */
  #rest(): void {
    if (this.#sinks.size === 0 && !this.#writing) this.socket.need(false);
  }

  async close(): Promise<void> {
    this.lost(linkClosed(), CLOSE.GOING_AWAY);
    await this.socket.close();
  }
}

/** Whether a value has all that another one has, at every depth. */
function contains(value: unknown, part: unknown): boolean {
  if (Array.isArray(part))
    return Array.isArray(value) && value.length === part.length && part.every((item, index) => contains(value[index], item));
  if (isObject(part))
    return isObject(value) && Object.entries(part).every(([name, member]) => member === undefined || contains(value[name], member));
  return value === part;
}
