/**
 * Sends the events of a transport as webhooks.
 *
 * @module multi-api-sdk/webhook/server
 * @group Servers
 */

import { ApiError } from '../core/errors.ts';
import { bytes, count, ms, readOptions, type OptionReader } from '../core/options.ts';
import { HttpError } from '../http/message/error.ts';
import { codeOfRefusal } from '../http/message/status.ts';
import { peerOf, type HttpHandler, type HttpRequest, type HttpResponse } from '../http/message/message.ts';
import { checkBasePath, publicBase } from '../http/serve/public-url.ts';
import { createRouter, type Route, answerOther } from '../http/serve/router.ts';
import { checkTransport } from '../core/check-transport.ts';
import { MAX_ITEMS, parseMessage } from '../guard/max-items.ts';
import { attempt, reporter } from '../life/report.ts';
import { acceptHeaders } from '../guard/serve-call.ts';
import { callerRequired } from '../guard/caller.ts';
import type { Headers, Peer, Transport } from '../core/transport.ts';
import { boundStore } from './store/bounded-store.ts';
import { Carrier } from './delivery/carrier.ts';
import { Dispatcher } from './delivery/dispatcher.ts';
import type { CloudEventsOption } from '../events/cloud/cloud-event.ts';
import { compileCloudEvents } from '../events/cloud/cloud-events-option.ts';
import { compileEncoder } from './body/encode.ts';
import { Backlog } from './delivery/endpoint.ts';
import { Intake } from './delivery/intake.ts';
import { createPermission } from './delivery/permission.ts';
import { createPost } from './delivery/post.ts';
import { RETRY_SCHEDULE_MS, systemClock, type WebhookClock } from './delivery/schedule.ts';
import { webhookOpenApi } from './schema.ts';
import { readSecret, type WebhookSecret } from './signing/secret.ts';
import { memoryWebhookStore } from './store/memory-store.ts';
import type { StoredDelivery, WebhookStore } from './store/store.ts';
import { TargetGuard, type TargetOptions } from './delivery/target.ts';
import {
  deliveryView,
  jsonResponse,
  problemResponse,
  readRequest,
  RotateRequest,
  SubscriptionRequest,
  SUBSCRIPTIONS_PATH,
  viewOf,
  type SubscriptionView,
} from './wire.ts';
import { toldError } from '../guard/told-error.ts';
import { closable, type Closable } from '../life/closable.ts';

export type { CloudEventsMode, CloudEventsOption, CloudEventsOptions } from '../events/cloud/cloud-event.ts';
export { memoryWebhookStore } from './store/memory-store.ts';
export type { WebhookClaim, WebhookSharing } from './store/store.ts';
export { fileWebhookStore, type FileStoreOptions } from './store/file-store.ts';
export { RETRY_SCHEDULE_MS, type WebhookClock } from './delivery/schedule.ts';
export { webhookProtocol, type WebhookProtocolOptions } from './schema.ts';
export type { DescribedCloudEvents } from '../schema/asyncapi/cloud-events.ts';
export type { WebhookSecret } from './signing/secret.ts';
export type {
  DeliveryAttempt,
  RetentionOptions,
  StoredDelivery,
  StoredGrant,
  StoredMessage,
  StoredSecret,
  StoredSubscription,
  WebhookFormat,
  WebhookStore,
} from './store/store.ts';
export type { ResolvedAddress, TargetOptions } from './delivery/target.ts';
export type { SubscriptionView } from './wire.ts';

/** The caller of the subscription API. */
export interface WebhookCaller {
  readonly headers: Headers;
  readonly peer: Peer;
}

