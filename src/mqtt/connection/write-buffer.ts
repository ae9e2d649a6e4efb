import type { Duplex } from 'node:stream';

/** Bytes that are collected at most: about what a stream of Node holds before it says to wait. */
const MAX_BYTES = 16_384;
/** Longer pieces are copied by the runtime: below, calling it costs more than copying. */
const SHORT_BYTES = 16;

type Write = (piece: unknown, encoding?: unknown, callback?: unknown) => boolean;

/**
 * Collects what is written to a connection within one turn of the event loop: the packets of many messages are one write, one system call,
 * and on a WebSocket one frame. mqtt.js writes each field of a packet by itself. If the platform has no `Buffer`, it stays as it is.
 */
export function bufferWrites(stream: Duplex): void {
  if (typeof Buffer === 'undefined' || typeof setImmediate !== 'function') return;
  const write = stream.write.bind(stream) as Write;
  const end = stream.end.bind(stream) as (...args: unknown[]) => Duplex;
  let buffer = Buffer.allocUnsafe(MAX_BYTES);
  /** The collected part lies between the two; the stream may still hold the part before. */
  let start = 0;
  let at = 0;
  let isScheduled = false;

  const flush = (): void => {
    if (at === start) return;
    const collected = buffer.subarray(start, at);
    start = at;
    if (!stream.destroyed) write(collected);
  };
  const flushLater = (): void => {
    isScheduled = false;
    flush();
  };
  /** False for a piece that is too large to be collected. */
  const reserve = (bytes: number): boolean => {
    if (at + bytes > MAX_BYTES) {
      flush();
      if (bytes > MAX_BYTES) return false;
      if (stream.writableLength > 0) buffer = Buffer.allocUnsafe(MAX_BYTES);
      start = at = 0;
    }
    if (!isScheduled) {
      isScheduled = true;
      setImmediate(flushLater);
    }
    return true;
  };
  const collect: Write = (piece, encoding, callback) => {
    if (typeof piece === 'string' && (encoding === undefined || encoding === 'utf8') && callback === undefined) {
      // A character has 3 bytes at most.
      if (!reserve(piece.length * 3)) return write(piece);
      at += buffer.write(piece, at);
    } else if (piece instanceof Uint8Array && encoding === undefined && callback === undefined) {
      const { length } = piece;
      if (!reserve(length)) return write(piece);
      if (length > SHORT_BYTES) buffer.set(piece, at);
      else for (let index = 0; index < length; index++) buffer[at + index] = piece[index] ?? 0;
      at += length;
    } else {
      flush();
      return write(piece, encoding, callback);
    }
    return !stream.writableNeedDrain;
  };
  // Without `cork`, mqtt.js schedules no `uncork` for each packet.
  Object.assign(stream, { write: collect, cork: undefined, end: (...args: unknown[]) => (flush(), end(...args)) });
}
