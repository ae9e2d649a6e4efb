import { isApiError } from '../../core/errors.ts';
import type { Connection } from '../connection/connection.ts';
import type { Topics } from '../topics.ts';

/** How long the probe's messages may take, in milliseconds: later, the broker is taken for one that does not share. */
const PROBE_MS = 2000;

/**
 * Finds out whether a broker shares subscriptions over MQTT 3.1.1, whose specification does not know them: some do (Mosquitto, EMQX, HiveMQ), some
 * refuse, and some take `$share` for a topic's name and say yes all the same. A message through a shared subscription that comes before one
 * that was published after it tells.
 */
export class SharingProbe {
  readonly #shared: string;
  readonly #plain: string;
  #settle: (isShared: boolean) => void = () => {};

  private readonly connection: Connection;
  private readonly topics: Topics;

  constructor(connection: Connection, topics: Topics) {
    this.connection = connection;
    this.topics = topics;
    const own = topics.replies(connection.clientId);
    this.#shared = `${own}/shared`;
    this.#plain = `${own}/plain`;
  }

  /** Whether a message was the probe's. */
  take(topic: string): boolean {
    if (topic === this.#shared) this.#settle(true);
    else if (topic === this.#plain) this.#settle(false);
    else return false;
    return true;
  }

  /** Rejects where the connection is lost. */
  async run(): Promise<boolean> {
    const { connection } = this;
    const filters = [this.topics.shared(this.#shared), this.#plain];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const result = new Promise<boolean>((resolve) => {
      this.#settle = resolve;
      timer = setTimeout(resolve, PROBE_MS, false);
    });
    try {
      await Promise.all(filters.map((filter) => connection.subscribe(filter, 1)));
      const published = [this.#shared, this.#plain].map((topic) => connection.publish({ topic, payload: '', qos: 1 }));
      await Promise.all(published);
      return await result;
    } catch (error) {
      if (isApiError(error) && error.details?.['reasonCode'] !== undefined) return false;
      throw error;
    } finally {
      clearTimeout(timer);
      for (const filter of filters) connection.unsubscribe(filter);
    }
  }
}