/** Options of `webhookHandler`. */
export interface WebhookHandlerOptions extends TargetOptions {
  /** Put before every path: `/api/v2`. @default '' */
  readonly basePath?: string;
  /** The URL by which callers reach the server, if a proxy in front strips or adds a prefix: `https://example.com/api`. `basePath` follows it. @default the host of the request */
  readonly publicUrl?: string;
  /** Keeps subscriptions and deliveries. `close` does not close a store that was given. @default memoryWebhookStore() */
  readonly store?: WebhookStore;
  /**
   * How long one operation of a given store may take, in milliseconds, except reading it whole. A longer one has failed, and `onError` is told.
   * An event that could not be stored is delivered all the same, for as long as this process lives.
   * @default 30_000
   */
  readonly storeTimeoutMs?: number;
  /**
   * If a dispatcher of a shared store gives no sign of life for so long, the others take over its subscriptions, in milliseconds. Changes that
   * were made at another dispatcher are seen within a fifth of it.
   * @default 10_000
   */
  readonly leaseMs?: number;
  /**
   * Tells who a caller is. Only its owner sees and changes a subscription. Throw an `ApiError` to refuse. It is needed in front of a transport to
   * another peer, which cannot tell. @default the service's `context` and `caller`
   */
  readonly caller?: (caller: WebhookCaller) => string | Promise<string>;
  /**
   * Writes events as CloudEvents 1.0 for subscriptions in JSON. `binary` puts the attributes into headers `ce-…`, which the signature does not cover;
   * `structured` makes one JSON object of attributes and payload, which is signed. Receivers of this library read both. @default no CloudEvents
   */
  readonly cloudEvents?: CloudEventsOption;
  /**
   * Whether an endpoint must allow webhooks before it is subscribed, by the handshake of the CloudEvents webhook specification: it is asked with
   * OPTIONS and `WebHook-Request-Origin`, and the rate that it allows is kept. The origin is the host of `publicUrl`, or the host that was asked. @default true with `cloudEvents`, else false
   */
  readonly handshake?: boolean;
  /** The waits between the attempts, in milliseconds; each is lengthened by up to a fifth. @default RETRY_SCHEDULE_MS */
  readonly retryScheduleMs?: readonly number[];
  /** How long an endpoint may take to answer, in milliseconds. @default 15_000 */
  readonly timeoutMs?: number;
  /** Requests under way to one endpoint; one that fails gets one at a time. @default 8 */
  readonly maxInFlight?: number;
  /** Deliveries that wait for one endpoint. Beyond it the oldest is given up. @default 10_000 */
  readonly maxPending?: number;
  /** Deliveries that wait for all endpoints together. Beyond it the oldest delivery of an endpoint that holds more than its share is given up. @default 100_000 */
  readonly maxPendingTotal?: number;
  /** Size of the events that wait for all endpoints together, each counted once, in bytes of JSON. Beyond it the oldest deliveries of an endpoint that holds more than its share are given up. @default 268_435_456 (256 MiB) */
  readonly maxPendingBytes?: number;
  /** Subscriptions of all callers together; more are refused with 429. @default 10_000 */
  readonly maxSubscriptions?: number;
  /** Subscriptions of one caller, if the service tells its callers apart; more are refused with 429. @default 1_000 */
  readonly maxSubscriptionsPerCaller?: number;
  /** How much of an endpoint's answer is read, in bytes. @default 65_536 */
  readonly maxResponseBytes?: number;
  /** How large a request to the subscription API may be, in bytes. @default 1_048_576 (1 MiB) */
  readonly maxBodyBytes?: number;
  /** A `whsk_` key that signs too, as `v1a`: receivers need only know its public key. */
  readonly signingKey?: WebhookSecret | readonly WebhookSecret[];
  /** The `user-agent` of deliveries. @default 'multi-api-sdk' */
  readonly userAgent?: string;
  /** How long `close` lets requests under way come to an end, in milliseconds. @default 10_000 */
  readonly graceMs?: number;
  /** Gives the time of attempts and signatures, and their waits. @default the system's */
  readonly clock?: WebhookClock;
  /** A delivery was given up; it is kept, and may be delivered again by hand. */
  readonly onDeadLetter?: (delivery: StoredDelivery) => void;
  /** A subscription has ended by itself: its endpoint answered 410, or the service ended it. */
  readonly onEnd?: (subscription: SubscriptionView, error: ApiError | undefined) => void;
  /** Gets failures that callers see as a neutral 500. @default console.error */
  readonly onError?: (error: unknown) => void;
}

/** Waits between attempts: none at all means a single attempt. */
const schedule: OptionReader<readonly number[]> = (value = RETRY_SCHEDULE_MS, owner, name) => {
  if (!Array.isArray(value)) throw new TypeError(`${owner}: ${name} must be a list of milliseconds`);
  return value.map((wait: unknown, index) => ms(0, { zero: true, infinity: false })(wait, owner, `${name}[${index}]`));
};
const READERS = {
  storeTimeoutMs: ms(30_000),
  leaseMs: ms(10_000, { infinity: false }),
  retryScheduleMs: schedule,
  timeoutMs: ms(15_000),
  maxInFlight: count(8),
  maxPending: count(10_000),
  maxPendingTotal: count(100_000),
  maxPendingBytes: bytes(268_435_456),
  maxSubscriptions: count(10_000),
  maxSubscriptionsPerCaller: count(1_000),
  maxResponseBytes: bytes(65_536),
  maxBodyBytes: bytes(1_048_576),
  graceMs: ms(10_000, { zero: true }),
};
const NAMES = [
  ...([
    'basePath',
    'publicUrl',
    'store',
    'caller',
    'signingKey',
    'userAgent',
    'clock',
    'onDeadLetter',
    'onEnd',
    'onError',
    'cloudEvents',
    'handshake',
  ] as const),
  ...(['allowPrivate', 'allow', 'schemes', 'ports', 'resolve'] as const),
] as const;

