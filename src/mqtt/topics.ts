import { decodePercent } from '../peer/text/percent.ts';
import type { Contract, EventDefinition } from '../core/contract.ts';
import { ApiError } from '../core/errors.ts';
import { checkTopics, OWN } from './check.ts';

/** The topics of one contract. */
export interface Topics {
  /** `blog/v1/getUser`. */
  request(operation: string): string;
  /** The operation that a request's topic names; undefined for topics that take no requests. */
  operationOf(topic: string): string | undefined;
  /** Every request: `blog/v1/+`. */
  readonly requests: string;
  /** As a filter, but one server of the group gets each message: `$share/blog/blog/v1/+`. */
  shared(filter: string): string;
  /** `blog/v1/cancel`. */
  readonly cancel: string;
  /** The topic on which readers of streams say how much they take: `blog/v1/more`; undefined without streams. */
  readonly more: string | undefined;
  /** Below it each publisher repeats its last ids: `multi-api-sdk/marks`. */
  readonly marks: string;
  /** `blog/v1/status`. */
  readonly status: string;
  /** The topic of one client's answers: `blog/v1/replies/<client>`. */
  replies(client: string): string;
  /** The client whose reply topic that is, if it is one. */
  clientOf(topic: string): string | undefined;
  /** The topic of an event: its channel with the payload's values for the parameters. */
  event(event: EventDefinition, data: Readonly<Record<string, unknown>>): string;
  /** The filter to subscribe to: `+` for each parameter that is not fixed. */
  filter(event: EventDefinition, params: Readonly<Record<string, unknown>>): string;
  /** The event of a topic. */
  eventOf(topic: string): EventDefinition | undefined;
  /** Whether a caller may have its answer there: no wildcard, not the broker's own, none that this contract uses for something else. */
  mayReply(topic: string): boolean;
}

/**
 * Compiles the topics of a contract. `prefix` goes before all of them: `site/7`. Throws a `TypeError` if names collide. Source:
 * https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901241
 */
export function compileTopics(contract: Contract, prefix = ''): Topics {
  checkTopics(contract, prefix);
  const hasStreams = Object.values(contract.operations).some(({ item }) => item !== undefined);
  const root = prefix === '' ? '' : `${prefix}/`;
  const base = `${root}${contract.name}/v${contract.version.split('.')[0]}/`;
  const exact = new Map<string, EventDefinition>();
  const patterns: { readonly event: EventDefinition; readonly levels: readonly string[] }[] = [];
  for (const event of Object.values(contract.events)) {
    const address = root + event.channel;
    if (event.params.length === 0) exact.set(address, event);
    else patterns.push({ event, levels: address.split('/') });
  }
  const fill = (event: EventDefinition, value: (param: string) => string): string => {
    const address = root + event.channel;
    if (event.params.length === 0) return address;
    const levels = address.split('/').map((level) => (isParam(level) ? value(level.slice(1, -1)) : level));
    const topic = levels.join('/');
    if (topic.length > MAX_TOPIC)
      throw new ApiError('INVALID_ARGUMENT', 'the channel parameters are too long for a topic', { sent: false });
    return topic;
  };
  const eventOf = (topic: string): EventDefinition | undefined => {
    const found = exact.get(topic);
    if (found || patterns.length === 0) return found;
    const given = topic.split('/');
    return patterns.find(
      ({ levels }) => levels.length === given.length && levels.every((level, at) => isParam(level) || level === given[at]),
    )?.event;
  };
  return {
    request: (operation) => base + operation,
    operationOf(topic) {
      if (!topic.startsWith(base)) return undefined;
      const name = topic.slice(base.length);
      return name.includes('/') || OWN.includes(name) ? undefined : name;
    },
    requests: `${base}+`,
    shared: (filter) => `$share/${contract.name}/${filter}`,
    cancel: `${base}cancel`,
    more: hasStreams ? `${base}more` : undefined,
    marks: `${root}multi-api-sdk/marks`,
    status: `${base}status`,
    replies: (client) => `${base}replies/${encodeLevel(client)}`,
    clientOf(topic) {
      const root = `${base}replies/`;
      return topic.startsWith(root) ? decodePercent(topic.slice(root.length).split('/')[0] ?? '') : undefined;
    },
    event: (event, data) => fill(event, (param) => encodeLevel(data[param])),
    filter: (event, params) => fill(event, (param) => (params[param] === undefined ? '+' : encodeLevel(params[param]))),
    eventOf,
    mayReply: (topic) =>
      isTopic(topic) && (topic.startsWith(`${base}replies/`) || (!topic.startsWith(base) && eventOf(topic) === undefined)),
  };
}

/** Whether anyone may publish to it: https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901242 */
function isTopic(topic: string): boolean {
  return (
    topic !== '' && !topic.startsWith('$') && !NO_TOPIC.test(topic) && topic.length <= MAX_TOPIC && topic.split('/').length <= MAX_LEVELS
  );
}

/** Brokers have limits of their own: Mosquitto ends the connection over 200 levels, EMQX over 128. */
const MAX_TOPIC = 16_384;
const MAX_LEVELS = 100;

/**
 * Wildcards, and characters over which a broker may end the publisher's connection. Source:
 * https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901010
 */
const NO_TOPIC = /[+#\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;
/** Texts that would be more, or less, than a part of one level. */
const NO_LEVEL = new RegExp(`[%/$]|${NO_TOPIC.source}`, 'gu');

function isParam(level: string): boolean {
  return level.startsWith('{');
}

/** A value as one level of a topic: characters with a meaning in topics are percent-encoded. */
function encodeLevel(value: unknown): string {
  const text = String(value);
  if (text.length > 1024)
    throw new ApiError('INVALID_ARGUMENT', 'a channel parameter is too long for a topic: 1024 characters at most', { sent: false });
  // Half a surrogate pair has no bytes.
  return text.replace(NO_LEVEL, (char) => (/\p{Cs}/u.test(char) ? '\ufffd' : encodeURIComponent(char)));
}
