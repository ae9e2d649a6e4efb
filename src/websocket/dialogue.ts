import { ApiError, type ErrorCode } from '../core/errors.ts';
import { checkMappings } from '../guard/check-mappings.ts';
import { cancelled, onAbort } from '../life/lifetime.ts';
import { reporter } from '../life/report.ts';
import type { inTime } from '../life/timers.ts';
import { jsonOrText } from '../http/events/foreign-text.ts';
import { MAX_LEVELS, parseJson } from '../peer/json.ts';
import { shownUrl } from '../peer/redact/shown-url.ts';
import type { Socket, SocketHooks, SocketOptions } from '../socket/client/socket.ts';
import type { Frame } from '../socket/client/like.ts';
import { frameOf, framesOf, shownFrame } from './channel/feed.ts';
import { isPromiseLike } from '../life/maybe.ts';

/** The wishes of a peer that someone else designed, beside calls and events. Frames are JSON, or text if they are not. */
export interface SocketSession {
  /** Makes the frame, or several as a list, that each connection begins with, such as credentials. @default none */
  readonly hello?: () => unknown;
  /**
   * Says whether a frame is the one after which calls and subscriptions may begin, within `connectTimeoutMs`. It throws for a refusal, an `ApiError` with the
   * code that is meant. @default they begin at once
   */
  readonly isReady?: (frame: unknown) => boolean;
  /** Makes the frame, or several as a list, that a frame of the peer is answered: a challenge, a heartbeat, an event to acknowledge. `undefined` is no answer. @default none */
  readonly answer?: (frame: unknown) => unknown;
  /**
   * Says that the peer asks with a frame for another connection: this one is given up, and subscriptions come back on a new one. @default no frame does
   */
  readonly isOver?: (frame: unknown) => boolean;
  /** The meaning of the peer's own close codes, which decides whether the client connects again: `{ 4004: 'UNAUTHENTICATED' }`. @default UNAVAILABLE */
  readonly closeCodes?: Readonly<Record<number, ErrorCode>>;
  /** Makes the frame that is sent every `pingIntervalMs`, to which any frame is a sign of life. @default ping frames of `ws` */
  readonly heartbeat?: () => unknown;
  /**
   * Reads the interval of heartbeats out of a frame in which the peer names it, in milliseconds; `undefined` for other frames. Without `heartbeat` it is
   * the longest silence of a peer that sends them itself. @default `pingIntervalMs`
   */
  readonly heartbeatMs?: (frame: unknown) => number | undefined;
  /** Whether binary frames come as bytes. @default false: they are read as UTF-8, for peers that send JSON in them */
  readonly binary?: boolean;
}

/** How the frames of a peer differ from those of JSON-RPC 2.0. */
export interface RpcFrames {
  /** Makes the peer's frame of a request: `{ id, method, params }`, without `id` for a notification. */
  readonly write?: (message: { readonly id?: number; readonly method: string; readonly params?: unknown }) => unknown;
  /** Makes `{ id, result }`, `{ id, error: { code, message, data } }` or a notification `{ method, params }` of the peer's frame; `undefined` is none of them. */
  readonly read?: (frame: unknown) => unknown;
}

/** The part of a connection that a protocol needs. */
export type SocketEnd = Pick<Socket, 'isOpen' | 'send' | 'need' | 'close' | 'fail'>;

/** How a protocol opens its connections. */
export type OpenSocket = (options: SocketOptions, hooks: (socket: SocketEnd) => SocketHooks) => Promise<unknown>;

/**
 * The part of a connection that a dialogue takes. The functions are given, because a bundler would otherwise put all that they need into a chunk of its own.
 */
export interface DialogueCarrier {
  readonly open: typeof Socket.open;
  readonly inTime: typeof inTime;
  readonly url: string;
  readonly connectTimeoutMs: number;
}

/** Needed by a dialogue. */
export interface DialogueOptions extends DialogueCarrier {
  readonly session: SocketSession | undefined;
  readonly frames: RpcFrames | undefined;
  readonly onError: ((error: unknown) => void) | undefined;
  /** Whether the protocol above has its own way to ask for a sign of life. */
  readonly asks: boolean;
  /** Sees the frames that the protocol above does not; what is sent before it begins may be credentials, and is redacted. */
  readonly onFrame: (direction: 'out' | 'in', text: string) => void;
}

