import type { EventSink } from '../core/transport.ts';
import { onAbort } from '../life/lifetime.ts';

/** A sink that has all members: one that a later change adds does not compile until each sink that passes on passes it on. */
type WholeSink = Required<EventSink>;

/** Passes everything on, for a sink that changes a part of it: sinks may be instances of classes, which cannot be spread. */
export function passing(sink: EventSink): WholeSink {
  return {
    next: (message) => sink.next(message),
    gap: () => sink.gap(),
    place: (id) => sink.place?.(id),
    misfits: (report) => sink.misfits?.(report),
    end: (error) => sink.end(error),
  };
}

/** A sink that knows whether its subscription is over. */
export interface OpenSink extends WholeSink {
  /** Nothing passes any more, nor the end. */
  readonly leave: () => void;
}

/**
 * Passes on until the subscription is over: it ended, was left, or its signal aborted; it is one of `all` until then. What events pass before it
 * holds no such state of its own.
 */
export function openSink(sink: EventSink, signal: AbortSignal, all?: Set<OpenSink>): OpenSink {
  let isOpen = true;
  let unlink = () => {};
  const open: OpenSink = {
    next: (message) => (isOpen ? sink.next(message) : undefined),
    gap: () => void (isOpen && sink.gap()),
    place: (id) => void (isOpen && sink.place?.(id)),
    misfits: (report) => sink.misfits?.(report),
    end(error) {
      if (!isOpen) return;
      open.leave();
      sink.end(error);
    },
    leave: () => {
      isOpen = false;
      unlink();
      all?.delete(open);
    },
  };
  all?.add(open);
  unlink = onAbort(signal, open.leave);
  return open;
}
