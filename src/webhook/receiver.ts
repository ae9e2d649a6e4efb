import type { Contract } from '../core/contract.ts';
import { ApiError, isApiError, internalError } from '../core/errors.ts';
import { HttpError } from '../http/message/error.ts';
import { codeOfRefusal } from '../http/message/status.ts';
import type { HttpHandler, HttpRequest, HttpResponse } from '../http/message/message.ts';
import type { RawHeaders } from '../guard/serve-call.ts';
import { Recent } from '../life/recent.ts';
import { report, reporter } from '../life/report.ts';
import { every } from '../life/timers.ts';
import type { OnWire } from '../peer/on-wire.ts';
import { redact } from '../peer/wire-record.ts';
import { isWebhookError } from './error.ts';
import type { WebhookContent } from './body/content.ts';
import { xmlDecoder } from './body/xml-later.ts';
import { contentOf, READERS, type ReadWebhook } from './body/provider.ts';
import { readCloudWebhook } from './body/cloud-event.ts';
import { grantResponse, readGrant, type WebhookGrant } from './grant.ts';
import { challengeResponse, readHandshake, type WebhookHandshakeOption } from './challenge.ts';
import { ContractCheck, handOver, ListenerFailure, shareOf, type Listener, type Share } from './listeners.ts';
import { EventTypes, shownType, type WebhookEventMapping, type WebhookInfo } from './mapping.ts';
import type { WebhookHandshake, WebhookSchemeDefinition } from './signing/definition.ts';
import { findScheme, type WebhookScheme } from './signing/find-scheme.ts';
import { looksLike } from './signing/handshakes.ts';
import { ReceivedRequest } from './signing/request.ts';
import type { SchemeDefinition, SigningScheme } from './signing/schemes.ts';
import type { WebhookSecret } from './signing/secret.ts';
import { answerOf } from '../stores/answer.ts';
import { memorySeenStore, type SeenStore } from '../stores/seen.ts';
import { hmacText, verifyWebhook, type VerifiedWebhook } from './signing/signature.ts';
import { decodeErrorBody, isObject, NOTICE, problemResponse } from './wire.ts';

/** Options of a receiver of webhooks. */
export interface ReceiverOptions {
  /** The secret that the sender gave you, or several while one is replaced. With `subscribe` the peer gives one. */
  readonly secret?: WebhookSecret | readonly WebhookSecret[] | undefined;
  /** How the sender signs: a name, or a description of a scheme of its own. @default 'standard' */
  readonly scheme?: WebhookScheme | WebhookSchemeDefinition | undefined;
  /** How the sender makes sure that the address is yours: a provider's way, Meta's with the token that you chose, or one of its own; beside the scheme's. @default the scheme's only */
  readonly handshake?: WebhookHandshakeOption | undefined;
  /**
   * Which senders may send, for those that ask by the handshake of the CloudEvents webhook specification.
   * @default those whose subscription is this adapter's own, at any rate
   */
  readonly grant?: WebhookGrant | undefined;
  /** How events of the contract are those of a sender that somebody else designed. */
  readonly events?: Readonly<Record<string, WebhookEventMapping>> | undefined;
  /** Gets each verified webhook of a type that nobody listens to. @default the first of each type is reported to `onError` */
  readonly onUnhandled?: ((webhook: UnhandledWebhook) => void) | undefined;
  /** Scheme, host and base path of the address that the sender calls, if a proxy hides them and the sender signs them. @default as the request has them */
  readonly publicUrl?: string | undefined;
  /** Finds type, id and data in a body that is not written as the scheme's usually are. */
  readonly read?: ReadWebhook | undefined;
  /** How far a webhook's timestamp may be off, in milliseconds. @default the scheme's, else 300_000 (5 minutes) */
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
   * When the sender is answered: `done` is after all listeners, so the sender sends a failed webhook again; `first` is before them, for
   * listeners that take longer than the sender waits. @default 'done'
   */
  readonly ack?: 'done' | 'first' | undefined;
  /** Keeps an edge runtime alive for work that goes on after the answer (`ack: 'first'`). */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /** The only path that the handler answers. @default any */
  readonly path?: string | undefined;
  /** Larger bodies get 413. @default the scheme's: GitHub's 25 MiB, Shopify's 10 MiB, 4 MiB for Stripe and Slack, else 1_048_576 (1 MiB) */
  readonly maxBodyBytes?: number | undefined;
  /** Sees what really went over the wire, credentials redacted. */
  readonly onWire?: OnWire | undefined;
  /** Gets what the sender is not told: why a webhook was refused, and what failed here. @default console.error */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** A verified webhook that nobody listens to. */
export interface UnhandledWebhook {
  /** Its types, in the sender's spelling. */
  readonly types: readonly string[];
  readonly id: string | undefined;
  /** When it happened, ISO 8601. */
  readonly time: string;
  readonly data: unknown;
}

/** The query parameter of the callback URL. */
export const TOKEN = 'subscription';
/** Tokens of callbacks that are remembered because nobody listens to them, and how long one may be. */
const MAX_STRANGERS = 1000;
const MAX_TOKEN_CHARS = 100;
/** How many kinds of things are reported: senders may make up types. */
const MAX_SAID = 1000;

/** Takes webhooks over HTTP and hands them to listeners. */
export class Receiver {
  readonly #listeners = new Set<Listener>();
  /** Types that were ever listened to: while nobody does, the sender shall come again. */
  readonly #wanted = new Set<string>();
  readonly #store: SeenStore;
  readonly #ttlMs: number;
  readonly #leaseMs: number;
  readonly #report: (error: unknown) => void;
  readonly #check = new ContractCheck();
  readonly #types = new Map<Contract, EventTypes>();
  readonly #xml = new WeakMap<Contract, Promise<(text: string) => Parameters<typeof contentOf>[0]>>();
  /** The failures that were reported, each of which is said once. */
  readonly #said = new Set<string>();
  /** Tokens that came and that nobody listens to, and those of listeners that left. */
  readonly #strangers = new Recent<string, true>(MAX_STRANGERS);
  readonly #scheme: SchemeDefinition;
  /** Of the option and of the scheme. */
  readonly #handshakes: readonly WebhookHandshake[];
  /** The last event of each type, to tell whether a listener that comes back has missed any. */
  readonly lastIds = new Map<string, string>();

