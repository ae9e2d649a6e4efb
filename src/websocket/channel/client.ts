import { throwIfCancelled } from '../../life/lifetime.ts';
import { checkMappings } from '../../guard/check-mappings.ts';
import { takerOfMapped } from '../../guard/mapped-sink.ts';
import type { Contract, EventDefinition } from '../../core/contract.ts';
import { ApiError, clientClosed } from '../../core/errors.ts';
import { joinHeaders } from '../../peer/headers.ts';
import { own } from '../../core/own.ts';
import { isLonger } from '../../socket/limits.ts';
import { frameOf, framesOf, shownFrame, type FeedMapping, type FeedOptions } from './feed.ts';
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
import type { ClientSettings } from '../settings.ts';
import { takesHeaders, type Frame } from '../../socket/client/like.ts';
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
    checkMappings('webSocket: operations', operations, ['path', 'input']);
    checkMappings('webSocket: events', events, ['path', 'open', 'close', 'read']);
    checkSession({ session, frames: undefined });
    this.#session = session;
    this.#cloud = cloudEvents && cloudEventWriter('webSocket', contract, cloudEvents, ['structured']);
    for (const event of Object.values(contract.events)) if (event.writtenBy !== undefined) this.#written.set(event.writtenBy, event);
  }

  async call({ operation, input, headers, signal }: CallRequest): Promise<unknown> {
    const event = this.#written.get(operation.name);
    const { input: make, path } = own(this.feed.operations, operation.name) ?? {};
    if (!event && path === undefined)
      throw new ApiError(
        'UNIMPLEMENTED',
        `a plain channel carries no ${operation.name}: give it a 'path' in 'operations', or use protocol 'jsonrpc'`,
        { sent: false },
      );
    const fields = (input ?? {}) as Readonly<Record<string, unknown>>;
    const frame = this.#frame(event, make ? make(fields) : fields, fields);
    const { maxRequestBytes } = this.settings;
    if (typeof frame === 'string' ? isLonger(frame, maxRequestBytes) : frame.length > maxRequestBytes)
      throw new ApiError('INVALID_ARGUMENT', `${operation.name}: the message is over the limit of ${maxRequestBytes} bytes`, {
        sent: false,
      });
    const link = this.#linkOf(path ?? this.#pathOf(event, fields), event?.channel ?? operation.name, headers);
    const release = link.use();
    try {
      const connection = link.current ?? (await link.connect(await joinHeaders(this.settings.headers, headers)));
      throwIfCancelled(signal);
      this.#onWire('out', event?.channel ?? operation.name, frame);
      if (this.feed.echo && path === undefined) return await connection.write(frame, fields, signal);
      connection.send(frame);
      return operation.output && fields;
    } finally {
      release(false);
    }
  }

  async subscribe(asked: SubscribeRequest, sink: EventSink): Promise<void> {
    const { event, params, headers, lastEventId, signal } = eventsOnly(asked, 'a plain channel');
    const link = this.#linkOf(this.#pathOf(event, params), event.channel, headers);
    const release = link.use();
    try {
      const connection = link.current ?? (await link.connect(await joinHeaders(this.settings.headers, headers), true));
      // A plain channel has no ids and does not resume.
      if (lastEventId !== undefined && !signal.aborted) sink.gap();
      // Also by a listener that leaves at a gap.
      throwIfCancelled(signal);
      const mapping = own(this.feed.events, event.name) ?? {};
      const { read } = mapping;
      const taker = takerOfMapped(event.name, sink, this.feed.onError, read !== undefined);
      const [opening, closing] = [framesOf(await mapping.open?.(params)), framesOf(mapping.close?.(params))];
      throwIfCancelled(signal);
      for (const frame of opening) this.#onWire('out', event.channel, frame);
      const take: Reader['take'] = ({ data, id, time }) => taker((context) => (read ? read(data, params, context) : data), { id, time });
      connection.read(signal, { take, end: (error) => sink.end(error), onLeft: release, opening, closing });
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

  #frame(event: EventDefinition | undefined, made: unknown, fields: Readonly<Record<string, unknown>>): Frame {
    if (!this.#cloud || !event) return frameOf(made);
    const message = { id: crypto.randomUUID(), time: isoNow(), data: fields };
    return structuredCloudEvent(this.#cloud.attributes(event, message), JSON.stringify(made));
  }

  /** The path of an event's connection. An operation that writes no event has its path in the mapping. */
  #pathOf(event: EventDefinition | undefined, params: Readonly<Record<string, unknown>>): string {
    return event ? (own(this.feed.events, event.name)?.path ?? pathOf(event, params)) : '';
  }

  /** `channel` names the connection in records and reports. */
  #linkOf(path: string, channel: string, callHeaders: Headers): ChannelLink {
    if (this.#isClosed) throw clientClosed(false);
    // Headers go with the upgrade alone, so those of a call need a connection of their own.
    const key = `${path} ${JSON.stringify(callHeaders)}`;
    const known = this.#links.get(key);
    if (known) return known;
    const made: ChannelLink = new ChannelLink(
      (headers, signal) => this.#open(channel, path, headers, signal, made),
      this.settings.onState,
      () => {
        this.#links.delete(key);
        void made.close();
      },
    );
    this.#links.set(key, made);
    return made;
  }

  async #open(channel: string, path: string, headers: Headers, signal: AbortSignal, link: ChannelLink): Promise<ChannelConnection> {
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
    const onFrame: DialogueOptions['onFrame'] = (direction, text) => this.#onWire(direction, channel, text);
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
        const opened = new ChannelConnection(socket, this.#cloud && ((frame) => this.#openFrame(channel, frame)));
        connection = opened;
        const take = (frame: unknown): void => {
          // As a session or `onText` gives it.
          this.#onWire('in', channel, frame as Frame);
          opened.receive(frame as Frame);
        };
        return {
          onText: take,
          // Of a session, which says whether there are binary frames.
          onBytes: session && take,
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
  #openFrame(channel: string, frame: unknown): ChannelFrame | undefined {
    try {
      return readCloudEvent(frame);
    } catch (cause) {
      this.feed.onError(new ApiError('DATA_LOSS', `${channel}: a frame was dropped: ${(cause as ApiError).text}`, { remote: true, cause }));
      return undefined;
    }
  }

  #onWire(direction: 'out' | 'in', start: string, frame: Frame): void {
    this.settings.onWire?.({ protocol: this.name, direction, start, headers: {}, body: shownFrame(frame) });
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
