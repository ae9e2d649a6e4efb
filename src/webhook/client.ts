/**
 * Receives, verifies and signs webhooks.
 *
 * @module multi-api-sdk/webhook
 * @group Clients
 */

import type { Contract } from '../core/contract.ts';
import { ApiError, transportClosed } from '../core/errors.ts';
import { bytes, kept, ms, readOptions } from '../core/options.ts';
import { compileMatch } from '../events/hub.ts';
import { HTTP_CLIENT_OPTIONS, HTTP_CLIENT_READERS, type HttpClientOptions } from '../http/client/options.ts';
import { endpointUrl } from '../http/client/page-url.ts';
import type { HttpHandler } from '../http/message/message.ts';
import { publicBase } from '../http/serve/public-url.ts';
import { onAbort } from '../life/lifetime.ts';
import { after, type StopTimer } from '../life/timers.ts';
import { defineAdapter } from '../guard/guard.ts';
import { joinHeaders } from '../peer/headers.ts';
import { guardOnWire, type OnWire } from '../peer/on-wire.ts';
import { eventsOnly } from '../events/events-only.ts';
import type { Adapter, EventSink, Headers, EventRequest, SubscribeRequest, Transport } from '../core/transport.ts';
import type { Listener } from './listeners.ts';
import { Receiver, TOKEN, type ReceiverOptions } from './receiver.ts';
import { Registry, type Registered } from './registry.ts';
import { findScheme } from './signing/find-scheme.ts';
import { checkPublicKey } from './signing/public-key.ts';
import { readSecret, type WebhookSecret } from './signing/secret.ts';
import { SUBSCRIPTIONS_PATH, type SubscriptionInput } from './wire.ts';

export { isWebhookError, WEBHOOK_REASONS, WebhookError, type WebhookReason } from './error.ts';
export type { WebhookContent } from './body/content.ts';
export type { ReadContext } from '../guard/mapped-sink.ts';
export type { ReadWebhook } from './body/provider.ts';
export type { WebhookHandshakeOption } from './challenge.ts';
export type { WebhookGrant } from './grant.ts';
export type { WebhookEventMapping, WebhookInfo } from './mapping.ts';
export type { ReceiverOptions, UnhandledWebhook } from './receiver.ts';
export type {
  FoundKey,
  HandshakeAnswer,
  SignedContent,
  WebhookHandshake,
  WebhookSchemeDefinition,
  WebhookValue,
} from './signing/definition.ts';
export type { WebhookScheme } from './signing/find-scheme.ts';
export type { DigestEncoding, HashName } from './signing/crypto.ts';
export type { ProviderName } from './signing/providers.ts';
export type { WebhookHandshakeName } from './signing/handshakes.ts';
export type { WebhookRequest } from './signing/request.ts';
export type { SigningScheme } from './signing/schemes.ts';
export { makeWebhookSecret, type SecretForm, type WebhookSecret } from './signing/secret.ts';
export { memorySeenStore, type SeenClaim, type SeenStore, type SeenStoreOptions } from '../stores/seen.ts';
export {
  signWebhook,
  verifyWebhook,
  type SignWebhookOptions,
  type VerifiedWebhook,
  type VerifyWebhookOptions,
  type WebhookHeaders,
} from './signing/signature.ts';

/** How the receiver subscribes by itself. */
export interface WebhookSubscribeOptions {
  /** The peer's subscription API: `https://api.example.com/v1/subscriptions`; without a path, at `/webhooks/subscriptions`. */
  readonly url: string;
  /** The URL by which the peer reaches the handler: `https://example.com/webhook/callback`. */
  readonly callbackUrl: string;
  /** How bodies are written. @default 'json' */
  readonly format?: 'json' | 'xml' | undefined;
  /** Whether an event waits until those before it are handled. @default true */
  readonly ordered?: boolean | undefined;
}

