import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { EventDefinition } from '../../core/contract.ts';
import { ApiError, isApiError } from '../../core/errors.ts';
import type { Headers, Peer, Transport } from '../../core/transport.ts';
import { printable } from '../../peer/text/printable.ts';
import { replyTopicOf } from '../calls/envelope.ts';
import type { MqttCredentials } from '../options.ts';
import { compileTopics, type Topics } from '../topics.ts';
import { overlap } from '../filters.ts';
import { askSubscription, headersOf, identify } from './identity.ts';

/** Which callers may publish an event: their names, a function that knows them, or `'*'` for all. */
export type Publishers = '*' | readonly string[] | ((caller: string) => boolean);

/** Options of the broker's access rules. */
export interface AccessOptions {
  readonly open: boolean;
  readonly publishers: Readonly<Record<string, Publishers>>;
  readonly serviceCredentials: MqttCredentials | undefined;
  readonly authenticate:
    ((credentials: { readonly username?: string; readonly password?: string }) => boolean | Promise<boolean>) | undefined;
  readonly onError: (error: unknown) => void;
}

/** A service whose callers are let in. */
interface Admitted {
  readonly transport: Transport;
  readonly topics: Topics;
  /** Topics that only the service hears: requests, cancellations and replies. */
  readonly hidden: readonly string[];
}

/** A connection that was let in. */
export interface Member {
  readonly clientId: string;
  /** `service`: may everything. `guest`: on an open broker. `caller`: the members that the contracts allow. */
  readonly kind: 'service' | 'guest' | 'caller';
  /** Empty for callers that nothing tells apart. */
  readonly caller: string;
  readonly expiresAtMs?: number | undefined;
  readonly headers: Headers;
  readonly peer: Peer;
  /** Those that let this caller in. */
  readonly services: readonly Admitted[];
}

/** A refused CONNECT. Source: https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html#_Table_3.1_- */
export class Refusal extends Error {
  readonly returnCode: 2 | 3 | 4 | 5;

  constructor(returnCode: 2 | 3 | 4 | 5, message: string) {
    super(message);
    this.returnCode = returnCode;
  }
}

/** The data of a client that connects. */
export interface Connect {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly request: IncomingMessage | undefined;
  readonly address: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * The rights of clients at the embedded broker. The service may everything. Its callers may send requests whose replies come to themselves,
 * hear what the service lets them hear, and publish the events that `publishers` lists.
 */
export class Access {
  readonly credentials: MqttCredentials;
  readonly #services = new Set<Admitted>();
  private readonly options: AccessOptions;

  constructor(options: AccessOptions) {
    this.options = options;
    this.credentials = { username: 'service', password: randomBytes(24).toString('base64url') };
  }

  admit(transport: Transport, topicPrefix: string | undefined): () => void {
    const topics = compileTopics(transport.contract, topicPrefix);
    const operations = Object.keys(transport.contract.operations);
    const hidden = [...operations.map((name) => topics.request(name)), ...controls(topics), `${topics.replies('')}#`];
    const admitted: Admitted = { transport, topics, hidden };
    this.#services.add(admitted);
    return () => void this.#services.delete(admitted);
  }

