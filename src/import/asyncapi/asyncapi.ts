import type { JsonObject } from '../../core/errors.ts';
import type { SecuritySpec } from '../../core/security/security.ts';
import type { Choice } from '../draft/choice.ts';
import type { Connection, Draft, DraftEvent, DraftOperation } from '../draft/draft.ts';
import type { Findings } from '../draft/findings.ts';
import { contractName, memberName, MemberNames } from '../draft/names.ts';
import { Raw } from '../draft/raw.ts';
import { givenNames } from '../json-schema/given-names.ts';
import { membersOf, versionOf, words } from '../json-schema/facts.ts';
import { SchemaTypes } from '../json-schema/schema-types.ts';
import type { Documents } from '../load/documents.ts';
import { ImportError } from '../load/error.ts';
import { shown } from '../load/location.ts';
import { credentialsOf } from '../openapi/security.ts';
import { securedDraft, SecurityReader } from '../openapi/requirements.ts';
import { quote } from '../write/text.ts';
import { FlowReader, type Flow, type Message } from './flows.ts';
import { addressOf, channelOf, payloadOf, tagOf } from './payload.ts';
import { requirementsOf, schemesOf } from './security.ts';
import { spokenBy, type Spoken } from './servers.ts';

const TYPE = /^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$/;

/** Reads AsyncAPI 2 and 3: messages that a service sends as events, and those that it receives as operations. */
export function readAsyncApi(root: JsonObject, documents: Documents, choice: Choice, findings: Findings): Draft {
  const types = new SchemaTypes(documents, findings, givenNames(root, documents.root));
  const flows = new FlowReader(root, documents.root, types, findings).list();
  const spoken = spokenBy(root, documents.root, flows, types, findings);
  if (!spoken) throw new ImportError(`${shown(documents.root)} has no server for MQTT, WebSocket or HTTP`);
  const members = membersOfFlows(flows, spoken, types);
  const chosen = choice.of(members, ({ name, flow }) => [name, flow.id, flow.channel.address]);
  const declared = Object.entries(membersOf(membersOf(root['components'])['securitySchemes']));
  const schemes = Object.fromEntries(declared.map(([name, each]) => [name, types.resolve(each, documents.root).value]));
  const security = new SecurityReader(schemesOf(schemes), findings);
  const secured = (given: unknown, at: string): SecuritySpec | undefined => security.read(requirementsOf(given, schemes), at);
  const reader = new MemberReader(spoken, types, findings, secured);
  // An operation on a plain channel looks for the event of its channel.
  for (const kind of ['event', 'call']) for (const member of chosen) if (member.flow.kind === kind) reader.read(member);
  const info = membersOf(root['info']);
  return {
    name: contractName(words(info['title']) ?? 'api'),
    version: versionOf(info['version']),
    title: words(info['title']),
    description: words(info['description']),
    types: types.types,
    ...securedDraft(security, secured(spoken.security, '#/servers'), reader),
    connection: connectionOf(spoken, schemes, findings),
  };
}

/** One event or operation: messages of a channel that a client tells from the others. */
interface Member {
  readonly name: string;
  readonly flow: Flow;
  readonly messages: readonly Message[];
  /** The member of a message that says that it is one of these. */
  readonly tag?: { readonly member: string; readonly value: string } | undefined;
}

/** Named before a choice is made, so that each is called the same whatever is chosen beside it. */
function membersOfFlows(flows: readonly Flow[], { servers }: Spoken, types: SchemaTypes): Member[] {
  const names = new MemberNames();
  return flows
    .filter(({ channel }) => channel.servers.length === 0 || servers.size === 0 || channel.servers.some((name) => servers.has(name)))
    .flatMap((flow): Member[] => {
      const own = memberName(flow.id, flow.kind === 'event' ? 'event' : 'call');
      const name = flow.kind === 'event' ? own.replace(/^on([A-Z])/, (_, letter: string) => letter.toLowerCase()) : own;
      const { messages } = flow;
      if (messages.length < 2) return [{ name: names.take(name), flow, messages }];
      const tag = flow.kind === 'event' ? tagOf(messages, types, flow.at) : undefined;
      // A caller knows which message they send; of those that come, something must say it.
      if (flow.kind === 'event' && !tag) return [{ name: names.take(name), flow, messages }];
      return messages.map((message, index) => ({
        name: names.take(memberName(message.name ?? `${name} ${index + 1}`, name)),
        flow,
        messages: [message],
        ...(tag && { tag: { member: tag.member, value: tag.values[index] ?? '' } }),
      }));
    });
}

