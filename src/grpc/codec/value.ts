import { ApiError, isApiError } from '../../core/errors.ts';
import type { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** How values of one type are written and read, without their tag. */
export interface ValueCodec {
  readonly wire: WireType;
  /** The meaning of an absent field; `undefined` if absence shows. */
  readonly zero: unknown;
  readonly packable: boolean;
  write(writer: BinaryWriter, value: unknown): void;
  /**
   * `left` is how many levels may nest in it; `previous` is what the field has already: a message that is sent twice is one.
   * Source: https://protobuf.dev/programming-guides/encoding/#last-one-wins
   */
  read(reader: BinaryReader, left: number, previous: unknown): unknown;
}

/** A value that a message has, and that the contract's type cannot hold: it must not be changed in silence. */
export class Misfit extends Error {}

/** The error for an answer or event that cannot be read, with the reason if it is known. */
export function unreadable(name: string, what: string, cause: unknown): ApiError {
  const why = isApiError(cause) ? `: ${cause.text}` : '';
  return new ApiError('DATA_LOSS', `${name}: ${what} is not what the .proto file says${why}`, { remote: true, cause });
}

/** A value that its field cannot carry. The message begins with the field's path: `parts[0].name: a value is not text`. */
export class Unencodable extends TypeError {
  readonly path: readonly (string | number)[];
  /** The message without the path. */
  readonly why: string;

  constructor(path: readonly (string | number)[], why: string) {
    const at = path.reduce<string>(
      (text, step) => text + (typeof step === 'number' ? `[${step}]` : `${text === '' ? '' : '.'}${step}`),
      '',
    );
    super(at === '' ? why : `${at}: ${why}`);
    this.path = path;
    this.why = why;
  }
}
