import type { LookupFunction } from 'node:net';
import type { Agent } from 'undici';
import { codeOf } from '../../http/client/fetch-like.ts';
import { isApiError } from '../../core/errors.ts';
import { onAbort, timerMs } from '../../life/lifetime.ts';
import { after } from '../../life/timers.ts';
import type { ResolvedAddress, Target, TargetGuard } from './target.ts';

/** The result of a request to an endpoint. */
export interface Outcome {
  /** Absent if there was no answer. */
  readonly status?: number;
  readonly retryAfter?: string;
  /** Why there was none. */
  readonly error?: string;
  /** How the answer began. */
  readonly response?: string;
}

/** The answer to a question, or why there was none. */
export interface Answer extends Pick<Outcome, 'error'> {
  /** The single ones, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface CarrierOptions {
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
}

/** The part of an answer that goes into the log, in characters. */
const LOGGED = 500;

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'the host cannot be reached',
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
};

/**
 * Posts to endpoints. A connection goes to the address that was checked and to no other, whatever the name resolves to by then;
 * redirects are not followed, and of an answer no more is read than is allowed.
 */
export class Carrier {
  /** The checked address of each host that is being sent to. */
  readonly #pins = new Map<string, { readonly to: ResolvedAddress; users: number }>();
  #agent: Promise<Agent> | undefined;

  private readonly guard: TargetGuard;
  private readonly options: CarrierOptions;

  constructor(guard: TargetGuard, options: CarrierOptions) {
    this.guard = guard;
    this.options = options;
  }

  /** Never rejects. Puts into `cuts` what ends it at once, for as long as it lasts. */
  async post(url: string, headers: Record<string, string>, body: string, cuts: Set<() => void>): Promise<Outcome> {
    const { headers: _, ...outcome } = await this.#exchange(url, 'POST', headers, body, cuts);
    return outcome;
  }

  /** Asks with OPTIONS. Never rejects. */
  ask(url: string, headers: Record<string, string>): Promise<Answer> {
    return this.#exchange(url, 'OPTIONS', headers, null, new Set());
  }

  async #exchange(
    url: string,
    method: 'POST' | 'OPTIONS',
    headers: Record<string, string>,
    body: string | null,
    cuts: Set<() => void>,
  ): Promise<Outcome & Answer> {
    const controller = new AbortController();
    const { timeoutMs } = this.options;
    const stop = after(timeoutMs, () => controller.abort(new Error(`no answer within ${timeoutMs} ms`)));
    const cut = () => controller.abort(new Error('the dispatcher was closed'));
    cuts.add(cut);
    try {
      const target = await this.#check(url, controller.signal);
      return await this.#send(target, method, headers, body, controller.signal);
    } catch (error) {
      return { error: explain(error, controller.signal), headers: {} };
    } finally {
      stop();
      cuts.delete(cut);
    }
  }

  /** A resolver may take its time. */
  #check(url: string, signal: AbortSignal): Promise<Target> {
    return new Promise((resolve, reject) => {
      onAbort(signal, () => reject(signal.reason as Error));
      this.guard.check(url).then(resolve, reject);
    });
  }

  /** Begins to load what the first request needs. */
  prepare(): void {
    this.#agent ??= this.#makeAgent();
  }

  async close(): Promise<void> {
    await (await this.#agent)?.destroy();
  }

  async #send(
    target: Target,
    method: 'POST' | 'OPTIONS',
    headers: Record<string, string>,
    body: string | null,
    signal: AbortSignal,
  ): Promise<Outcome & Answer> {
    const { origin, hostname, pathname, search } = target.url;
    const agent = await (this.#agent ??= this.#makeAgent());
    const pin = { to: target, users: (this.#pins.get(hostname)?.users ?? 0) + 1 };
    this.#pins.set(hostname, pin);
    try {
      const response = await agent.request({
        origin,
        path: pathname + search,
        method,
        headers,
        body,
        signal,
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      const retryAfter = response.headers['retry-after'];
      const text = await readStart(response.body, this.options.maxResponseBytes);
      return {
        status: response.statusCode,
        headers: Object.fromEntries(
          Object.entries(response.headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
        ),
        ...(typeof retryAfter === 'string' && { retryAfter }),
        ...(text !== '' && { response: text }),
      };
    } finally {
      const left = this.#pins.get(hostname);
      if (left && --left.users === 0) this.#pins.delete(hostname);
    }
  }

  async #makeAgent(): Promise<Agent> {
    const { Agent } = await import('undici');
    const { timeoutMs } = this.options;
    // No limit of connections to a host: an endpoint that hangs must not hold up another of the same host.
    return new Agent({
      connect: { timeout: timerMs(timeoutMs), lookup: this.#lookup },
      keepAliveTimeout: 10_000,
      maxResponseSize: -1,
    });
  }

  /** Asked by the socket for every new connection, but never for one to an address in the URL, which was checked as it is. */
  readonly #lookup: LookupFunction = (host, options, callback) => {
    const pin = this.#pins.get(host)?.to;
    const answer = ({ address, family }: ResolvedAddress) => {
      if (options.all) callback(null, [{ address, family }]);
      else callback(null, address, family);
    };
    if (pin) answer(pin);
    else this.guard.find(host).then(answer, (error: Error) => callback(error, '', 4));
  };
}

/** Reads up to `maxBytes`, so that the connection can be used again; a longer answer is cut off. */
async function readStart(body: AsyncIterable<Uint8Array> & { destroy(): unknown }, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      // No more than is kept: a part of a text keeps all of it in memory.
      if (text.length < LOGGED) text += decoder.decode(chunk.subarray(0, 4 * LOGGED), { stream: true });
      // Leaving the loop destroys the stream and its connection.
      if (bytes > maxBytes) break;
    }
  } catch {
    // It broke off, or took too long: the status has said already what became of the webhook.
  }
  return text.slice(0, LOGGED);
}

function explain(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return (signal.reason as Error).message;
  if (isApiError(error)) return error.text;
  const code = codeOf(error);
  return code === undefined ? 'the request failed' : `${REASONS[code] ?? 'the request failed'} (${code})`;
}
