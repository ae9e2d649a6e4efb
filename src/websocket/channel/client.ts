import { checkForeign } from '#contract-check';
import { checkMappings } from '../../guard/check-mappings.ts';
import { mappedSink } from '../../guard/mapped-sink.ts';
import type { Contract, EventDefinition } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import { joinHeaders } from '../../peer/headers.ts';
import { own } from '../../core/own.ts';
import { isLonger } from '../../socket/limits.ts';
import { frameOf, framesOf, type FeedMapping, type FeedOptions } from './feed.ts';
import { encodeText } from '../../http/client/query-text.ts';
import { eventsOnly } from '../../events/events-only.ts';
import { cloudEventWriter, structuredCloudEvent, type CloudEventWriter } from '../../events/cloud/cloud-event.ts';
import { readCloudEvent } from '../../events/cloud/read-cloud-event.ts';
import { reporter } from '../../life/report.ts';
import { inTime } from '../../life/timers.ts';
import { isoNow } from '../../life/now.ts';
import type { CallRequest, EventSink, Headers, SubscribeRequest, Transport } from '../../core/transport.ts';
import { ChannelConnection, type ChannelFrame, type Reader } from './connection.ts';
import { ChannelLink } from './link.ts';
import { tooLarge } from '../../socket/client/failure.ts';
import { linkClosed } from '../../socket/client/link.ts';
import type { ClientSettings } from '../settings.ts';
import { takesHeaders } from '../../socket/client/like.ts';
import { Socket } from '../../socket/client/socket.ts';
import { checkSession, dialogueOpener, type DialogueOptions, type OpenSocket, type SocketSession } from '../dialogue.ts';
import { CLOSE_CODES } from '../status.ts';
import { CLOUD_EVENTS } from './subprotocol.ts';

/** Plain channels: one connection for each channel, shared by its readers and writers. */
export class ChannelTransport implements Transport {
  readonly name = 'websocket';
  readonly #links = new Map<string, ChannelLink>();
  readonly #written = new Map<string, EventDefinition>();
  #isClosed = false;

  readonly contract: Contract;
  private readonly settings: ClientSettings;
  private readonly feed: FeedMapping;
  readonly #cloud: CloudEventWriter | undefined;
  readonly #session: SocketSession | undefined;

  constructor(contract: Contract, settings: ClientSettings, options: FeedOptions & { readonly session?: SocketSession | undefined }) {
    this.contract = contract;
    this.settings = settings;
    const { operations = {}, events = {}, echo = true, onError, cloudEvents, session } = options;
    this.feed = { operations, events, echo, onError: reporter(onError) };
    checkMappings('webSocket: operations', operations, ['input']);
    checkMappings('webSocket: events', events, ['path', 'open', 'close', 'read']);
    checkSession({ session, frames: undefined });
    this.#session = session;
    checkForeign('webSocket', contract, { operations, events });
    this.#cloud = cloudEvents && cloudEventWriter('webSocket', contract, cloudEvents, ['structured']);
    for (const event of Object.values(contract.events)) if (event.writtenBy !== undefined) this.#written.set(event.writtenBy, event);
  }

