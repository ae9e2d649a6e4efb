import type { Contract } from '../core/contract.ts';
import { ApiError, isApiError } from '../core/errors.ts';
import { HttpError } from '../http/message/error.ts';
import { codeOfRefusal } from '../http/message/status.ts';
import type { HttpHandler, HttpRequest, HttpResponse } from '../http/message/message.ts';
import { reporter } from '../life/report.ts';
import { every } from '../life/timers.ts';
import { wireOf } from '../schema/codec/codec.ts';
import { compileCheck, issuesError, type Check } from '../schema/validate.ts';
import { redact, type OnWire } from '../peer/on-wire.ts';
import type { EventMessage, EventSink } from '../core/transport.ts';
import { isWebhookError } from './error.ts';
import { contentOf, READERS, type ReadWebhook, type WebhookContent } from './body/provider.ts';
import type { WebhookScheme } from './signing/schemes.ts';
import type { WebhookSecret } from './signing/secret.ts';
import { memorySeenStore, type SeenStore } from '../stores/seen.ts';
import { verifyWebhook, type VerifiedWebhook } from './signing/signature.ts';
import { decodeErrorBody, isObject, NOTICE, problemResponse } from './wire.ts';

/** What a receiver does with what arrives. */
export interface ReceiverOptions {
  /** The secret that the sender gave you, or several while one is replaced. Not needed with `subscribe`, where the peer gives one. */
  readonly secret?: WebhookSecret | readonly WebhookSecret[] | undefined;
  /** How the sender signs. @default 'standard' */
  readonly scheme?: WebhookScheme | undefined;
  /** Finds type, id and data in a body that is not written as the scheme's usually are. */
  readonly read?: ReadWebhook | undefined;
  /** How far a webhook's timestamp may be off, in milliseconds. @default 300_000 (5 minutes) */
  readonly toleranceMs?: number | undefined;
  /** The present time in epoch milliseconds. @default Date.now */
  readonly clock?: (() => number) | undefined;
  /** Which ids were handled already. @default memorySeenStore() */
  readonly store?: SeenStore | undefined;
  /** How long an id that was handled is kept, in milliseconds: longer than the sender goes on trying. @default 345_600_000 (4 days) */
  readonly seenTtlMs?: number | undefined;
  /** After how many milliseconds a webhook may be handled again whose process died; while its listeners run it is kept. @default 60_000 */
  readonly seenLeaseMs?: number | undefined;
  /**
   * When the sender is told that it arrived: once all listeners are done, so that it sends again what failed; or first, for
   * listeners that take longer than it waits. @default 'done'
   */
  readonly ack?: 'done' | 'first' | undefined;
  /** Keeps an edge runtime alive for work that goes on after the answer (`ack: 'first'`). */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /** The only path that the handler answers. @default any */
  readonly path?: string | undefined;
  /** Larger bodies get 413. @default 1_048_576 (1 MiB) */
  readonly maxBodyBytes?: number | undefined;
  /** Sees what really went over the wire, credentials redacted. */
  readonly onWire?: OnWire | undefined;
  /** Gets what the sender is not told: why a webhook was refused, and what failed here. @default console.error */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** One listener's subscription. */
export interface Listener {
  readonly contract: Contract;
  /** The event's name and type. */
  readonly event: string;
  readonly type: string;
  readonly sink: EventSink;
  /** Whether the message has the values that the listener fixed. */
  readonly matches: (message: EventMessage) => boolean;
  /** Absent where the sender knows no subscriptions of ours: then `secret` of the options holds. */
  readonly registration?: Registration;
  /** What it has handled of events that another listener failed at. */
  readonly handled: Set<string>;
}

/** What the peer's subscription API gave. */
export interface Registration {
  /** Stands in the callback URL: it says whose webhook this is. */
  readonly token: string;
  /** Resolves once the peer has answered: webhooks may be faster. */
  readonly secret: Promise<WebhookSecret>;
}

/** The query parameter of the callback URL. */
export const TOKEN = 'subscription';
const MAX_HANDLED = 1000;

/** Takes webhooks over HTTP and hands them to listeners. */
export class Receiver {
  readonly #listeners = new Set<Listener>();
  /** Types that were ever listened to: while nobody does, the sender shall come again. */
  readonly #wanted = new Set<string>();
  readonly #store: SeenStore;
  readonly #ttlMs: number;
  readonly #leaseMs: number;
  readonly #report: (error: unknown) => void;
  readonly #checks = new WeakMap<object, Check>();
  readonly #xml = new WeakMap<Contract, Promise<(text: string) => Parameters<typeof contentOf>[0]>>();
  /** The last event of each type, to tell whether a listener that comes back has missed any. */
  readonly lastIds = new Map<string, string>();