  /** Lets a client in. Rejects with a `Refusal`. */
  async connect(connect: Connect): Promise<Member> {
    const { clientId, username, password, request, address } = connect;
    const headers = headersOf(username, password, request?.headers);
    const peer: Peer = { protocol: 'mqtt', ...(address !== undefined && { address }) };
    const member = { clientId, headers, peer };
    if ([this.credentials, this.options.serviceCredentials].some((known) => known && isSame(known, username, password)))
      return { ...member, kind: 'service', caller: '', services: [] };
    if (this.options.authenticate) {
      const credentials = { ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
      if (!(await this.options.authenticate(credentials))) throw new Refusal(4, 'bad user name or password');
      const services = [...this.#services];
      return { ...member, kind: this.options.open ? 'guest' : 'caller', caller: username ?? '', services };
    }
    if (this.options.open) return { ...member, kind: 'guest', caller: '', services: [] };
    if (this.#services.size === 0) throw new Refusal(3, 'no service takes calls at this broker yet');
    return { ...member, kind: 'caller', ...(await this.#identify(headers, peer, connect.signal)) };
  }

  /** Throws if a client may not publish a message, its last will included. */
  checkPublish({ kind, services, clientId, caller }: Member, topic: string, payload: Uint8Array): void {
    if (topic.startsWith('$SYS/')) throw new Error('topics below $SYS are the broker’s own');
    if (kind !== 'caller') return;
    for (const { topics } of services) {
      const own = topics.replies(clientId);
      if (isBelow(topic, own)) return;
      if (isRequest(topics, topic)) return checkReplyTopic(payload, own);
      const event = topics.eventOf(topic);
      if (event && this.#mayPublish(event, caller)) return;
      if (event)
        throw new Error(
          `the client '${printable(clientId)}' may not publish the event '${event.name}': list its caller${caller === '' ? '' : ` '${printable(caller)}'`} in the broker's option 'publishers'`,
        );
    }
    throw new Error(`the client '${printable(clientId)}' may not publish on '${printable(topic)}'`);
  }

  /** Whether a topic is that of an event. */
  isEvent(topic: string): boolean {
    for (const { topics } of this.#services) if (topics.eventOf(topic)) return true;
    return false;
  }

  /** Whether a client may subscribe. */
  async maySubscribe({ kind, services, clientId, headers, peer }: Member, filter: string, signal: AbortSignal): Promise<boolean> {
    if (kind === 'service') return true;
    if (kind === 'guest') return true;
    if (filter.startsWith('$')) return false;
    for (const admitted of this.#services) {
      const { topics, hidden, transport } = admitted;
      const isLetIn = services.includes(admitted);
      if (isLetIn && isBelow(filter, topics.replies(clientId))) return true;
      if (hidden.some((each) => overlap(filter, each))) return false;
      for (const event of Object.values(transport.contract.events)) {
        if (!overlap(filter, topics.filter(event, {}))) continue;
        if (!isLetIn) return false;
        const isHeard = await askSubscription(transport, event, paramsOf(topics, event, filter), headers, peer, signal).then(
          () => true,
          (error: unknown) => this.#report(error),
        );
        if (!isHeard) return false;
      }
    }
    return true;
  }

  /** Whether a client may hear a message. A forbidden topic was refused when it subscribed, so this holds for later changes. */
  mayHear({ kind, clientId }: Member, topic: string): boolean {
    if (kind !== 'caller') return true;
    for (const { topics } of this.#services) {
      if (isRequest(topics, topic)) return false;
      if (topic.startsWith(topics.replies('')) && !isBelow(topic, topics.replies(clientId))) return false;
    }
    return true;
  }

  async #identify(headers: Headers, peer: Peer, signal: AbortSignal): Promise<Pick<Member, 'caller' | 'expiresAtMs' | 'services'>> {
    const services: Admitted[] = [];
    let caller: string | undefined;
    let expiresAtMs: number | undefined;
    let refusal: unknown;
    for (const admitted of this.#services) {
      try {
        const identity = await identify(admitted.transport, headers, peer, signal);
        caller ??= identity.caller;
        // One connection for all of them ends with the first.
        expiresAtMs = identity.expiresAtMs === undefined ? expiresAtMs : Math.min(expiresAtMs ?? Infinity, identity.expiresAtMs);
        services.push(admitted);
      } catch (error) {
        refusal = error;
        this.#report(error);
      }
    }
    if (services.length === 0) throw refusalOf(refusal);
    return { caller: caller ?? fingerprint(headers), expiresAtMs, services };
  }

  #mayPublish(event: EventDefinition, caller: string): boolean {
    const { publishers } = this.options;
    const listed = Object.hasOwn(publishers, event.name) ? publishers[event.name] : undefined;
    if (listed === undefined) return false;
    if (listed === '*') return true;
    return typeof listed === 'function' ? listed(caller) === true : listed.includes(caller);
  }

  /** A refusal is the caller's affair, a failure the operator's. */
  #report(error: unknown): false {
    if (!isApiError(error) || error.code === 'INTERNAL') this.options.onError(error);
    return false;
  }
}

/** Credentials of callers that the service does not name: a digest, so that no log or error can show them. */
function fingerprint({ authorization, cookie }: Headers): string {
  if (authorization === undefined && cookie === undefined) return '';
  return `credentials ${createHash('sha256').update(`${authorization}\n${cookie}`).digest('base64url').slice(0, 16)}`;
}

function refusalOf(error: unknown): Refusal {
  const { code, text } = ApiError.from(error, 'INTERNAL', 'the service could not say who calls');
  if (code === 'UNAUTHENTICATED') return new Refusal(4, text);
  return new Refusal(code === 'PERMISSION_DENIED' ? 5 : 3, text);
}

function isSame(known: MqttCredentials, username: string | undefined, password: string | undefined): boolean {
  const digest = (name: string | undefined, secret: string | undefined) => createHash('sha256').update(`${name}\n${secret}`).digest();
  return known.password !== undefined && timingSafeEqual(digest(known.username, known.password), digest(username, password));
}

/** The topics on which callers speak of requests that run. */
function controls({ cancel, more }: Topics): readonly string[] {
  return more === undefined ? [cancel] : [cancel, more];
}

/** Whether only the service hears what is published there. */
function isRequest(topics: Topics, topic: string): boolean {
  return topics.operationOf(topic) !== undefined || controls(topics).includes(topic);
}

function isBelow(topic: string, root: string): boolean {
  return topic === root || topic.startsWith(`${root}/`);
}

/** Throws if a request of MQTT 3.1.1 wants its answer anywhere but at the client's own topic. */
function checkReplyTopic(payload: Uint8Array, own: string): void {
  const replyTo = replyTopicOf(new TextDecoder().decode(payload));
  if (typeof replyTo !== 'string' || !isBelow(replyTo, own)) throw new Error(`a request's 'replyTo' must be '${own}' or below it`);
}

/** The parameters that a filter fixes, for which the service is asked. */
function paramsOf(topics: Topics, event: EventDefinition, filter: string): Readonly<Record<string, unknown>> {
  const [levels, given] = [topics.filter(event, Object.fromEntries(event.params.map((param) => [param, `{${param}}`]))).split('/'), filter.split('/')]; // prettier-ignore
  const params: Record<string, string> = {};
  for (const [at, level] of levels.entries()) {
    const param = event.params.find((each) => level === `{${each}}`);
    const value = given[at];
    if (given.indexOf('#') !== -1 && given.indexOf('#') <= at) break;
    if (param === undefined || value === undefined || value === '+') continue;
    try {
      params[param] = decodeURIComponent(value);
    } catch {
      params[param] = value;
    }
  }
  return params;
}