class MemberReader {
  readonly operations: DraftOperation[] = [];
  readonly events: DraftEvent[] = [];
  /** The address of each event. */
  readonly #addresses: string[] = [];
  readonly #channels = new Set<string>();
  private readonly spoken: Spoken;
  private readonly types: SchemaTypes;
  private readonly findings: Findings;
  private readonly secured: (security: unknown, at: string) => SecuritySpec | undefined;

  constructor(spoken: Spoken, types: SchemaTypes, findings: Findings, secured: MemberReader['secured']) {
    this.spoken = spoken;
    this.types = types;
    this.findings = findings;
    this.secured = secured;
  }

  read(member: Member): void {
    const { flow } = member;
    if (flow.channel.address === undefined) this.findings.add(flow.at, 'a channel without an address', 'left out');
    else if (flow.kind === 'event') this.#event(member);
    else this.#operation(member);
  }

  #notes({ name, flow, messages }: Member): Pick<DraftEvent, 'name' | 'service' | 'summary' | 'description' | 'deprecated' | 'security'> {
    const [only] = messages.length === 1 ? messages : [];
    return {
      name,
      service: flow.tag !== undefined && /^[A-Z][A-Za-z0-9]*$/.test(flow.tag) ? flow.tag : undefined,
      summary: flow.summary ?? only?.summary,
      description: flow.description ?? only?.description,
      deprecated: flow.deprecated,
      security: this.secured(flow.security, flow.at),
    };
  }

  #event(member: Member): void {
    const { flow, messages, tag } = member;
    const where = addressOf(flow);
    if (!where) return;
    const { protocol } = this.spoken;
    if (protocol === 'http' && methodOf(flow) === 'POST') {
      this.findings.add(flow.at, 'a webhook', 'left out: write an event, and receive it with the adapter webhook');
      return;
    }
    const { type, whole } = payloadOf(messages, where.params, this.types, { at: flow.at, side: 'output' });
    const channel = this.#channelOf(where.address, member.name);
    const [only] = messages;
    const eventType = only?.name !== undefined && TYPE.test(only.name) ? only.name : undefined;
    const path = where.address.replace(/^\//, '');
    // Events of one path share a connection.
    const isElsewhere = path !== channel || tag !== undefined;
    if (protocol === 'ws' && isElsewhere && where.params.length > 0) {
      this.findings.add(flow.at, 'several messages on a path with parameters', 'left out');
      return;
    }
    const mapping = {
      ...(protocol === 'mqtt' && { topic: where.address, qos: qosOf(flow) }),
      ...(protocol === 'ws' && isElsewhere && { path: `/${path}` }),
      ...(protocol === 'http' && path !== channel && { http: `GET /${path}` }),
      ...(protocol === 'http' && eventType === undefined && { types: '*' }),
      ...readOf(protocol, whole, tag),
    };
    this.#addresses.push(where.address);
    this.events.push({
      ...this.#notes(member),
      channel,
      ...(protocol === 'http' && eventType !== undefined && { type: eventType }),
      payload: type,
      ...(Object.keys(mapping).length > 0 && { mapping }),
    });
  }

  /** Events of one address have channels of their own in the contract. */
  #channelOf(address: string, name: string): string {
    const own = channelOf(address);
    const channel = this.#channels.has(shapeOf(own)) ? `${own}/${name}` : own;
    this.#channels.add(shapeOf(channel));
    return channel;
  }

  #operation(member: Member): void {
    const { name, flow, messages } = member;
    const where = addressOf(flow);
    if (!where) return;
    const { protocol } = this.spoken;
    const { type, whole } = payloadOf(messages, where.params, this.types, { at: flow.at, side: 'input' });
    const input =
      whole === undefined ? {} : { input: new Raw(whole === 'text' ? '({ value }) => value' : '({ value }) => JSON.stringify(value)') };
    const notes = { ...this.#notes(member), kind: 'mutation', input: type, errors: [] } as const;
    if (protocol === 'mqtt') {
      const { reply } = flow;
      if (reply && reply.address === undefined)
        this.findings.add(flow.at, 'an answer at an address that the request names', 'not waited for');
      const answer = reply?.address === undefined ? undefined : payloadOf(reply.messages, [], this.types, { at: flow.at, side: 'output' });
      const mapping = {
        topic: where.address,
        qos: qosOf(flow),
        ...(membersOf(flow.bindings['mqtt'])['retain'] === true && { retain: true }),
        ...input,
        ...(answer && { reply: reply?.address }),
        ...(answer?.whole && { output: new Raw(`({ ${answer.whole} }) => ({ value: ${answer.whole} })`) }),
      };
      this.operations.push({ ...notes, output: answer?.type, mapping });
    } else if (protocol === 'http') {
      const method = methodOf(flow) ?? 'POST';
      if (whole === undefined) this.operations.push({ ...notes, http: [`${method} /${where.address.replace(/^\//, '')}`] });
      else this.findings.add(flow.at, 'a request that is not an object', 'left out');
    } else {
      // On a plain channel an operation writes what an event reads.
      const index = this.events.findIndex((each, at) => this.#addresses[at] === where.address && each.writtenBy === undefined);
      const event = this.events[index];
      if (!event) {
        this.findings.add(flow.at, 'messages to a channel from which no event is read', 'left out');
        return;
      }
      this.events[index] = { ...event, writtenBy: name };
      this.operations.push({ ...notes, output: type, ...(whole !== undefined && { mapping: { input: new Raw(`(input) => ${whole === 'text' ? '' : 'JSON.stringify('}(input as { value: ${whole === 'text' ? 'string' : 'unknown'} }).value${whole === 'text' ? '' : ')'}`) } }) }); // prettier-ignore
    }
  }
}