/** Options of `webhook`. Those of a client over HTTP, such as `headers` and `tls`, are for requests to the subscription API. */
export interface WebhookOptions extends ReceiverOptions, HttpClientOptions {
  /** Sees what really went over the wire, the subscription API's and the webhooks, credentials redacted. */
  readonly onWire?: OnWire | undefined;
  /** Subscribes for each listener, and takes it back when the listener leaves. Without it, you have subscribed by hand. */
  readonly subscribe?: WebhookSubscribeOptions | undefined;
}

/** A transport of events, and the handler that receives them. */
export interface WebhookAdapter extends Adapter<'subscribe'> {
  /** For `listen`, `nodeListener` or `fetchHandler`. */
  readonly handler: HttpHandler;
}

/** How long leaving may take, in milliseconds. A peer that cannot be reached finds out by itself (410). */
const LEAVE_MS = 5000;
/** How long a subscription that is being made may still be answered after its listener has left, in milliseconds. */
const LINGER_MS = 500;

const READERS = {
  ...HTTP_CLIENT_READERS,
  toleranceMs: ms(undefined, { zero: true }),
  maxBodyBytes: bytes(),
  seenTtlMs: kept(),
  seenLeaseMs: ms(),
};
const OTHERS = [
  ...([
    'secret',
    'scheme',
    'handshake',
    'grant',
    'events',
    'onUnhandled',
    'publicUrl',
    'read',
    'clock',
    'store',
    'ack',
    'waitUntil',
  ] as const),
  ...(['path', 'onError', 'subscribe'] as const),
  ...HTTP_CLIENT_OPTIONS,
] as const;

/**
 * Receives webhooks: verified, validated, each once. Mount `handler`, and listen with a client:
 * `createClient({ transport: hooks }).onArticlePublished(…)`. Formats: docs/protocols/webhook.md.
 */
export function webhook(given: WebhookOptions): WebhookAdapter {
  const publicUrl = publicBase('webhook', given.publicUrl);
  const options: WebhookOptions = { ...readOptions('webhook', given, READERS, OTHERS), publicUrl };
  const { secret, scheme = 'standard', subscribe } = options;
  const { secrets, foreign } = findScheme(scheme, 'webhook');
  if (secret === undefined && !subscribe && !foreign?.keys)
    throw new TypeError("webhook: give the sender's 'secret', or 'subscribe' to subscribe to a peer");
  for (const each of Array.isArray(secret) ? (secret as WebhookSecret[]) : [secret as WebhookSecret])
    if (secret === undefined) continue;
    else if (foreign?.publicKey) checkPublicKey(foreign, each);
    else readSecret(each, secrets);
  if (subscribe && !URL.canParse(subscribe.callbackUrl))
    throw new TypeError(`webhook: subscribe.callbackUrl '${subscribe.callbackUrl}' is not a URL`);
  const target = subscribe && { ...subscribe, url: endpointUrl('webhook: subscribe.url', subscribe.url, SUBSCRIPTIONS_PATH) };
  const guarded = guardOnWire(options, options.onError);
  if (subscribe && options.events) throw new TypeError("webhook: 'events' maps a sender that you subscribe by hand: leave out 'subscribe'");
  const receiver = new Receiver(guarded);
  const adapter = defineAdapter<'subscribe'>((contract) => {
    receiver.use(contract);
    return target ? new RegisteredTransport(contract, receiver, guarded, target) : new WebhookTransport(contract, receiver);
  });
  return Object.assign(adapter, { handler: receiver.handler });
}

/** Webhooks that arrive go to every listener. */
class WebhookTransport implements Transport {
  readonly name = 'webhook';
  readonly #listeners = new Set<Listener>();

  readonly contract: Contract;
  protected readonly receiver: Receiver;

  constructor(contract: Contract, receiver: Receiver) {
    this.contract = contract;
    this.receiver = receiver;
  }

  async call(): Promise<never> {
    throw new ApiError('UNIMPLEMENTED', 'webhooks carry no calls: route them to another protocol, such as rest', { sent: false });
  }

  async subscribe(asked: SubscribeRequest, sink: EventSink): Promise<void> {
    const request = eventsOnly(asked, 'webhooks');
    if (request.signal.aborted) return;
    const listener = this.listen(request, sink, undefined);
    onAbort(request.signal, () => this.forget(listener));
    // Webhooks that came while nobody listened were refused, and come again; those before this process are not known.
    if (request.lastEventId !== undefined && this.receiver.lastIds.get(request.event.type) !== request.lastEventId) sink.gap();
  }