  private readonly options: ReceiverOptions;

  constructor(options: ReceiverOptions) {
    this.options = options;
    this.#store = options.store ?? memorySeenStore();
    this.#ttlMs = options.seenTtlMs ?? 4 * 86_400_000;
    this.#leaseMs = options.seenLeaseMs ?? 60_000;
    this.#report = reporter(options.onError);
  }

  add(listener: Listener): void {
    this.#listeners.add(listener);
    this.#wanted.add(listener.type);
  }

  delete(listener: Listener): void {
    this.#listeners.delete(listener);
  }

  readonly handler: HttpHandler = (request) => {
    const { path } = this.options;
    if (path !== undefined && request.path !== path) return undefined;
    return this.#answer(request);
  };

  async #answer(request: HttpRequest): Promise<HttpResponse> {
    let response: HttpResponse;
    try {
      if (request.method !== 'POST') throw new HttpError(405, `webhooks come by POST, not ${request.method}`, { allow: 'POST' });
      response = await this.#receive(request);
    } catch (error) {
      response = refusal(error, this.#report);
    }
    this.options.onWire?.({
      protocol: 'webhook',
      direction: 'out',
      start: String(response.status),
      headers: redact(Object.entries(response.headers)),
    });
    return response;
  }

  async #receive(request: HttpRequest): Promise<HttpResponse> {
    const body = await request.bytes(this.options.maxBodyBytes ?? 1_048_576);
    const header = (name: string): string | undefined => {
      const value = request.headers[name];
      return typeof value === 'string' ? value : value?.[0];
    };
    this.options.onWire?.({
      protocol: 'webhook',
      direction: 'in',
      start: `POST ${request.path}`,
      headers: redact(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
      body: new TextDecoder().decode(body),
    });
    const token = new URLSearchParams(request.query).get(TOKEN);
    const registered = token === null ? undefined : [...this.#listeners].find((listener) => listener.registration?.token === token);
    if (token !== null && !registered) return { status: 410, headers: {} };
    const secret = registered?.registration ? await registered.registration.secret : this.options.secret;
    if (secret === undefined) return comeAgain();
    const { scheme, toleranceMs, clock } = this.options;
    const webhook = await verifyWebhook({ payload: body, headers: request.headers, secret, scheme, toleranceMs, clock });
    const candidates = registered ? [registered] : [...this.#listeners].filter((listener) => !listener.registration);
    const content = await this.#read(webhook, header, candidates[0]?.contract);
    if (content.type === NOTICE.test) return { status: 204, headers: {} };
    if (registered && (content.type === NOTICE.gap || content.type === NOTICE.end)) return this.#notice(registered, content);
    const listeners = candidates.filter((listener) => listener.type === content.type);
    if (listeners.length === 0)
      return this.#listeners.size === 0 || this.#wanted.has(content.type) ? comeAgain() : { status: 204, headers: {} };
    return this.#deliver(content, webhook, listeners, token ?? '');
  }

  async #deliver(content: WebhookContent, webhook: VerifiedWebhook, listeners: readonly Listener[], scope: string): Promise<HttpResponse> {
    const time = content.time ?? new Date(webhook.timestampMs ?? Date.now()).toISOString();
    const message = { id: content.id ?? crypto.randomUUID(), time, data: content.data };
    // What the peer's own service has sent ends a subscription where it breaks the contract; anyone else's is only refused.
    if (scope === '') for (const listener of listeners) await this.#check(listener, message);
    const key = `${scope}/${message.id}`;
    const claim = await this.#store.begin(key, this.#leaseMs, scope);
    if ('state' in claim) {
      if (claim.state === 'done') return { status: 204, headers: {} };
      return problemResponse(new ApiError('ABORTED', 'this webhook is being handled', { retryAfterMs: 1000 }));
    }
    const { owner } = claim;
    const stop = every(this.#leaseMs / 3, () => void this.#store.renew(key, owner, this.#leaseMs).catch(this.#report), { holds: false });
    const work = this.#handle(key, owner, message, listeners).finally(stop);
    if (this.options.ack !== 'first') {
      await work;
      return { status: 204, headers: {} };
    }
    const reported = work.catch((error: unknown) => error instanceof ListenerFailure || this.#report(error));
    this.options.waitUntil?.(reported);
    return { status: 202, headers: {} };
  }

  async #handle(key: string, owner: string, message: EventMessage, listeners: readonly Listener[]): Promise<void> {
    const todo = listeners.filter((listener) => !listener.handled.has(message.id) && listener.matches(message));
    const results = await Promise.allSettled(todo.map(async (listener) => listener.sink.next(message)));
    const failed = results.find((result) => result.status === 'rejected');
    for (const listener of listeners) this.lastIds.set(listener.type, message.id);
    if (!failed) return this.#store.done(key, owner, this.#ttlMs);
    // Those that are done are not asked again.
    for (const [index, { handled }] of todo.entries()) {
      if (results[index]?.status !== 'fulfilled') continue;
      if (handled.size >= MAX_HANDLED) handled.clear();
      handled.add(message.id);
    }
    await this.#store.failed(key, owner);
    // The client has reported it already.
    throw new ListenerFailure('a listener failed', { cause: failed.reason });
  }

  async #check({ contract, event }: Listener, message: EventMessage): Promise<void> {
    const definition = contract.events[event];
    if (!definition) return;
    let check = this.#checks.get(definition);
    if (!check) this.#checks.set(definition, (check = compileCheck(wireOf(definition.payload))));
    const checked = await check(message.data);
    if (checked.issues) throw issuesError('INVALID_ARGUMENT', `the webhook ${message.id} breaks the contract of ${event}`, checked.issues);
  }

  #notice(listener: Listener, { type, data }: WebhookContent): HttpResponse {
    if (type === NOTICE.gap) listener.sink.gap();
    else {
      this.delete(listener);
      listener.sink.end(decodeErrorBody(isObject(data) ? data['error'] : undefined));
    }
    return { status: 204, headers: {} };
  }