/** Channels that differ by the names of parameters are the same. */
function shapeOf(channel: string): string {
  return channel.replace(/\{[^{}]*\}/g, '{}');
}

function methodOf({ bindings }: Flow): string | undefined {
  return words(membersOf(bindings['http'])['method'])?.toUpperCase();
}

function qosOf({ bindings }: Flow): number | undefined {
  const qos = membersOf(bindings['mqtt'])['qos'];
  return qos === 0 || qos === 1 || qos === 2 ? qos : undefined;
}

/** How an adapter takes the event out of a message, if not as it is. */
function readOf(protocol: Spoken['protocol'], whole: 'json' | 'text' | undefined, tag: Member['tag']): { readonly read?: Raw } {
  const [parameter, value] = protocol === 'mqtt' ? [`({ ${whole ?? 'json'} })`, whole ?? 'json'] : ['(data)', 'data'];
  if (whole !== undefined) return { read: new Raw(`${parameter} => ({ value: ${value} })`) };
  if (!tag) return {};
  const member = /^[A-Za-z_$][\w$]*$/.test(tag.member) ? tag.member : quote(tag.member);
  const access = member === tag.member ? `?.${member}` : `?.[${member}]`;
  return {
    read: new Raw(`${parameter} => ((${value} as { ${member}?: unknown } | null)${access} === ${quote(tag.value)} ? ${value} : undefined)`),
  };
}

function connectionOf({ protocol, url }: Spoken, schemes: JsonObject, findings: Findings): Connection {
  switch (protocol) {
    case 'mqtt':
      // A user and password are options of the adapter.
      if (Object.values(schemes).some((scheme) => membersOf(scheme)['type'] === 'X509'))
        findings.add('#/components/securitySchemes', 'a certificate of the client', "give it in the option 'tls'");
      return { adapter: { name: 'mqtt', from: 'multi-api-sdk/mqtt', options: 'MqttOptions' }, url, fixed: {}, credentials: [] };
    case 'ws':
      return {
        adapter: { name: 'webSocket', from: 'multi-api-sdk/websocket', options: 'ChannelOptions', given: 'protocol' },
        url,
        fixed: { protocol: 'channel', echo: false },
        credentials: credentialsOf(schemesOf(schemes), findings).filter(({ place }) => place !== 'query'),
      };
    default:
      return { adapter: { name: 'rest', from: 'multi-api-sdk/rest', options: 'RestOptions' }, url, fixed: { sendDeadline: false, sendFields: false }, credentials: credentialsOf(schemesOf(schemes), findings) }; // prettier-ignore
  }
}
