import { ApiError } from '../core/errors.ts';
import type { Lifetime } from '../life/lifetime.ts';

/** Takes the pieces of one subscription when it stands. */
export interface PieceOutlet<T> {
  write(piece: T): void;
  /** The subscription is over, after all that was written. */
  end(error: ApiError | undefined): void;
  /** More came than may be held: its source is to be left, whose refusal is then no answer. */
  cut?(): void;
}

/** The pieces of one subscription on their way to its caller: holds those that come before it stands, within a bound, and ends once. */
export class HeldPieces<T> {
  #waiting: T[] | undefined = [];
  #size = 0;
  #end: { readonly error: ApiError | undefined } | undefined;
  #isCut = false;

  private readonly max: number;
  private readonly sizeOf: (piece: T) => number;
  private readonly outlet: PieceOutlet<T>;

  constructor(max: number, sizeOf: (piece: T) => number, outlet: PieceOutlet<T>) {
    this.max = max;
    this.sizeOf = sizeOf;
    this.outlet = outlet;
  }

  /** Whether it takes nothing more. */
  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Resolves when the subscription stands, or was cut: then what came of it is held. Rejects with why it was refused. */
  async subscribe(lifetime: Lifetime, subscribe: () => Promise<void>): Promise<void> {
    await lifetime.start(subscribe).catch((error: unknown) => {
      if (!this.#isCut) throw error;
    });
  }

  write(piece: T): void {
    if (this.#end) return;
    if (!this.#waiting) return this.outlet.write(piece);
    this.#waiting.push(piece);
    this.#size += this.sizeOf(piece);
    if (this.#size <= this.max) return;
    this.end(fellBehind());
    this.#isCut = true;
    this.outlet.cut?.();
  }

  /** The subscription stands, and its caller knows. */
  begin(): void {
    const waiting = this.#waiting ?? [];
    const ended = this.#end;
    this.#waiting = undefined;
    for (const piece of waiting) {
      this.outlet.write(piece);
      if (this.#end !== ended) return;
    }
    if (ended) this.outlet.end(ended.error);
  }

  end(error?: ApiError): void {
    if (this.#end) return;
    this.#end = { error };
    if (!this.#waiting) this.outlet.end(error);
  }
}

/** The error of a subscription whose caller takes less than comes. */
export function fellBehind(): ApiError {
  return new ApiError('RESOURCE_EXHAUSTED', 'the reader fell behind: resume from the last event');
}
