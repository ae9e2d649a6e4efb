import type { JsonObject } from '../../core/errors.ts';
import { memberName } from '../draft/names.ts';
import { itemsOf, membersOf, textOf, words } from '../json-schema/facts.ts';
import { DocumentReader } from '../json-schema/document-reader.ts';
import type { Location } from '../load/location.ts';

/** Messages that go one way on a channel. */
export interface Flow {
  readonly id: string;
  /** Seen from the client: an event comes, a call goes. */
  readonly kind: 'event' | 'call';
  readonly at: string;
  readonly summary?: string | undefined;
  readonly description?: string | undefined;
  readonly deprecated: boolean;
  readonly tag: string | undefined;
  readonly channel: Channel;
  readonly messages: readonly Message[];
  /** The requirements of the operation, as OpenAPI says them; none for those of its server. */
  readonly security: unknown;
  /** Bindings of the operation, by protocol. */
  readonly bindings: JsonObject;
  readonly reply?: Reply | undefined;
}

export interface Channel {
  /** The topic or path; none if only the running service knows it. */
  readonly address: string | undefined;
  readonly params: JsonObject;
  /** Names of the servers that have it; none if all do. */
  readonly servers: readonly string[];
  readonly bindings: JsonObject;
}

export interface Message {
  readonly name: string | undefined;
  readonly summary: string | undefined;
  readonly description: string | undefined;
  readonly payload: unknown;
  readonly base: Location;
  readonly contentType: string;
}

/** The channels of answers, and their types. */
export interface Reply {
  readonly address: string | undefined;
  readonly messages: readonly Message[];
}

/** Reads the operations of AsyncAPI 2 and 3 as what comes to a client and what it sends. */
export class FlowReader extends DocumentReader {
  list(): readonly Flow[] {
    return textOf(this.root['asyncapi']).startsWith('3') ? this.#three() : this.#two();
  }

  /** https://www.asyncapi.com/docs/reference/specification/v3.0.0 */
  #three(): Flow[] {
    return Object.entries(membersOf(this.root['operations'])).map(([id, given]) => {
      const { value: operation, base } = this.types.resolve(given, this.location);
      const channel = this.types.resolve(operation['channel'], base);
      const said = itemsOf(operation['messages']);
      const messages = said.length > 0 ? said : Object.values(membersOf(channel.value['messages']));
      const reply = operation['reply'] === undefined ? undefined : this.types.resolve(operation['reply'], base);
      const to = reply?.value['channel'] === undefined ? undefined : this.types.resolve(reply.value['channel'], reply.base);
      const answers = itemsOf(reply?.value['messages']);
      return {
        ...this.#notes(id, operation),
        kind: operation['action'] === 'receive' ? 'call' : 'event',
        at: `#/operations/${id}`,
        channel: {
          address: words(channel.value['address']),
          params: this.#params(channel.value['parameters'], channel.base),
          servers: itemsOf(channel.value['servers']).map((server) => refEnd(server)),
          bindings: this.types.resolve(channel.value['bindings'], channel.base).value,
        },
        messages: messages.map((message) => this.#message(message, said.length > 0 ? base : channel.base)),
        bindings: this.types.resolve(operation['bindings'], base).value,
        ...(reply && {
          reply: {
            address: to && words(to.value['address']),
            messages: (answers.length > 0 ? answers : Object.values(membersOf(to?.value['messages']))).map((message) =>
              this.#message(message, answers.length > 0 ? reply.base : (to?.base ?? base)),
            ),
          },
        }),
      };
    });
  }

  /** A client subscribes to what a service publishes: https://www.asyncapi.com/docs/reference/specification/v2.6.0#operationObject */
  #two(): Flow[] {
    return Object.entries(membersOf(this.root['channels'])).flatMap(([address, given]) => {
      const { value: item, base } = this.types.resolve(given, this.location);
      const channel: Channel = {
        address,
        params: this.#params(item['parameters'], base),
        servers: itemsOf(item['servers']).filter((name) => typeof name === 'string'),
        bindings: this.types.resolve(item['bindings'], base).value,
      };
      return (['subscribe', 'publish'] as const).flatMap((action): Flow[] => {
        if (item[action] === undefined) return [];
        const { value: operation, base: from } = this.types.resolve(item[action], base);
        const message = this.types.resolve(operation['message'], from);
        const options = itemsOf(message.value['oneOf']);
        const place = memberName(address.replace(/[{}]/g, ' '), 'root');
        const id = words(operation['operationId']) ?? (action === 'publish' ? `publish ${place}` : place);
        return [
          {
            ...this.#notes(id, operation),
            kind: action === 'publish' ? 'call' : 'event',
            at: `#/channels/${address.replaceAll('~', '~0').replaceAll('/', '~1')}/${action}`,
            channel,
            messages:
              options.length > 0 ? options.map((each) => this.#message(each, message.base)) : [this.#message(operation['message'], from)],
            bindings: this.types.resolve(operation['bindings'], from).value,
          },
        ];
      });
    });
  }

  #notes(id: string, operation: JsonObject): Pick<Flow, 'id' | 'summary' | 'description' | 'deprecated' | 'tag' | 'security'> {
    const [tag] = itemsOf(operation['tags']).map((each) => words(membersOf(each)['name']));
    return { id, summary: words(operation['summary']), description: words(operation['description']), deprecated: operation['deprecated'] === true, tag, security: operation['security'] }; // prettier-ignore
  }

  #params(given: unknown, base: Location): JsonObject {
    return Object.fromEntries(Object.entries(membersOf(given)).map(([name, param]) => [name, this.types.resolve(param, base).value]));
  }

  #message(given: unknown, base: Location): Message {
    const { value: message, base: from } = this.types.resolve(given, base);
    const format = words(message['schemaFormat']) ?? words(membersOf(message['payload'])['schemaFormat']);
    const isForeign = format !== undefined && !/json|yaml|openapi|asyncapi/i.test(format);
    const name = words(message['name']) ?? words(message['messageId']) ?? (refEnd(given) || undefined);
    if (isForeign) this.findings.add(`message ${name ?? ''}`, `a payload in the format ${format}`, 'any value');
    const payload =
      membersOf(message['payload'])['schemaFormat'] === undefined ? message['payload'] : membersOf(message['payload'])['schema'];
    return {
      name,
      summary: words(message['summary']) ?? words(message['title']),
      description: words(message['description']),
      payload: isForeign ? true : payload,
      base: from,
      contentType: words(message['contentType']) ?? words(this.root['defaultContentType']) ?? 'application/json',
    };
  }
}

/** The last step of a reference: `#/servers/production` is `production`. */
export function refEnd(value: unknown): string {
  const ref = membersOf(value)['$ref'];
  return typeof ref === 'string' ? (ref.split('/').at(-1) ?? '') : '';
}
