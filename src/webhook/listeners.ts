import type { Contract } from '../core/contract.ts';
import { ApiError } from '../core/errors.ts';
import type { EventMessage, EventSink } from '../core/transport.ts';
import { wireOf } from '../schema/codec/codec.ts';
import { compileCheck, issuesError, type Check } from '../schema/validate.ts';
import { readContext } from '../guard/mapped-sink.ts';
import type { WebhookEventMapping, WebhookInfo } from './mapping.ts';
import type { WebhookSecret } from './signing/secret.ts';

/** One listener's subscription. */
export interface Listener {
  readonly contract: Contract;
  /** The event's name and type. */
  readonly event: string;
  readonly type: string;
  readonly sink: EventSink;
  /** Whether the message has the values that the listener fixed. */
  readonly matches: (message: EventMessage) => boolean;
  /** Absent if the sender knows no subscriptions of ours: then `secret` of the options holds. */
  readonly registration?: Registration;
  /** The events that it has handled and at which another listener failed. */
  readonly handled: Set<string>;
  /** The memory of a mapping's `read`. */
  readonly state: Map<unknown, unknown>;
}

/** The result of the peer's subscription API. */
export interface Registration {
  /** Stands in the callback URL: it says whose webhook this is. */
  readonly token: string;
  /** Resolves when the peer has answered: webhooks may be faster. */
  readonly secret: Promise<WebhookSecret>;
}

/** The arguments that a listener gets of one webhook, in order. */
export interface Share {
  readonly listener: Listener;
  readonly messages: readonly EventMessage[];
  /** Whether events are missing before them. */
  readonly hasGap: boolean;
  /** Ends the subscription if `read` asked for that. */
  readonly settle: () => boolean;
}

const MAX_HANDLED = 1000;

/** A listener failed: the client has reported it already. */
export class ListenerFailure extends Error {}

/** Checks what a foreign sender has sent against the contract. */
export class ContractCheck {
  readonly #checks = new WeakMap<object, Check>();

  /** Rejects with INVALID_ARGUMENT. */
  async check({ listener: { contract, event }, messages }: Share): Promise<void> {
    const definition = contract.events[event];
    if (!definition) return;
    let check = this.#checks.get(definition);
    if (!check) this.#checks.set(definition, (check = compileCheck(wireOf(definition.payload))));
    for (const { id, data } of messages) {
      const checked = await check(data);
      if (checked.issues) throw issuesError('INVALID_ARGUMENT', `the webhook ${id} breaks the contract of ${event}`, checked.issues);
    }
  }
}

/** Hands each listener its share; those that are done are not asked again if another one fails. Rejects with a `ListenerFailure`. */
export async function handOver(shares: readonly Share[]): Promise<void> {
  const results = await Promise.all(shares.map(handOne));
  const failed = results.find(({ failure }) => failure);
  if (!failed) return;
  for (const { listener, done } of results) {
    for (const id of done) {
      if (listener.handled.size >= MAX_HANDLED) listener.handled.clear();
      listener.handled.add(id);
    }
  }
  throw new ListenerFailure('a listener failed', { cause: failed.failure?.cause });
}

interface Outcome {
  readonly listener: Listener;
  /** Ids of what it has handled. */
  readonly done: readonly string[];
  readonly failure?: { readonly cause: unknown };
}

async function handOne({ listener, messages, hasGap, settle }: Share): Promise<Outcome> {
  const done: string[] = [];
  if (hasGap) listener.sink.gap();
  for (const message of messages) {
    if (listener.handled.has(message.id) || !listener.matches(message)) continue;
    try {
      await listener.sink.next(message);
    } catch (cause) {
      return { listener, done, failure: { cause } };
    }
    done.push(message.id);
  }
  settle();
  return { listener, done };
}

/** The share of a listener in a webhook, by the `read` of its mapping if it has one. */
export function shareOf(listener: Listener, data: unknown, info: WebhookInfo, read: WebhookEventMapping['read']): Share {
  let hasGap = false;
  const { sink, state, event } = listener;
  const { context, settle } = readContext({ gap: () => void (hasGap = true), end: (error) => sink.end(error) }, state);
  const given = read ? readBy(event, () => read(data, info, context)) : data;
  const { id, time, header } = info;
  return { listener, messages: messagesOf({ id, time, traceparent: header('traceparent') }, given, read !== undefined), hasGap, settle };
}

/** The messages in what `read` of a mapping gave: one, several, or none. */
function messagesOf(info: Omit<EventMessage, 'data'>, given: unknown, isMapped: boolean): readonly EventMessage[] {
  if (!isMapped || !Array.isArray(given)) return given === undefined && isMapped ? [] : [{ ...info, data: given }];
  return (given as readonly unknown[]).map((data, at) => ({ ...info, id: at === 0 ? info.id : `${info.id}-${at + 1}`, data }));
}

/** The work of a mapping's `read`: an error that it throws says that the webhook cannot be read. */
function readBy<T>(event: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw ApiError.from(cause, 'INVALID_ARGUMENT', `webhook: 'read' of events.${event} cannot read what came`);
  }
}