/** Opens connections as `Socket.open` does, with the talk that a foreign peer wants: the protocol above begins when the peer is ready. */
export function dialogueOpener(dialogue: DialogueOptions): OpenSocket {
  return async (options: SocketOptions, hooks: (socket: SocketEnd) => SocketHooks) => {
    let talk: Dialogue | undefined;
    let inner: SocketHooks | undefined;
    let lost: { readonly error: ApiError; readonly code: number } | undefined;
    const closeCodes = { ...options.closeCodes, ...dialogue.session?.closeCodes };
    const socket = await dialogue.open({ ...options, closeCodes }, (opened) => {
      const made = (talk = new Dialogue(dialogue, opened));
      const onLost: SocketHooks['onLost'] = (error, code) => {
        made.lost(error);
        lost = { error, code };
        inner?.onLost(error, code);
      };
      const take = (frame: Frame): void => {
        if (!made.receive(frame)) return;
        // It closes when all that was sent is gone.
        void opened.close(LEAVING);
        onLost(new ApiError('UNAVAILABLE', `${shownUrl(options.url)}: the peer asks for another connection`), LEAVING);
      };
      const refuse = (text: string): void =>
        inner ? inner.onTooLarge(text) : opened.fail('an early frame is over the limit (maxMessageBytes)');
      const takeBytes = (data: unknown): void => {
        // Bytes of `ws` and of the platform alike.
        const bytes = new Uint8Array(data as ArrayBuffer);
        if (bytes.length > options.maxMessageBytes) refuse('');
        else take(bytes);
      };
      return {
        onText: take,
        onBytes: dialogue.session?.binary === true ? takeBytes : undefined,
        onTooLarge: refuse,
        onLost,
        ping: made.heartbeat ?? (dialogue.asks ? () => inner?.ping?.() : undefined),
      };
    });
    await talk?.start(options.signal);
    const begun = (inner = hooks(talk?.end ?? socket));
    talk?.begin((frame) => (typeof frame === 'string' ? begun.onText(frame) : begun.onBytes?.(frame)));
    // It may have ended since the peer was ready; the frames before that count.
    if (lost) begun.onLost(lost.error, lost.code);
  };
}

/** A code of our own: after 1000 and 1001 some peers forget the session that the next connection resumes. */
const LEAVING = 4900;

/** The longest interval of timers. */
const MAX_INTERVAL_MS = 2_147_483_647;

/** Frames that may come before the protocol above has begun: a peer that sends more is left, rather than some of them. */
const MAX_EARLY = 1000;

/** The part of a connection to a foreign peer that is about neither calls nor events. */
class Dialogue {
  /** The connection as the protocol above uses it. */
  readonly end: SocketEnd;
  #isReady: boolean;
  #ready: () => void = () => {};
  #fail: (error: unknown) => void = () => {};
  readonly #settled: Promise<void>;
  /** Messages that came after the peer was ready, until someone hears them. */
  #early: Frame[] = [];
  #hear: ((frame: Frame) => void) | undefined;
  readonly #report: (error: unknown) => void;

  private readonly options: DialogueOptions;
  private readonly socket: Socket;

