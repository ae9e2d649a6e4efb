import type { IPublishPacket } from 'mqtt';
import { tryParseJson } from '../../peer/json.ts';
import { textOf } from '../events/decoder.ts';
import { userProperties } from '../wire.ts';

/** A message of a foreign device, as the hooks `read` and `output` get it. */
export interface ForeignMessage {
  readonly topic: string;
  /** The values of the topic's parameters. */
  readonly params: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  /** The payload as UTF-8, without a byte order mark and without zero bytes at its end. */
  readonly text: string;
  /** The payload as JSON; `undefined` if it is not JSON, such as one that clears a retained message. */
  readonly json: unknown;
  /** Whether the broker had kept it from before. */
  readonly isRetained: boolean;
  /** User properties of MQTT 5. */
  readonly properties: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Content type of MQTT 5. */
  readonly contentType: string | undefined;
}

/** Getters, because most hooks read one of them. */
export class ReceivedMessage implements ForeignMessage {
  readonly topic: string;
  readonly params: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  readonly isRetained: boolean;
  readonly #properties: IPublishPacket['properties'];

  constructor(topic: string, params: Readonly<Record<string, string>>, bytes: Uint8Array, { retain, properties }: IPublishPacket) {
    this.topic = topic;
    this.params = params;
    this.bytes = bytes;
    this.isRetained = retain;
    this.#properties = properties;
  }

  get text(): string {
    const text = textOf(this.bytes);
    // Not by a regular expression: its time would grow with the square of the zeros within a message.
    let end = text.length;
    while (end > 0 && text.charCodeAt(end - 1) === 0) end--;
    return text.slice(text.charCodeAt(0) === 0xfeff ? 1 : 0, end);
  }

  get json(): unknown {
    return tryParseJson(this.text);
  }

  get properties(): ForeignMessage['properties'] {
    return userProperties(this.#properties);
  }

  get contentType(): string | undefined {
    return this.#properties?.contentType;
  }
}
