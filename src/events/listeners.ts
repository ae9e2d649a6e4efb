import type { EventMessage } from '../core/transport.ts';

/** One subscriber at a hub. */
export interface Listener {
  /** The number of the last event before it subscribed: it hears later ones only. */
  readonly since: number;
  hear(message: EventMessage, pending: Promise<void>[]): void;
}

type Values = Readonly<Record<string, unknown>>;

/** The name of a concrete channel, or of what a subscriber fixed of it. */
export function channelKey(params: readonly string[], values: Values): string {
  const [only] = params;
  if (only === undefined) return '';
  if (params.length === 1) return String(values[only]);
  return JSON.stringify(params.map((param) => String(values[param])));
}

/** The subscribers of one event, found by the values that they fixed: publishing does not walk those of other channels. */
export class Listeners {
  /** By the parameters that are fixed: there are few such sets, whatever the number of channels. */
  readonly #byParams = new Map<string, { readonly params: readonly string[]; readonly byKey: Map<string, Set<Listener>> }>();

  /** Returns how to leave. */
  add(params: readonly string[], values: Values, listener: Listener): () => void {
    const name = params.join();
    let fixed = this.#byParams.get(name);
    if (!fixed) this.#byParams.set(name, (fixed = { params, byKey: new Map<string, Set<Listener>>() }));
    const { byKey } = fixed;
    const key = channelKey(params, values);
    let listeners = byKey.get(key);
    if (!listeners) byKey.set(key, (listeners = new Set()));
    listeners.add(listener);
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      if (byKey.get(key) === listeners) byKey.delete(key);
      if (byKey.size === 0 && this.#byParams.get(name)?.byKey === byKey) this.#byParams.delete(name);
    };
  }

  tell(n: number, message: EventMessage, pending: Promise<void>[]): void {
    for (const { params, byKey } of this.#byParams.values()) {
      const listeners = byKey.get(channelKey(params, message.data as Values));
      if (listeners) for (const listener of listeners) if (listener.since < n) listener.hear(message, pending);
    }
  }

  clear(): void {
    this.#byParams.clear();
  }
}
