import type { EventMessage, EventRequest, EventSink } from '../core/transport.ts';
import { onAbort } from '../life/lifetime.ts';
import { weightOf } from '../peer/weight.ts';
import { HeldPieces } from './held-pieces.ts';
import { channelKey, Listeners } from './listeners.ts';

/** How many bytes of live events wait for one subscriber that catches up. */
const MAX_HELD_BYTES = 67_108_864;

/** How a hub finds the place of a subscriber. `P` is a place in the order of its events. */
export interface Standing<P> {
  /** The place at which events from now on begin; resolves when they are read. */
  begin(): Promise<P>;
  /** Gives what was missed; resolves with the place up to which that is all. */
  catchUp(give: (message: EventMessage) => void, gap: () => void): Promise<P>;
}

/** The subscribers of a hub whose events are read from a store: live events wait while one catches up, and each hears an event once. */
export class Followers<P> {
  readonly #listeners = new Map<string, Listeners>();
  readonly #gaps = new Map<string, Set<() => void>>();

  private readonly placeOf: (message: EventMessage) => P;
  /** The id of an event at a place. */
  private readonly idOf: (name: string, place: P) => string;
  private readonly isAfter: (place: P, other: P) => boolean;

  constructor(placeOf: (message: EventMessage) => P, idOf: (name: string, place: P) => string, isAfter: (place: P, other: P) => boolean) {
    this.placeOf = placeOf;
    this.idOf = idOf;
    this.isAfter = isAfter;
  }

  /** Whether an event has subscribers. */
  has(name: string): boolean {
    return (this.#gaps.get(name)?.size ?? 0) > 0;
  }

  /** Tells the subscribers of an event, in the order of the hub. */
  tell(name: string, message: EventMessage): void {
    this.#listeners.get(name)?.tell(0, message, []);
  }

  /** Tells subscribers that something is gone that they have not heard: those of one event, or all. */
  gap(name?: string): void {
    const all = name === undefined ? [...this.#gaps.values()] : [this.#gaps.get(name) ?? []];
    for (const each of all) for (const gap of [...each]) gap();
  }

  /** Adds a subscriber until its signal aborts. Rejects as `standing` does; then it was not added. */
  async add(request: EventRequest, sink: EventSink, standing: Standing<P>): Promise<void> {
    const { event, params, signal, lastEventId } = request;
    const fixed = event.params.filter((param) => params[param] !== undefined);
    let place: P | undefined;
    const give = (message: EventMessage): void => {
      const at = this.placeOf(message);
      if (place !== undefined && !this.isAfter(at, place)) return;
      place = at;
      void sink.next(message);
    };
    // Events that come while it catches up.
    const live = new HeldPieces<EventMessage | 'gap'>(MAX_HELD_BYTES, (piece) => 200 + (piece === 'gap' ? 0 : weightOf(piece.data)), {
      write: (piece) => {
        if (signal.aborted) return;
        if (piece === 'gap') sink.gap();
        else give(piece);
      },
      end: (error) => {
        leave();
        sink.end(error);
      },
    });
    const leave = this.#join(
      event.name,
      fixed,
      params,
      (message) => live.write(message),
      () => live.write('gap'),
    );
    onAbort(signal, leave);
    try {
      place = await standing.begin();
      if (lastEventId !== undefined)
        place = await standing.catchUp(
          (message) => void sink.next(message),
          () => sink.gap(),
        );
      else sink.place?.(this.idOf(event.name, place));
    } catch (error) {
      leave();
      throw error;
    }
    live.begin();
  }

  clear(): void {
    this.#listeners.clear();
    this.#gaps.clear();
  }

  #join(
    name: string,
    fixed: readonly string[],
    params: EventRequest['params'],
    hear: (message: EventMessage) => void,
    gap: () => void,
  ): () => void {
    let listeners = this.#listeners.get(name);
    if (!listeners) this.#listeners.set(name, (listeners = new Listeners()));
    let gaps = this.#gaps.get(name);
    if (!gaps) this.#gaps.set(name, (gaps = new Set()));
    const leaveListeners = listeners.add(fixed, params, { since: -1, hear });
    gaps.add(gap);
    return () => {
      leaveListeners();
      gaps.delete(gap);
    };
  }
}

/** The name of the one channel that a subscriber hears, if it has fixed all parameters. */
export function onlyChannel({ event, params }: EventRequest): string | undefined {
  return event.params.every((param) => params[param] !== undefined) ? channelKey(event.params, params) : undefined;
}
