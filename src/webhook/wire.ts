import * as z from 'zod/mini';
import { ApiError, isErrorCode } from '../core/errors.ts';
import type { HttpResponse } from '../http/message/message.ts';
import { encodeProblem, problemHeaders } from '../http/message/problem.ts';
import { isObject, readErrorOptions } from '../peer/error-body.ts';
import { compileCheck, issuesError } from '../schema/validate.ts';
import { codeOfStatus, STATUS } from './status.ts';
import type { StoredDelivery, StoredMessage, StoredSubscription, WebhookFormat } from './store/store.ts';
import { answered } from '#answered';

export { isObject } from '../peer/error-body.ts';

export const JSON_TYPE = 'application/json';
export const XML_TYPE = 'application/xml';

/** Events of the sender itself; a contract's event has no such type. */
export const NOTICE = { test: 'webhook.test', gap: 'webhook.gap', end: 'webhook.end' } as const;

/**
 * Headers by which a sender asks an endpoint for its permission, and the endpoint grants it.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#4-abuse-protection
 */
export const REQUEST_ORIGIN = 'webhook-request-origin';
export const ALLOWED_ORIGIN = 'webhook-allowed-origin';
export const ALLOWED_RATE = 'webhook-allowed-rate';

/** The requests in a minute that an endpoint allows; `undefined` if it sets no limit. */
export function readRate(text: string | undefined): number | undefined {
  const rate = text !== undefined && /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : 0;
  return rate > 0 ? rate : undefined;
}

/** The body of a webhook. */
export interface Envelope {
  /** The event's type: `article.published`. */
  readonly event: string;
  /** When it was published, ISO 8601. */
  readonly timestamp: string;
  readonly data: unknown;
}

/** The body as JSON; `data` is JSON already. */
export function encodeEnvelope({ type, time, data }: StoredMessage): string {
  return `{"event":${JSON.stringify(type)},"timestamp":${JSON.stringify(time)},"data":${data}}`;
}

/** A body, read: the sender of a foreign webhook need not say when it happened. */
export interface ReceivedEnvelope extends Omit<Envelope, 'timestamp'> {
  readonly timestamp: string | undefined;
}

/** Reads a parsed body; the type may be called `type` too, as the Standard Webhooks specification has it. Throws INVALID_ARGUMENT. */
export function decodeEnvelope(body: unknown): ReceivedEnvelope {
  const { event, type, timestamp, data } = isObject(body) ? body : {};
  const name = event ?? type;
  if (typeof name !== 'string') throw new ApiError('INVALID_ARGUMENT', 'a webhook is an object with event, timestamp and data');
  return { event: name, timestamp: instantOf(timestamp), data };
}

export function instantOf(timestamp: unknown): string | undefined {
  const at = typeof timestamp === 'string' ? Date.parse(timestamp) : NaN;
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

const Text = z.string().check(z.minLength(1), z.maxLength(2048));

/** The path of the subscription API. */
export const SUBSCRIPTIONS_PATH = '/webhooks/subscriptions';

/** As JSON: with the other limits no subscription is larger than some kilobytes, however many a caller makes. */
const MAX_PARAMS = 4096;
const TOO_LONG = `params hold ${MAX_PARAMS} characters at most`;
const areShort = (params: object): boolean => JSON.stringify(params).length <= MAX_PARAMS;

/** The request of a subscriber: `POST /webhooks/subscriptions`. */
export const SubscriptionRequest = z.object({
  url: Text,
  events: z.array(Text).check(z.minLength(1), z.maxLength(100)),
  format: z._default(z.enum(['json', 'xml']), 'json'),
  params: z._default(
    z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).check(z.refine(areShort, { error: TOO_LONG })),
    {},
  ),
  ordered: z._default(z.boolean(), false),
  notices: z._default(z.boolean(), false),
  lastEventId: z.optional(z.string().check(z.maxLength(256))),
});

export type SubscriptionInput = z.output<typeof SubscriptionRequest>;

/** The body of `POST …/rotate`. */
export const RotateRequest = z.object({
  /** How long the old secret still signs, in seconds. */
  overlapSeconds: z._default(z.int().check(z.minimum(0), z.maximum(30 * 86_400)), 86_400),
});

const checks = new Map<z.ZodMiniType, ReturnType<typeof compileCheck>>();

/** Checks a request of the subscription API. Throws INVALID_ARGUMENT with the issues. */
export function readRequest<S extends z.ZodMiniType>(schema: S, body: unknown): z.output<S> {
  let check = checks.get(schema);
  if (!check) checks.set(schema, (check = compileCheck(schema)));
  const checked = check(body) as {
    readonly value?: unknown;
    readonly issues?: readonly { readonly path: readonly (string | number)[]; readonly message: string }[];
  };
  if (checked.issues) throw issuesError('INVALID_ARGUMENT', 'the subscription is not valid', checked.issues);
  return checked.value as z.output<S>;
}

/** A subscription as its owner sees it. */
export interface SubscriptionView {
  readonly id: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly format: WebhookFormat;
  readonly createdAt: string;
  readonly ordered?: true;
  readonly notices?: true;
  readonly params?: Readonly<Record<string, unknown>>;
}

export function viewOf({ id, url, events, format, params, ordered, notices, createdAt }: StoredSubscription): SubscriptionView {
  return {
    id,
    url,
    events,
    format,
    createdAt,
    ...(ordered && { ordered }),
    ...(notices && { notices }),
    ...(Object.keys(params).length > 0 && { params }),
  };
}

/** A delivery as the log shows it. */
export function deliveryView({ id, message, state, attempts, nextAttemptAt }: StoredDelivery): object {
  return {
    id,
    eventId: message.id,
    event: message.type,
    state,
    attempts,
    ...(nextAttemptAt !== undefined && { nextAttemptAt: new Date(nextAttemptAt).toISOString() }),
  };
}

/** An answer in JSON. */
export function jsonResponse(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return { status, headers: { ...headers, 'content-type': JSON_TYPE, 'cache-control': 'no-store' }, body: JSON.stringify(body) };
}

/** An error as a problem document. */
export function problemResponse(
  error: ApiError,
  // The unknown thing here is an event that a subscription names: the request is wrong, the server is not.
  status = error.code === 'UNIMPLEMENTED' ? 400 : STATUS[error.code],
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  const body = error.toJSON();
  return { status, headers: { ...headers, ...problemHeaders(body) }, body: encodeProblem(body, status) };
}

/** The error in an answer of a subscription API: from its problem document, and what that does not say from its status and headers. */
export function decodeProblem(status: number, body: unknown, retryAfterMs: number | undefined): ApiError {
  const problem = isObject(body) ? body : {};
  const { code, detail } = problem;
  const words = typeof detail === 'string' && detail !== '' ? detail : answered(status, '', 'the subscription API');
  const options = readErrorOptions(problem);
  return new ApiError(isErrorCode(code) ? code : codeOfStatus(status), words, {
    ...options,
    retryAfterMs: options.retryAfterMs ?? retryAfterMs,
  });
}

/** An error as it stands in `webhook.end`. */
export function decodeErrorBody(body: unknown): ApiError | undefined {
  if (!isObject(body) || !isErrorCode(body['code'])) return undefined;
  const { code, message } = body;
  return new ApiError(code, typeof message === 'string' ? message : 'the peer ended the subscription', readErrorOptions(body));
}