/** The subscription API and its dispatcher. */
export interface WebhookHandler extends HttpHandler, Closable {
  /** Resolves when what the store held is taken up again. A store that cannot be read is tried again; rejects only if the handler was closed before. */
  readonly ready: Promise<void>;
  /** Resolves when reading the store was tried once, whatever came of it. */
  readonly tried: Promise<void>;
  /** The problems that keep webhooks from being delivered, such as a store that cannot be read. Empty if there are none. */
  readonly problems: readonly string[];
  /** Ends requests under way and leaves the service. Undelivered events stay in the store. Idempotent. */
  close(): Promise<void>;
}

type Answer = (request: HttpRequest, params: Readonly<Record<string, string>>, caller: Caller) => Promise<HttpResponse>;

interface Caller {
  readonly owner: string;
  readonly headers: Record<string, string>;
}

/**
 * Serves a transport's events as webhooks: `POST /webhooks/subscriptions` and what belongs to it, and the deliveries, signed by
 * the Standard Webhooks specification. Formats: docs/protocols/webhook.md.
 */
export function webhookHandler(transport: Transport, options: WebhookHandlerOptions = {}): WebhookHandler {
  checkTransport('webhookHandler', transport);
  const read = readOptions('webhookHandler', options, READERS, NAMES);
  const { basePath = '', maxBodyBytes, signingKey, clock = systemClock, storeTimeoutMs } = read;
  const onError = reporter(read.onError);
  /** An error of a listener is not a reason to stop delivering. */
  const told =
    <A extends readonly unknown[]>(listener: ((...args: A) => void) | undefined) =>
    (...args: A) =>
      attempt(() => listener?.(...args), onError);
  const onEnd = told(read.onEnd);
  checkBasePath('webhookHandler', basePath);
  const publicUrl = publicBase('webhookHandler', read.publicUrl);
  const signingKeys =
    signingKey === undefined ? [] : Array.isArray(signingKey) ? (signingKey as WebhookSecret[]) : [signingKey as WebhookSecret];
  for (const key of signingKeys) readSecret(key, 'base64');
  const store = boundStore(read.store ?? memoryWebhookStore(), storeTimeoutMs);
  const { timeoutMs, maxResponseBytes } = read;
  const guard = new TargetGuard(read, timeoutMs);
  const cloud = read.cloudEvents && compileCloudEvents('webhookHandler', transport.contract, read.cloudEvents, ['binary', 'structured']);
  const carrier = new Carrier(guard, { timeoutMs, maxResponseBytes });
  const worker = crypto.randomUUID();
  const userAgent = read.userAgent ?? 'multi-api-sdk';
  const dispatcher = new Dispatcher({
    transport,
    store,
    guard,
    carrier,
    permission: (read.handshake ?? cloud !== undefined) ? createPermission(carrier, userAgent) : undefined,
    leaseMs: read.store?.sharing ? read.leaseMs : Infinity,
    maxSubscriptions: read.maxSubscriptions,
    maxSubscriptionsPerCaller: read.maxSubscriptionsPerCaller,
    isStored: read.store !== undefined,
    storeTimeoutMs,
    graceMs: read.graceMs,
    report: onError,
    onEnd: (subscription, error) => onEnd(viewOf(subscription), error),
    endpoint: {
      store,
      worker,
      gate: { isOpen: true },
      intake: new Intake(store, worker),
      clock,
      post: createPost({ carrier, clock, signingKeys, userAgent, encode: compileEncoder(transport.contract, cloud), report: onError }),
      scheduleMs: read.retryScheduleMs,
      maxInFlight: read.maxInFlight,
      maxPending: read.maxPending,
      backlog: new Backlog(read.maxPendingTotal, read.maxPendingBytes),
      report: onError,
      onDeadLetter: told(read.onDeadLetter),
    },
  });
  const router = createRouter<Answer>([
    ...routesOf(dispatcher, maxBodyBytes, publicUrl ?? ''),
    [DOCUMENT, async () => jsonResponse(200, webhookOpenApi(transport.contract, basePath, publicUrl, read.cloudEvents))],
  ]);
  const callerOf = read.caller ?? identifyCaller(transport);

  const handle: HttpHandler = async (request) => {
    const path = request.path.slice(basePath.length);
    let requestId: string | undefined;
    try {
      const match = router.find(request.method, path);
      if (!match) return answerOther(request, router.methods(path));
      const headers = acceptHeaders(request.headers);
      requestId = headers['x-request-id'];
      await dispatcher.readable();
      const owner = await callerOf({ headers, peer: peerOf(request, 'webhook') });
      return await match.value(request, match.params, { owner, headers });
    } catch (error) {
      return failure(error, requestId, onError);
    }
  };
  const made = Object.assign(
    // Synchronous for what is not its own.
    (request: HttpRequest) => (request.path.startsWith(`${basePath}/webhooks/`) ? handle(request) : undefined),
    {
      ready: dispatcher.ready,
      tried: dispatcher.tried,
      problems: [] as readonly string[],
      close: () => dispatcher.close(),
    },
  );
  return closable(Object.defineProperty(made, 'problems', { get: () => dispatcher.problems }));
}