  /** Throws a `TypeError` for an unknown member. */
  constructor(options: DialogueOptions, socket: Socket) {
    checkSession(options);
    this.options = options;
    this.socket = socket;
    this.#report = reporter(options.onError);
    this.#isReady = options.session?.isReady === undefined;
    this.#settled = new Promise((resolve, reject) => ([this.#ready, this.#fail] = [resolve, reject]));
    this.#settled.catch(() => {});
    if (this.#isReady) this.#ready();
    const { write } = options.frames ?? {};
    // `write` takes what its author says.
    const send = (frame: Frame) =>
      socket.send(write && typeof frame === 'string' ? frameOf(write(parseJson(frame, MAX_LEVELS) as never)) : frame);
    this.end = {
      get isOpen() {
        return socket.isOpen;
      },
      send,
      need: (isNeeded) => socket.need(isNeeded),
      fail: (why) => socket.fail(why),
      close: (code, reason) => socket.close(code, reason),
    };
  }

  /** Asks for a sign of life, if the peer wants to be asked by a frame of its own. */
  get heartbeat(): (() => void) | undefined {
    const { heartbeat, heartbeatMs } = this.options.session ?? {};
    // A peer that names the interval and is not asked sends its heartbeats itself.
    return heartbeat ? () => this.#sendAll(heartbeat()) : heartbeatMs && (() => {});
  }

  /** Says hello; resolves once the peer is ready. Closes the connection if that fails. */
  async start(signal: AbortSignal): Promise<void> {
    const { connectTimeoutMs, session, inTime } = this.options;
    const url = shownUrl(this.options.url);
    const greet = async () => this.#sendAll(await session?.hello?.());
    // A program that waits for nothing else waits for this.
    this.socket.need(true);
    const unlink = onAbort(signal, () => this.#fail(cancelled(signal)));
    try {
      await inTime(
        connectTimeoutMs,
        Promise.all([greet(), this.#settled]),
        () => new ApiError('UNAVAILABLE', `${url}: the peer was not ready within ${connectTimeoutMs} ms`),
      );
    } catch (cause) {
      await this.socket.close();
      throw ApiError.from(cause, 'UNAVAILABLE', `${url}: the session could not begin: ${(cause as Error).message}`).with({ sent: false });
    } finally {
      unlink();
      this.socket.need(false);
    }
  }

  /** Hands frames on from now, those that came since the peer was ready first. */
  begin(hear: (frame: Frame) => void): void {
    this.#hear = hear;
    for (const frame of this.#early.splice(0)) hear(frame);
  }

  /** Takes a frame. True if it asks for another connection. */
  receive(raw: Frame): boolean {
    const { session, onFrame } = this.options;
    const frame = parsed(raw);
    const shown = shownFrame(raw);
    try {
      this.#keepPace(session?.heartbeatMs?.(frame));
      const answer: unknown = session?.answer?.(frame);
      if (isPromiseLike(answer)) answer.then((made) => this.#sendAll(made)).then(undefined, this.#report);
      else this.#sendAll(answer);
    } catch (error) {
      this.#report(error);
    }
    if (this.#asksToLeave(frame)) {
      onFrame('in', shown);
      return true;
    }
    if (this.#isReady) this.#pass(frame, raw);
    else {
      onFrame('in', shown);
      this.#judge(frame);
    }
    return false;
  }

  /** Asks for signs of life at the interval that the peer has named. */
  #keepPace(intervalMs: number | undefined): void {
    if (intervalMs === undefined) return;
    if (!(intervalMs > 0 && intervalMs <= MAX_INTERVAL_MS))
      throw new TypeError(`session.heartbeatMs must give milliseconds above 0, not ${String(intervalMs)}`);
    this.socket.pingEvery(intervalMs);
  }

  #pass(frame: unknown, raw: Frame): void {
    const { frames, onFrame } = this.options;
    let message: unknown = raw;
    try {
      if (frames?.read) message = frames.read(frame);
    } catch (cause) {
      return this.#report(ApiError.from(cause, 'DATA_LOSS', "the option 'frames' cannot read a frame", { remote: true }));
    }
    if (message === raw && frames && typeof raw !== 'string')
      return this.#report(new ApiError('DATA_LOSS', "a binary frame was dropped: 'frames' has no 'read'", { remote: true }));
    if (message === undefined) return onFrame('in', shownFrame(raw));
    const given = frameOf(message);
    if (this.#hear) this.#hear(given);
    else if (this.#early.length < MAX_EARLY) this.#early.push(given);
    else this.socket.fail(`the peer sent more than ${MAX_EARLY} frames before the session began`);
  }

  lost(error: ApiError): void {
    this.#fail(error);
  }

  #asksToLeave(frame: unknown): boolean {
    try {
      return this.options.session?.isOver?.(frame) === true;
    } catch (error) {
      this.#report(error);
      return false;
    }
  }

  #judge(frame: unknown): void {
    try {
      if (!this.options.session?.isReady?.(frame)) return;
      this.#isReady = true;
      this.#ready();
    } catch (error) {
      this.#fail(error);
    }
  }

  #sendAll(made: unknown): void {
    for (const frame of framesOf(made)) this.#send(frame);
  }

  #send(frame: Frame): void {
    this.options.onFrame('out', this.#hear ? shownFrame(frame) : '[redacted]');
    this.socket.send(frame);
  }
}

/** Throws a `TypeError` for a member that `session` or `frames` cannot have. */
export function checkSession({ session, frames }: Pick<DialogueOptions, 'session' | 'frames'>): void {
  checkMappings('webSocket', { ...(session && { session }) }, [
    'hello',
    'isReady',
    'answer',
    'isOver',
    'closeCodes',
    'heartbeat',
    'heartbeatMs',
    'binary',
  ]);
  checkMappings('webSocket', { ...(frames && { frames }) }, ['write', 'read']);
}

/** A frame as JSON, or as the text or the bytes that it is. */
export function parsed(frame: Frame): unknown {
  return typeof frame === 'string' ? jsonOrText(frame, MAX_LEVELS) : frame;
}
