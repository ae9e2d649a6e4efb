/** The replies of a streamed operation: the properties beside each item, in user properties of MQTT 5 or in an envelope. */
import type { ApiError, ErrorBody, JsonObject } from '../../core/errors.ts';
import type { Headers } from '../../core/transport.ts';
import type { RawHeaders } from '../../guard/serve-call.ts';
import { decodeError, encodeBody, isObject, type Message } from '../wire.ts';

/** Items that a server sends before its reader has granted more. */
export const STREAM_CREDITS = 64;

/** `begin`: it runs. `item`. `beat`: asks an idle reader for a sign of life. `end`: nothing more comes. */
export type PieceKind = 'begin' | 'item' | 'beat' | 'end';

const KINDS: readonly unknown[] = ['begin', 'item', 'beat', 'end'] satisfies PieceKind[];

/** One reply of a stream, as it is sent. */
export interface Piece {
  readonly kind: PieceKind;
  /** Tells this run from that of another process which got the request too. */
  readonly run: string;
  /** Of an item its number from 1, of the end the number after the last item's, otherwise that of the last item. */
  readonly seq: number;
  readonly item?: unknown;
  readonly error?: ErrorBody | undefined;
  /** How often an idle reader is asked. Goes with `begin`. */
  readonly heartbeatMs?: number;
  /** The headers of the answer. Go with `begin`. */
  readonly headers?: Headers | undefined;
}

/** A reply as it came, of a stream or not: an envelope, or a body with user properties beside it. */
export type Reply = { readonly envelope: JsonObject } | { readonly told: RawHeaders; readonly body: unknown };

/** One reply of a stream, as it came. */
export interface ReceivedPiece extends Omit<Piece, 'error' | 'heartbeatMs' | 'headers'> {
  readonly error: ApiError | undefined;
  readonly heartbeatMs: number | undefined;
}

/** How much a reader takes. */
export interface Grant {
  readonly run: string;
  /** The number of the last item that may be sent. A grant that comes twice, or late, changes nothing. */
  readonly upTo: number;
}

export function encodePiece(piece: Piece, correlation: Buffer | undefined, requestId: string): Omit<Message, 'topic' | 'qos'> {
  const { kind, run, seq, item, error, heartbeatMs, headers } = piece;
  return encodeBody(error ?? item, correlation, {
    ...headers,
    stream: kind,
    run,
    seq: String(seq),
    ...(error && { code: error.code }),
    ...(kind === 'begin' && { 'heartbeat-ms': String(heartbeatMs), 'x-request-id': requestId }),
  });
}

/** As `encodePiece`, for a request in an envelope. */
export function encodeEnvelopePiece({ kind, ...piece }: Piece, id: string | number): string {
  return JSON.stringify({ id, stream: kind, ...piece });
}

/** The piece that user properties tell of, if they do. */
export function pieceOf({ stream, run, seq, code, 'heartbeat-ms': heartbeatMs }: RawHeaders, body: unknown): ReceivedPiece | undefined {
  const error = code === undefined ? undefined : decodeError(body, code);
  return read({ stream, run, seq: Number(seq), heartbeatMs: Number(heartbeatMs), ...(error === undefined && { item: body }) }, error);
}

/** The piece in an envelope, if it is one. */
export function envelopePieceOf(reply: JsonObject): ReceivedPiece | undefined {
  return read(reply, reply['error'] === undefined ? undefined : decodeError(reply['error']));
}

function read({ stream, run, seq, item, heartbeatMs }: JsonObject, error: ApiError | undefined): ReceivedPiece | undefined {
  if (!KINDS.includes(stream) || typeof run !== 'string' || !Number.isSafeInteger(seq)) return undefined;
  return {
    kind: stream as PieceKind,
    run,
    seq: seq as number,
    item,
    error,
    heartbeatMs: typeof heartbeatMs === 'number' && heartbeatMs > 0 ? heartbeatMs : undefined,
  };
}

/** Reads what a grant holds; `undefined` for what is none. */
export function grantOf(value: unknown): Grant | undefined {
  if (!isObject(value)) return undefined;
  const { run, upTo } = value;
  return typeof run === 'string' && Number.isSafeInteger(upTo) ? { run, upTo: upTo as number } : undefined;
}
