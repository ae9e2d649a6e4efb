import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { checkEncoding, readBefore, tooLarge, notUtf8, readTwice } from '../message/body.ts';
import type { HttpRequest } from '../message/message.ts';
import { collectBody } from './collect-body.ts';
import { piecesOf, streamOf } from './body-stream.ts';
import { afterPoll } from './after-poll.ts';
import { Connection } from './connection.ts';
import { hasMore, isOver, plainHeaders } from './http2.ts';
import { isPromiseLike } from '../../life/maybe.ts';

const ABSOLUTE = /^([a-z][a-z0-9+.-]*:\/\/[^/?]*)(.*)$/i;

/** A request of Node's HTTP server. Everything is read from it when it is asked for. */
export class NodeRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Set if the caller waits for `100 Continue` before it sends the body. */
  awaitsContinue = false;
  // Not `#private`: one is made for each request, and setting those up costs several times as much.
  /** From a target in absolute form, which wins over `Host`: https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2 */
  private authority: string | undefined = undefined;
  private taken = false;
  private onLeave: (() => void) | undefined = undefined;
  private connection: Connection | undefined = undefined;

  readonly raw: IncomingMessage;
  readonly response: ServerResponse;
  readonly bodyTimeoutMs: number;
  private readonly callerOf: ((req: IncomingMessage) => unknown) | undefined;

  constructor(raw: IncomingMessage, response: ServerResponse, bodyTimeoutMs: number, callerOf?: (req: IncomingMessage) => unknown) {
    this.raw = raw;
    this.response = response;
    this.bodyTimeoutMs = bodyTimeoutMs;
    this.callerOf = callerOf;
    this.method = raw.method ?? 'GET';
    let target = raw.url ?? '/';
    if (target.charCodeAt(0) !== 0x2f) {
      const absolute = ABSOLUTE.exec(target);
      if (absolute) {
        this.authority = absolute[1];
        target = absolute[2] ?? '';
        if (!target.startsWith('/')) target = `/${target}`;
      }
    }
    const mark = target.indexOf('?');
    this.path = mark === -1 ? target : target.slice(0, mark);
    this.query = mark === -1 ? '' : target.slice(mark + 1);
  }

  get headers(): HttpRequest['headers'] {
    const { raw } = this;
    return raw.httpVersionMajor < 2 ? raw.headers : plainHeaders(raw.headers);
  }

  get address(): string | undefined {
    return (this.connection ??= Connection.of(this.raw.socket)).address;
  }

  get caller(): unknown {
    const caller = this.callerOf?.(this.raw);
    // A promise is handed on as it is. A service without a `context` does not wait for it, and would leave its rejection unhandled.
    if (isPromiseLike(caller)) caller.then(undefined, () => {});
    return caller;
  }

  /** Whether the connection ended in the middle of the request. */
  get isCut(): boolean {
    return this.raw.destroyed && !this.raw.complete;
  }

  get origin(): string {
    const { headers } = this;
    const { socket } = this.raw;
    const scheme = (socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http';
    return (this.authority ??= `${scheme}://${String(headers['host'] ?? `${socket.localAddress ?? 'localhost'}:${socket.localPort ?? 80}`)}`);
  }

  /** Whether the caller has more to send than was read. */
  get hasUnreadBody(): boolean {
    if (this.raw.complete) return false;
    if (this.raw.httpVersionMajor > 1) return hasMore(this.raw);
    const { headers } = this.raw;
    return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
  }

  onAbort(listener: () => void): void {
    const { raw, response } = this;
    if (raw.httpVersionMajor > 1 && isOver(raw)) return listener();
    if (response.destroyed || raw.socket.destroyed) {
      if (!response.writableFinished) listener();
      return;
    }
    const earlier = this.onLeave;
    // A stream of HTTP/2 ends without its connection.
    if (!earlier && raw.httpVersionMajor > 1) response.once('close', () => this.leave());
    else if (!earlier) (this.connection ??= Connection.of(raw.socket)).add(this);
    this.onLeave = earlier ? () => (earlier(), listener()) : listener;
  }

  /** The connection or the response closed. */
  leave(): void {
    const listener = this.onLeave;
    this.answered();
    // A stream of HTTP/2 that was reset counts as finished; one that was answered is not left.
    if (this.raw.httpVersionMajor > 1 || !this.response.writableFinished) listener?.();
  }

  /** The response has been written. */
  answered(): void {
    if (!this.onLeave) return;
    this.onLeave = undefined;
    this.connection?.delete(this);
  }

  text(maxBytes: number): Promise<string> {
    return this.#read(maxBytes, decodeText);
  }

  bytes(maxBytes: number, encodings?: readonly string[]): Promise<Uint8Array> {
    return this.#read(maxBytes, (bytes) => bytes, encodings);
  }

  stream(maxBytes: number): AsyncIterable<Uint8Array> {
    const { raw } = this;
    if (this.taken) throw readTwice();
    this.taken = true;
    if (raw.readableEnded) return piecesOf([keptBody(raw, maxBytes)]);
    checkEncoding(raw.headers['content-encoding']);
    if (Number(raw.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
    const begin = () => {
      if (!this.awaitsContinue) return;
      this.awaitsContinue = false;
      this.response.writeContinue();
    };
    return streamOf(raw, { maxBytes, timeoutMs: this.bodyTimeoutMs, begin });
  }

  #read<T>(maxBytes: number, convert: (bytes: Buffer) => T, encodings?: readonly string[]): Promise<T> {
    return new Promise((resolve, reject) => {
      const { raw } = this;
      if (this.taken) throw readTwice();
      this.taken = true;
      if (raw.readableEnded) return resolve(convert(keptBody(raw, maxBytes)));
      checkEncoding(raw.headers['content-encoding'], encodings);
      if (Number(raw.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
      if (this.awaitsContinue) {
        this.awaitsContinue = false;
        this.response.writeContinue();
      }
      const settle = (bytes: Buffer) => {
        try {
          if (bytes.length > maxBytes) throw tooLarge(maxBytes);
          resolve(convert(bytes));
        } catch (error) {
          reject(error);
        }
      };
      const collect = () => collectBody(raw, { maxBytes, timeoutMs: this.bodyTimeoutMs }, settle, reject);
      if (raw.httpVersionMajor > 1 || raw.readableFlowing !== null) return collect();
      // Most bodies come with the head. They are taken as a whole then, which costs a third of listening for their pieces.
      afterPoll(() => {
        const isHere = raw.complete && !raw.destroyed && raw.readableFlowing === null && raw.readableLength > 0;
        if (isHere) settle(raw.read() as Buffer);
        else collect();
      });
    });
  }
}

/**
 * The forms in which hosts leave a body that they have read: `rawBody` (Firebase, Cloud Functions, a parser's `verify`), or text and bytes
 * as `body`.
 */
interface ParsedMessage {
  readonly rawBody?: unknown;
  readonly body?: unknown;
}

/** The body of a request that the host has read, if it has kept the bytes. */
function keptBody(raw: IncomingMessage & ParsedMessage, maxBytes: number): Buffer {
  const kept = [raw.rawBody, raw.body].find((each) => typeof each === 'string' || each instanceof Uint8Array);
  if (kept === undefined)
    throw readBefore(
      'mount this before body parsers such as express.json(), or keep the bytes: express.json({ verify: (req, res, bytes) => { req.rawBody = bytes } })',
    );
  const bytes = typeof kept === 'string' ? Buffer.from(kept) : Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength);
  if (bytes.length > maxBytes) throw tooLarge(maxBytes);
  return bytes;
}

function decodeText(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  // Bytes that are not UTF-8 are replaced by this character, which may be meant too.
  if (text.includes('\ufffd') && !isUtf8(bytes)) throw notUtf8();
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
