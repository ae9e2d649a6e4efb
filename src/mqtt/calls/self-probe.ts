import { isApiError } from '../../core/errors.ts';
import { after, within } from '../../life/timers.ts';
import type { Connection } from '../connection/connection.ts';
import type { Topics } from '../topics.ts';

/** How long the probe's messages may take, in milliseconds: later, the broker is taken for one that does not share. */
const PROBE_MS = 2000;

/**
 * Messages of a client to itself, which tell what the broker does.
 *
 * `run` finds out whether it shares subscriptions over MQTT 3.1.1, whose specification does not know them: some do (Mosquitto, EMQX, HiveMQ), some
 * refuse, and some take `$share` for a topic's name and say yes all the same. A message through a shared subscription that comes before one
 * that was published after it tells. `flush` waits for what the broker still holds.
 */
export class SelfProbe {
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

  /** Rejects if the connection is lost. */
  async run(): Promise<boolean> {
    const { connection } = this;
    const filters = [this.topics.shared(this.#shared), this.#plain];
    let stop = (): void => {};
    const result = new Promise<boolean>((resolve) => {
      this.#settle = resolve;
      stop = after(PROBE_MS, () => resolve(false));
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
      stop();
      for (const filter of filters) void connection.unsubscribe(filter);
    }
  }

  /** Settles when everything has come that the broker held for this client before `left`: a message to oneself comes after it. Never rejects. */
  async flush(left: Promise<void>, timeoutMs: number): Promise<void> {
    const { connection } = this;
    const { link } = connection;
    if (!link) return;
    const came = new Promise<unknown>((resolve) => (this.#settle = resolve));
    const asked = left
      .then(() => connection.subscribe(this.#plain, 1))
      .then(() => connection.publish({ topic: this.#plain, payload: '', qos: 1 }))
      .then(() => came)
      .catch(() => {});
    await within(timeoutMs, Promise.race([came, asked, link.lost]));
  }
}