  async #read(
    webhook: VerifiedWebhook,
    header: (name: string) => string | undefined,
    contract: Contract | undefined,
  ): Promise<WebhookContent> {
    const { read, scheme = 'standard' } = this.options;
    if (read) return read(webhook, header);
    const isXml = /^(?:application|text)\/(?:[\w.+-]+\+)?xml\s*(?:;|$)/i.test(header('content-type') ?? '');
    if (!isXml || !contract) return READERS[scheme](webhook, header);
    let decoder = this.#xml.get(contract);
    // Loaded when it is needed: most webhooks are JSON.
    if (!decoder)
      this.#xml.set(contract, (decoder = import('./body/xml-read.ts').then(({ compileXmlDecoder }) => compileXmlDecoder(contract))));
    return contentOf((await decoder)(webhook.text()), webhook);
  }
}

class ListenerFailure extends Error {}

/** Nobody listens yet, or for a moment. */
function comeAgain(): HttpResponse {
  return problemResponse(new ApiError('UNAVAILABLE', 'nobody listens at the moment', { retryAfterMs: 5000 }));
}

/** The sender learns the status and little else: what is wrong with a signature is nobody's business but the receiver's. */
function refusal(error: unknown, onError: (error: unknown) => void): HttpResponse {
  if (error instanceof HttpError)
    return problemResponse(new ApiError(codeOfRefusal(error.status), error.message), error.status, error.headers);
  if (error instanceof ListenerFailure) return problemResponse(new ApiError('INTERNAL', 'the webhook was not handled'));
  onError(error);
  if (isWebhookError(error))
    return problemResponse(new ApiError('UNAUTHENTICATED', 'the webhook was not verified'), error.reason === 'bad-secret' ? 500 : 401);
  if (isApiError(error)) return problemResponse(error);
  return problemResponse(new ApiError('INTERNAL', 'internal error'));
}