  async close(): Promise<void> {
    for (const listener of this.#listeners) this.forget(listener);
  }

  protected listen(request: EventRequest, sink: EventSink, registration: Listener['registration']): Listener {
    const { name, type } = request.event;
    const listener: Listener = {
      contract: this.contract,
      event: name,
      type,
      sink,
      matches: registration ? () => true : compileMatch(request),
      handled: new Set(),
      state: new Map(),
      ...(registration && { registration }),
    };
    this.#listeners.add(listener);
    this.receiver.add(listener);
    return listener;
  }

  protected forget(listener: Listener): void {
    this.#listeners.delete(listener);
    this.receiver.delete(listener);
  }
}

/** Each listener has a subscription of its own at the peer. */
class RegisteredTransport extends WebhookTransport {
  readonly #registry: Registry;
  /** Requests that must come to an end before the carrier is closed. */
  readonly #work = new Set<Promise<void>>();
  #isClosed = false;

  private readonly options: WebhookOptions;
  private readonly target: WebhookSubscribeOptions;

  constructor(contract: Contract, receiver: Receiver, options: WebhookOptions, target: WebhookSubscribeOptions) {
    super(contract, receiver);
    this.options = options;
    this.target = target;
    this.#registry = new Registry(target.url.replace(/\/$/, ''), options);
  }

  override async subscribe(asked: SubscribeRequest, sink: EventSink): Promise<void> {
    const request = eventsOnly(asked, 'webhooks');
    const { event, params, lastEventId, signal } = request;
    if (this.#isClosed) throw CLOSED;
    const headers = await joinHeaders(this.options.headers, request.headers);
    if (signal.aborted) return;
    const token = crypto.randomUUID();
    const callback = new URL(this.target.callbackUrl);
    callback.searchParams.set(TOKEN, token);
    const { format, ordered = true } = this.target;
    const input: Partial<SubscriptionInput> = {
      url: callback.href,
      events: [event.type],
      ...(format && { format }),
      ...(Object.keys(params).length > 0 && { params: params as SubscriptionInput['params'] }),
      ordered,
      notices: true,
      ...(lastEventId !== undefined && { lastEventId }),
    };
    let settle: (secret: string | Promise<string>) => void = () => {};
    const secret = new Promise<string>((resolve) => (settle = resolve));
    secret.catch(() => {});
    const listener = this.listen(request, sink, { token, secret });
    onAbort(signal, () => this.forget(listener));
    const starting = new AbortController();
    // The peer may have answered already, and then there is something to take back: it gets a moment.
    let stop: StopTimer | undefined;
    const unlink = onAbort(signal, () => (stop = after(LINGER_MS, () => starting.abort(signal.reason))));
    const work = this.#registry.create(input, headers, starting.signal).finally(() => {
      unlink();
      stop?.();
    });
    this.#track(
      work.then(
        (registered) => void onAbort(signal, () => this.#leave(registered, headers)),
        () => {},
      ),
    );
    try {
      settle((await work).secret);
    } catch (error) {
      this.forget(listener);
      settle(Promise.reject(ApiError.from(error, 'UNKNOWN', 'subscribing failed')));
      throw error;
    }
  }

  override async close(): Promise<void> {
    this.#isClosed = true;
    await super.close();
    while (this.#work.size > 0) await Promise.all(this.#work);
    await this.#registry.close();
  }

  /** With the headers that it was made with: they say whose it is. */
  #leave({ id }: Registered, headers: Headers): void {
    const leaving = new AbortController();
    const stop = after(LEAVE_MS, () => leaving.abort(CLOSED));
    this.#track(
      this.#registry
        .delete(id, headers, leaving.signal)
        // The peer finds out by itself: the handler answers 410.
        .catch(() => {})
        .finally(stop),
    );
  }

  #track(work: Promise<void>): void {
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
  }
}

const CLOSED = transportClosed({ sent: false });