  private readonly options: ReceiverOptions;

  constructor(options: ReceiverOptions) {
    this.options = options;
    this.#store = options.store ?? memorySeenStore();
    this.#ttlMs = options.seenTtlMs ?? 4 * 86_400_000;
    this.#leaseMs = options.seenLeaseMs ?? 60_000;
    this.#report = reporter(options.onError);
    this.#scheme = findScheme(options.scheme ?? 'standard', 'webhook');
    const given = options.handshake === undefined ? undefined : readHandshake(options.handshake);
    readGrant(options.grant);
    this.#handshakes = [given, this.#scheme.handshake].filter((each) => each !== undefined);
  }

  /** Throws a `TypeError` for a mapping that does not fit the contract. */
  use(contract: Contract): void {
    if (!this.#types.has(contract)) this.#types.set(contract, new EventTypes(contract, this.options.events ?? {}));
  }

  add(listener: Listener): void {
    this.#listeners.add(listener);
    this.#wanted.add(listener.event);
  }

  delete(listener: Listener): void {
    this.#listeners.delete(listener);
    if (listener.registration) this.#isStrange(listener.registration.token);
  }

  readonly handler: HttpHandler = (request) => {
    const { path } = this.options;
    if (path !== undefined && request.path !== path) return undefined;
    return this.#answer(request);
  };

  async #answer(request: HttpRequest): Promise<HttpResponse> {
    let response: HttpResponse;
    try {
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
    const header = (name: string): string | undefined => {
      const value = request.headers[name.toLowerCase()];
      return typeof value === 'string' ? value : value?.[0];
    };
    const isUnsigned = this.#handshakes.some(({ isSigned }) => !isSigned);
    // A body that nobody has signed is not worth its bytes.
    const isRead =
      request.method === 'POST' && (isUnsigned || this.#scheme.header === undefined || header(this.#scheme.header) !== undefined);
    const body = isRead ? await request.bytes(this.options.maxBodyBytes ?? this.#scheme.maxBodyBytes ?? 1_048_576) : new Uint8Array();
    this.options.onWire?.({
      protocol: 'webhook',
      direction: 'in',
      start: `${request.method} ${request.path}`,
      headers: redact(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
      body: new TextDecoder().decode(body),
    });
    const received = new ReceivedRequest(request.method, urlOf(request, this.options.publicUrl), header, body);
    for (const handshake of this.#handshakes) {
      const challenge = handshake.isSigned ? undefined : await challengeResponse(handshake, received);
      if (challenge) return challenge;
    }
    if (!isUnsigned) this.#hint(received);
    const token = received.query.get(TOKEN);
    const registered = token === null ? undefined : [...this.#listeners].find((listener) => listener.registration?.token === token);
    const granted = grantResponse(request.method, header, this.options.grant, registered !== undefined);
    if (granted) return granted;
    if (request.method !== 'POST') throw new HttpError(405, `webhooks come by POST, not ${request.method}`, { allow: 'POST' });
    if (token !== null && !registered && this.options.secret === undefined) return this.#refuseStranger(token);
    const bodies = this.#scheme.foreign?.split?.(received);
    if (!bodies) return this.#take(received, body, request.headers, registered);
    // Those before one that is refused have been handled, and are known when all come again.
    for (const part of bodies) {
      const response = await this.#take(received.with(part), part, request.headers, registered);
      if (response.status >= 300) return response;
    }
    return this.#taken();
  }

  /** Takes one webhook. */
  async #take(
    received: ReceivedRequest,
    body: string | Uint8Array,
    headers: RawHeaders,
    registered: Listener | undefined,
  ): Promise<HttpResponse> {
    const { scheme, toleranceMs, clock, secret: given } = this.options;
    const secret = registered?.registration ? await registered.registration.secret : given;
    if (secret === undefined && !this.#scheme.foreign?.keys) return comeAgain();
    const { url, header } = received;
    const webhook = await verifyWebhook({ payload: body, headers, url, secret, scheme, toleranceMs, clock });
    for (const handshake of this.#handshakes) {
      if (!handshake.isSigned) continue;
      const used = (Array.isArray(secret) ? (secret as readonly WebhookSecret[]) : [secret as WebhookSecret])[webhook.secretIndex] ?? '';
      const challenge = await challengeResponse(handshake, received.verified(), (text) => hmacText(this.#scheme, used, text));
      if (challenge) return challenge;
    }
    const candidates = registered ? [registered] : [...this.#listeners].filter((listener) => !listener.registration);
    const content = await this.#read(webhook, received, headers, candidates[0]?.contract);
    const types = typeof content.type === 'string' ? [content.type] : content.type;
    if (types.includes(NOTICE.test)) return this.#taken();
    if (registered) {
      if (types.includes(NOTICE.gap) || types.includes(NOTICE.end)) return this.#notice(registered, content);
    }
    const listeners = candidates.filter(({ contract, event }) => this.#types.get(contract)?.namesOf(types).has(event));
    if (listeners.length === 0) return this.#unhandled(content, types, webhook);
    return this.#deliver(content, types, webhook, listeners, registered?.registration?.token ?? '', header);
  }

  /** 410 ends the subscription, so a token that may have been spoiled on its way has to come again. */
  #refuseStranger(token: string): HttpResponse {
    if (this.#isStrange(token)) return { status: 410, headers: {} };
    return problemResponse(new ApiError('NOT_FOUND', 'this address has no such subscription'));
  }

  /** Whether a token has come before, or was that of a listener. It has now. */
  #isStrange(token: string): boolean {
    if (this.#strangers.has(token)) return true;
    if (token.length > MAX_TOKEN_CHARS) return false;
    this.#strangers.set(token, true);
    return false;
  }

  /** Nobody listens: not yet or no more, so that it shall come again, or this type is not wanted at all. */
  #unhandled({ id, time, data }: WebhookContent, types: readonly string[], webhook: VerifiedWebhook): HttpResponse {
    if (this.#scheme.probe !== undefined && types.includes(this.#scheme.probe)) return this.#taken();
    const isWanted = [...this.#types.values()].some((known) => [...known.namesOf(types)].some((name) => this.#wanted.has(name)));
    if (this.#listeners.size === 0 || isWanted) return comeAgain();
    const { onUnhandled } = this.options;
    if (onUnhandled) report({ types, id, time: time ?? timeOf(webhook), data }, onUnhandled);
    else {
      const [known] = this.#types.values();
      const type = shownType(types);
      this.#say(
        `type ${type}`,
        new ApiError(
          'UNIMPLEMENTED',
          `verified webhooks of the type '${type}' come, and nobody listens (${known?.why(types[0] ?? '') ?? 'there is no contract'}): map the type with the option 'events', or take them with 'onUnhandled'`,
        ),
      );
    }
    return this.#taken();
  }

  async #deliver(
    content: WebhookContent,
    types: readonly string[],
    webhook: VerifiedWebhook,
    listeners: readonly Listener[],
    scope: string,
    header: WebhookInfo['header'],
  ): Promise<HttpResponse> {
    const time = content.time ?? timeOf(webhook);
    const id = content.id ?? crypto.randomUUID();
    const info: WebhookInfo = { types, id, time, header };
    const shares = listeners.map((listener) =>
      shareOf(listener, content.data, info, this.#types.get(listener.contract)?.read(listener.event)),
    );
    // A webhook of the peer's own service ends a subscription if it breaks the contract; one of another sender is only refused.
    if (scope === '') for (const share of shares) await this.#check.check(share);
    const key = `${scope}/${id}`;
    const claim = await answerOf('the store of ids', this.#store.begin(key, this.#leaseMs, scope), this.#report);
    if ('state' in claim) {
      if (claim.state === 'done') return this.#taken();
      return problemResponse(new ApiError('ABORTED', 'this webhook is being handled', { retryAfterMs: 1000 }));
    }
    const { owner } = claim;
    const stop = every(this.#leaseMs / 3, () => void this.#store.renew(key, owner, this.#leaseMs).catch(this.#report), { holds: false });
    const work = this.#handle(key, owner, id, shares).finally(stop);
    if (this.options.ack !== 'first') {
      await work;
      return this.#taken();
    }
    const reported = work.catch((error: unknown) => error instanceof ListenerFailure || this.#report(error));
    this.options.waitUntil?.(reported);
    return { status: 202, headers: {} };
  }

  async #handle(key: string, owner: string, id: string, shares: readonly Share[]): Promise<void> {
    try {
      await handOver(shares);
    } catch (error) {
      await this.#store.failed(key, owner).catch(this.#report);
      throw error;
    } finally {
      for (const { listener } of shares) this.lastIds.set(listener.type, id);
    }
    // It was handled: another attempt of the sender would be handled again.
    await this.#store.done(key, owner, this.#ttlMs).catch(this.#report);
  }

  #notice(listener: Listener, { type, data }: WebhookContent): HttpResponse {
    if (type === NOTICE.gap) listener.sink.gap();
    else {
      this.delete(listener);
      listener.sink.end(decodeErrorBody(isObject(data) ? data['error'] : undefined));
    }
    return this.#taken();
  }

  async #read(
    webhook: VerifiedWebhook,
    request: ReceivedRequest,
    headers: RawHeaders,
    contract: Contract | undefined,
  ): Promise<WebhookContent> {
    const { read, scheme = 'standard' } = this.options;
    const { header } = request;
    if (read) return read(webhook, header);
    const cloud = readCloudWebhook(webhook, headers);
    if (cloud) return cloud;
    if (this.#scheme.foreign) return this.#scheme.foreign.content(request.verified(), webhook.timestampMs);
    const isXml = /^(?:application|text)\/(?:[\w.+-]+\+)?xml\s*(?:;|$)/i.test(header('content-type') ?? '');
    if (!isXml || !contract) return READERS[scheme as SigningScheme](webhook, header);
    let decoder = this.#xml.get(contract);
    // Loaded when it is needed: most webhooks are JSON.
    if (!decoder) this.#xml.set(contract, (decoder = xmlDecoder(contract)));
    return contentOf((await decoder)(webhook.text()), webhook);
  }

  /** The sender's webhook has been taken, or is not wanted. */
  #taken(): HttpResponse {
    return { status: this.#scheme.status ?? 204, headers: {} };
  }

  /** Names the option that is missing if a sender asks whether the address is ours. */
  #hint(request: ReceivedRequest): void {
    const name = looksLike(request);
    if (name === undefined) return;
    const words = `a sender asks whether this address is yours, and is not answered: give the option 'handshake', such as ${name}`;
    this.#say(name, new ApiError('FAILED_PRECONDITION', words));
  }

  #say(what: string, error: ApiError): void {
    if (this.#said.has(what) || this.#said.size >= MAX_SAID) return;
    this.#said.add(what);
    this.#report(error);
  }
}

function timeOf({ timestampMs }: VerifiedWebhook): string {
  return new Date(timestampMs ?? Date.now()).toISOString();
}

/** The address as the sender has it. */
function urlOf({ origin, path, query }: HttpRequest, publicUrl: string | undefined): string {
  return `${publicUrl?.replace(/\/$/, '') ?? origin}${path}${query === '' ? '' : `?${query}`}`;
}

/** Nobody listens yet, or for a moment. */
function comeAgain(): HttpResponse {
  return problemResponse(new ApiError('UNAVAILABLE', 'nobody listens at the moment', { retryAfterMs: 5000 }));
}

/** The sender learns the status and little else: the fault of a signature concerns only the receiver. */
function refusal(error: unknown, onError: (error: unknown) => void): HttpResponse {
  if (error instanceof HttpError) {
    // A mistake in how the handler is mounted, or a sender that writes what is not read here.
    if (error.status >= 500 || error.status === 415) onError(error);
    return problemResponse(new ApiError(codeOfRefusal(error.status), error.message), error.status, error.headers);
  }
  if (error instanceof ListenerFailure) return problemResponse(new ApiError('INTERNAL', 'the webhook was not handled'));
  onError(error);
  if (isWebhookError(error))
    return problemResponse(new ApiError('UNAUTHENTICATED', 'the webhook was not verified'), error.reason === 'bad-secret' ? 500 : 401);
  if (isApiError(error)) return problemResponse(error);
  return problemResponse(internalError());
}