  async call({ operation, input, headers, signal }: CallRequest): Promise<unknown> {
    const event = this.#written.get(operation.name);
    if (!event) {
      const writers = [...this.#written.keys()].join(', ');
      throw new ApiError(
        'UNIMPLEMENTED',
        `a plain channel carries no ${operation.name}, only ${writers || 'events'}: use protocol 'jsonrpc'`,
        { sent: false },
      );
    }
    const fields = (input ?? {}) as Readonly<Record<string, unknown>>;
    const make = own(this.feed.operations, operation.name)?.input;
    const text = this.#frame(event, make ? make(fields) : fields, fields);
    if (isLonger(text, this.settings.maxRequestBytes))
      throw new ApiError('INVALID_ARGUMENT', `${operation.name}: the message is over the limit of ${this.settings.maxRequestBytes} bytes`, {
        sent: false,
      });
    const link = this.#linkOf(event, fields, headers);
    const release = link.use();
    try {
      const connection = link.current ?? (await link.connect(await joinHeaders(this.settings.headers, headers)));
      if (signal.aborted) throw ApiError.from(signal.reason, 'CANCELLED', 'the call was cancelled');
      this.#onWire('out', event, text);
      if (this.feed.echo) return await connection.write(text, fields, signal);
      connection.send(text);
      return fields;
    } finally {
      release(false);
    }
  }

  async subscribe(asked: SubscribeRequest, sink: EventSink): Promise<void> {
    const { event, params, headers, lastEventId, signal } = eventsOnly(asked, 'a plain channel');
    const link = this.#linkOf(event, params, headers);
    const release = link.use();
    try {
      const connection = link.current ?? (await link.connect(await joinHeaders(this.settings.headers, headers), true));
      // A plain channel has no ids and does not resume.
      if (lastEventId !== undefined && !signal.aborted) sink.gap();
      // Also by a listener that leaves at a gap.
      if (signal.aborted) throw ApiError.from(signal.reason, 'CANCELLED', 'the subscription was cancelled');
      const mapping = own(this.feed.events, event.name) ?? {};
      const { read } = mapping;
      const to = mappedSink(event.name, sink, this.feed.onError, read !== undefined);
      const [opening, closing] = [framesOf(await mapping.open?.(params)), framesOf(mapping.close?.(params))];
      if (signal.aborted) throw ApiError.from(signal.reason, 'CANCELLED', 'the subscription was cancelled');
      for (const text of opening) this.#onWire('out', event, text);
      const take: Reader['take'] = ({ data, id, time }) => to.take((context) => (read ? read(data, params, context) : data), { id, time });
      connection.read(signal, { take, end: to.end, onLeft: release, opening, closing });
    } catch (error) {
      release(signal.aborted);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#links.values()].map((link) => link.close()));
    this.#links.clear();
  }

  #frame(event: EventDefinition, made: unknown, fields: Readonly<Record<string, unknown>>): string {
    if (!this.#cloud) return frameOf(made);
    const message = { id: crypto.randomUUID(), time: isoNow(), data: fields };
    return structuredCloudEvent(this.#cloud.attributes(event, message), JSON.stringify(made));
  }

  #linkOf(event: EventDefinition, params: Readonly<Record<string, unknown>>, callHeaders: Headers): ChannelLink {
    if (this.#isClosed) throw linkClosed();
    const path = own(this.feed.events, event.name)?.path ?? pathOf(event, params);
    // Headers go with the upgrade alone, so those of a call need a connection of their own.
    const key = `${path} ${JSON.stringify(callHeaders)}`;
    const known = this.#links.get(key);
    if (known) return known;
    const made: ChannelLink = new ChannelLink(
      (headers, signal) => this.#open(event, path, headers, signal, made),
      this.settings.onState,
      () => {
        this.#links.delete(key);
        void made.close();
      },
    );
    this.#links.set(key, made);
    return made;
  }

  async #open(event: EventDefinition, path: string, headers: Headers, signal: AbortSignal, link: ChannelLink): Promise<ChannelConnection> {
    const { settings } = this;
    const constructor = await settings.socketClass();
    if (Object.keys(headers).length > 0 && !takesHeaders(constructor))
      throw new ApiError('INVALID_ARGUMENT', 'sockets of browsers send no headers, and a plain channel has no other place for them', {
        sent: false,
      });
    const url = new URL(await settings.url());
    if (path !== '') url.pathname = url.pathname.replace(/\/+$/, '') + (path.startsWith('/') ? path : `/${path}`);
    settings.onWire?.({
      protocol: this.name,
      direction: 'out',
      start: `GET ${url.pathname}`,
      headers: { upgrade: 'websocket', ...headers },
    });
    let connection: ChannelConnection | undefined;
    const session = this.#session;
    const { connectTimeoutMs } = settings;
    const onFrame: DialogueOptions['onFrame'] = (direction, text) => this.#onWire(direction, event, text);
    const carrier = { open: Socket.open, inTime, url: url.href, connectTimeoutMs };
    const { onError } = this.feed;
    const open: OpenSocket = session
      ? dialogueOpener({ ...carrier, session, frames: undefined, onError, asks: false, onFrame })
      : Socket.open;
    await open(
      {
        ...settings,
        constructor,
        url: url.href,
        protocols: this.#cloud ? [CLOUD_EVENTS] : settings.subprotocols,
        headers,
        signal,
        closeCodes: CLOSE_CODES,
        onUpgraded: (status, got) => settings.onWire?.({ protocol: this.name, direction: 'in', start: String(status), headers: got }),
      },
      (socket) => {
        const opened = new ChannelConnection(socket, this.#cloud && ((frame) => this.#openFrame(event, frame)));
        connection = opened;
        return {
          onText: (text) => {
            this.#onWire('in', event, text);
            opened.receive(text);
          },
          onTooLarge: () => opened.refuse(tooLarge(settings.maxMessageBytes)),
          onLost: (error, code) => {
            link.lost(opened, error);
            opened.lost(error, code);
          },
        };
      },
    );
    if (!connection) throw new TypeError('a socket that is open has hooks');
    return connection;
  }

  /** Takes a CloudEvent out of its envelope. A frame that is not one is reported, and ends nothing. */
  #openFrame({ channel }: EventDefinition, frame: unknown): ChannelFrame | undefined {
    try {
      return readCloudEvent(frame);
    } catch (cause) {
      this.feed.onError(new ApiError('DATA_LOSS', `${channel}: a frame was dropped: ${(cause as ApiError).text}`, { remote: true, cause }));
      return undefined;
    }
  }

  #onWire(direction: 'out' | 'in', event: EventDefinition, body: string): void {
    this.settings.onWire?.({ protocol: this.name, direction, start: event.channel, headers: {}, body });
  }
}

/** The path of a channel: the parameters that a subscriber fixed are in it, '+' stands for the rest. */
function pathOf(event: EventDefinition, params: Readonly<Record<string, unknown>>): string {
  const segments = event.channel.split('/').map((part) => {
    if (!part.startsWith('{')) return part;
    const value = params[part.slice(1, -1)];
    return value === undefined ? '+' : encodeText(value, part.slice(1, -1));
  });
  return `/${segments.join('/')}`;
}