/** Asks the service who a caller is: its `context` may refuse, for example a token that was revoked. */
function identifyCaller(transport: Transport): (caller: WebhookCaller) => Promise<string> {
  const identify = transport.identify?.bind(transport);
  if (!identify)
    throw new TypeError(
      `webhookHandler: the transport '${transport.name}' cannot tell callers apart, because it only leads to a peer: give the option 'caller'`,
    );
  return async (who) => {
    const { caller } = await identify({ ...who, signal: new AbortController().signal });
    if (caller === undefined) throw callerRequired();
    return caller;
  };
}

const DOCUMENT: Route = { method: 'GET', segments: [{ literal: 'webhooks' }, { literal: 'openapi.json' }] };

function routesOf(dispatcher: Dispatcher, maxBodyBytes: number, publicUrl: string): (readonly [Route, Answer])[] {
  const read = async (request: HttpRequest): Promise<unknown> => {
    const text = await request.text(maxBodyBytes);
    const type = request.headers['content-type'];
    if (text !== '' && type !== undefined && !/^application\/(?:json|[\w.+-]+\+json)\s*(?:;|$)/i.test(String(type))) {
      throw new HttpError(415, `the body must be application/json, not ${String(type)}`);
    }
    return text === '' ? {} : parseMessage(text, MAX_ITEMS);
  };
  const route = (method: string, path: string): Route => ({
    method: method as Route['method'],
    segments: `${SUBSCRIPTIONS_PATH}${path}`
      .split('/')
      .slice(1)
      .map((part) => (part.startsWith('{') ? { param: part.slice(1, -1) } : { literal: part })),
  });
  return [
    [
      route('POST', ''),
      async (request, _, { owner, headers }) => {
        const input = readRequest(SubscriptionRequest, await read(request));
        // A caller that left before the answer was complete does not know what to take back.
        const subscription = await dispatcher.create(input, owner, new URL(publicUrl || request.origin).hostname, (listener) =>
          request.onAbort(listener),
        );
        const { id } = subscription;
        const body = { ...viewOf(subscription), secret: subscription.secrets[0]?.secret };
        return jsonResponse(201, body, {
          location: `${publicUrl}${request.path.replace(/\/$/, '')}/${id}`,
          'x-request-id': headers['x-request-id'] ?? '',
        });
      },
    ],
    [route('GET', ''), async (_request, _, { owner }) => jsonResponse(200, (await dispatcher.list(owner)).map(viewOf))],
    [route('GET', '/{id}'), async (_, { id = '' }, { owner }) => jsonResponse(200, viewOf(await dispatcher.get(id, owner)))],
    [
      route('DELETE', '/{id}'),
      async (_, { id = '' }, { owner }) => {
        await dispatcher.delete(id, owner);
        return { status: 204, headers: {} };
      },
    ],
    [
      route('POST', '/{id}/rotate'),
      async (request, { id = '' }, { owner }) => {
        const { overlapSeconds } = readRequest(RotateRequest, await read(request));
        const rotated = await dispatcher.rotate(id, owner, overlapSeconds * 1000);
        return jsonResponse(200, { ...viewOf(rotated), secret: rotated.secrets[0]?.secret });
      },
    ],
    [route('POST', '/{id}/test'), async (_, { id = '' }, { owner }) => jsonResponse(200, await dispatcher.test(id, owner))],
    [
      route('GET', '/{id}/deliveries'),
      async (request, { id = '' }, { owner }) => {
        const given = new URLSearchParams(request.query).get('limit') ?? '100';
        if (!/^\d{1,4}$/.test(given)) throw new HttpError(400, 'limit is a number of deliveries, 9999 at most');
        const limit = Number(given);
        return jsonResponse(200, (await dispatcher.deliveries(id, owner, limit)).map(deliveryView));
      },
    ],
    [
      route('POST', '/{id}/deliveries/{delivery}/redeliver'),
      async (_, { id = '', delivery = '' }, { owner }) => {
        await dispatcher.redeliver(id, owner, delivery);
        return { status: 202, headers: {} };
      },
    ],
  ];
}

function failure(error: unknown, requestId: string | undefined, onError: (error: unknown) => void): HttpResponse {
  if (error instanceof HttpError)
    return problemResponse(new ApiError(codeOfRefusal(error.status), error.message, { requestId }), error.status, error.headers);
  return problemResponse(toldError(error, onError, requestId));
}
