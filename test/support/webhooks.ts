import type { HttpRequest, HttpResponse } from '../../src/http/message/message.ts';
import { listen } from '../../src/http/node/listen.ts';
import type { WebhookClock } from '../../src/webhook/server.ts';
import { verifyWebhook } from '../../src/webhook/client.ts';
import { until } from './until.ts';

/** A webhook as an endpoint got it. */
export interface Got {
  readonly path: string;
  readonly headers: HttpRequest['headers'];
  readonly body: string;
}

/** An endpoint that answers what it is told, and can be waited on. */
export async function startEndpoint(
  answer: (got: Got, count: number) => Promise<HttpResponse | number> | HttpResponse | number = () => 204,
) {
  const got: Got[] = [];
  const server = await listen(async (request) => {
    const each = { path: request.path, headers: request.headers, body: await request.text(1e7) };
    got.push(each);
    const response = await answer(each, got.length);
    return typeof response === 'number' ? { status: response, headers: {} } : response;
  });
  return {
    url: server.url,
    got,
    wait: (count: number) =>
      until(
        () => got.length >= count,
        () => `${count} webhooks came (${got.length} did)`,
      ),
    close: () => server.close(0),
  };
}

export function verified(got: Got | undefined, secret: string | readonly string[]) {
  return verifyWebhook({ payload: got?.body ?? '', headers: got?.headers ?? {}, secret, toleranceMs: Infinity });
}

/** Time that passes when it is told to. */
export class ManualClock implements WebhookClock {
  #now = Date.UTC(2026, 0, 31);
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>();

  now = () => this.#now;

  after = (ms: number, run: () => void) => {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  /** How long until the next timer, in milliseconds. */
  get nextMs(): number | undefined {
    return this.#timers.size === 0 ? undefined : Math.min(...[...this.#timers].map(({ at }) => at)) - this.#now;
  }

  /** Waits for a timer to be set, and lets it come due. Resolves with how long that was. */
  async next(): Promise<number> {
    await until(() => this.nextMs !== undefined, 'a timer is set');
    const ms = this.nextMs ?? 0;
    this.advance(ms);
    return ms;
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const timer of [...this.#timers]) {
      if (timer.at > this.#now) continue;
      this.#timers.delete(timer);
      timer.run();
    }
  }
}
