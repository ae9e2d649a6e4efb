import { type ApiError, clientClosed } from '../../core/errors.ts';
import { cancelled, onAbort } from '../../life/lifetime.ts';
import { after } from '../../life/timers.ts';
import { CLOSE } from '../../socket/close.ts';
import type { Frame } from '../../socket/client/like.ts';
import { parsed, type SocketEnd } from '../dialogue.ts';
import { decodeChannelError, isObject } from '../wire.ts';

/** One frame that was written, and who waits for its echo. */
interface Writing {
  readonly input: Readonly<Record<string, unknown>>;
  resolve(payload: unknown): void;
  reject(error: ApiError): void;
}

/** The content of a frame; its envelope, if it has one, says the rest. */
export interface ChannelFrame {
  readonly data: unknown;
  readonly id?: string;
  readonly time?: string | undefined;
}

/** The reader of a connection. */
export interface Reader {
  readonly take: (frame: ChannelFrame) => void;
  readonly end: (error?: ApiError) => void;
  /** Called when it is over, with whether the reader left. */
  readonly onLeft: (isOver: boolean) => void;
  /** Frames that subscribe, and that unsubscribe. */
  readonly opening: readonly Frame[];
  readonly closing: readonly Frame[];
}

/** Frames that come before the first reader, which is about to read: more are not kept. */
const MAX_HELD = 1000;

/** One connection to a plain channel, shared by its readers and writers. */
export class ChannelConnection {
  /** With how to forget their signals. */
  readonly #readers = new Map<Reader, () => void>();
  /** The frames that came with the connection, until its first reader has begun. */
  #held: ChannelFrame[] | undefined = [];
  #writing: Writing | undefined;
  /** How the connection ended. */
  #lost: { readonly error: ApiError; readonly code: number } | undefined;
  #turn: Promise<void> = Promise.resolve();

  private readonly socket: SocketEnd;
  readonly #open: (value: unknown) => ChannelFrame | undefined;

  /** `open` takes what a frame carries out of its envelope, and gives nothing for what was reported. */
  constructor(socket: SocketEnd, open: (value: unknown) => ChannelFrame | undefined = bare) {
    this.socket = socket;
    this.#open = open;
    // Code that connected to read has begun to by then.
    after(0, () => (this.#held = undefined));
  }

  get isOpen(): boolean {
    return this.socket.isOpen;
  }

  /** Hands events on until the signal aborts, or the connection ends them: `onLeft` is called with which it was. */
  read(signal: AbortSignal, reader: Reader): void {
    if (!this.#lost) for (const text of reader.opening) this.socket.send(text);
    const unlink = onAbort(signal, () => {
      if (!this.#readers.delete(reader)) return;
      this.#unsubscribe(reader);
      reader.onLeft(true);
      this.#rest();
    });
    this.#readers.set(reader, unlink);
    this.socket.need(true);
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const frame of held) reader.take(frame);
    // Its frames were for this reader, although it ended before.
    if (this.#lost) this.lost(this.#lost.error, this.#lost.code);
  }

  /**
   * Writes one frame; resolves with the payload that comes back. Nothing on the wire says which frame an answer belongs to, so one
   * is written after the other, and the payload that has all that was written is its echo.
   */
  async write(text: Frame, input: Writing['input'], signal: AbortSignal): Promise<unknown> {
    const mine = this.#turn.then(() => this.#write(text, input, signal));
    this.#turn = mine.then(
      () => {},
      () => {},
    );
    return mine;
  }

  #write(text: Frame, input: Writing['input'], signal: AbortSignal): Promise<unknown> {
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
      const unlink = onAbort(signal, () => this.#writing?.reject(cancelled(signal)));
    });
  }

  send(text: Frame): void {
    this.socket.send(text);
  }

  receive(text: Frame): void {
    const frame = this.#open(parsed(text));
    if (!frame) return;
    const refused = decodeChannelError(frame.data);
    if (refused && this.#writing) return this.#writing.reject(refused);
    if (this.#held && this.#readers.size === 0 && this.#held.length < MAX_HELD) this.#held.push(frame);
    for (const reader of [...this.#readers.keys()]) reader.take(frame);
    if (this.#writing && contains(frame.data, this.#writing.input)) this.#writing.resolve(frame.data);
  }

  /** Tells the server that nobody reads any more, unless another reader asked for the same. */
  #unsubscribe({ closing }: Reader): void {
    const others = new Set([...this.#readers.keys()].flatMap((reader) => reader.closing));
    for (const text of closing) if (!others.has(text)) this.#say(text);
  }

  /** Says what needs no answer. If it cannot be sent, the connection is ending, or slower than what is asked of it. */
  #say(text: Frame): void {
    try {
      this.socket.send(text);
    } catch {
      // As said.
    }
  }

  /** Takes a frame over the limit, which may have been for any of those who read or wait. */
  refuse(error: ApiError): void {
    this.#writing?.reject(error);
    this.#endSinks(error);
  }

  lost(error: ApiError, code: number): void {
    this.#lost = { error, code };
    this.#writing?.reject(error);
    // 1000 is the peer's word that all is said: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
    this.#endSinks(code === CLOSE.NORMAL ? undefined : error);
  }

  #endSinks(error: ApiError | undefined): void {
    const all = [...this.#readers];
    this.#readers.clear();
    for (const [{ end, onLeft }, unlink] of all) {
      unlink();
      onLeft(false);
      end(error);
    }
    this.#rest();
  }

  /** Lets the process end if nobody reads and nobody waits. */
  #rest(): void {
    if (this.#readers.size === 0 && !this.#writing) this.socket.need(false);
  }

  async close(): Promise<void> {
    this.lost(clientClosed(), CLOSE.GOING_AWAY);
    await this.socket.close();
  }
}

function bare(data: unknown): ChannelFrame {
  return { data };
}

/** Whether a value has all that another one has, at every depth. */
function contains(value: unknown, part: unknown): boolean {
  if (Array.isArray(part))
    return Array.isArray(value) && value.length === part.length && part.every((item, index) => contains(value[index], item));
  if (isObject(part))
    return isObject(value) && Object.entries(part).every(([name, member]) => member === undefined || contains(value[name], member));
  return value === part;
}
