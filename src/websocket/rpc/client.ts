import { throwIfCancelled } from '../../life/lifetime.ts';
import { foreign, subscriptions } from '#websocket-parts';
import { endingOf } from '../../life/call.ts';
import type { Contract } from '../../core/contract.ts';
import { noMember } from '../../core/errors.ts';
import { withPart } from '../../life/lazy.ts';
import { inTime } from '../../life/timers.ts';
import { joinHeaders } from '../../peer/headers.ts';
import { eventsOnly } from '../../events/events-only.ts';
import type { CallRequest, EventSink, Headers, SubscribeRequest, Transport } from '../../core/transport.ts';
import { tooLarge } from '../../socket/client/failure.ts';
import { takesHeaders } from '../../socket/client/like.ts';
import { Link } from '../../socket/client/link.ts';
import { Socket } from '../../socket/client/socket.ts';
import type { OpenSocket } from '../dialogue.ts';
import { CLOSE_CODES } from '../status.ts';
import type { ClientSettings } from '../settings.ts';
import { RpcConnection, type KnownPeer, type RpcConnectionHooks } from './connection.ts';
import { connectionHeaders } from '../wire.ts';
import { isPromiseLike } from '../../life/maybe.ts';

/** How `ws` says that a server answered none of the subprotocols. */
const NO_SUBPROTOCOL = /no subprotocol/;

const NO_HEADERS: Headers = Object.freeze({});

/** JSON-RPC over one connection for everything. */
export class RpcTransport implements Transport {
  readonly name = 'websocket';
  readonly #link: Link<RpcConnection, Headers>;
  readonly #hooks: RpcConnectionHooks | undefined;
  /** Whether the server answers no subprotocol, which clients must take for a failure if they offered one. */
  #takesNone = false;
  readonly #peer: KnownPeer = { isOurs: false };

  readonly contract: Contract;
  private readonly settings: ClientSettings;

  constructor(contract: Contract, settings: ClientSettings) {
    this.contract = contract;
    this.settings = settings;
    this.#link = new Link((headers, signal) => this.#openOrAgain(headers, signal), settings.onState);
    this.#hooks = settings.onWire && wireHooks(settings.onWire);
    // A mapping that cannot be is refused at once on Node, and in pages when the connection is made.
    const { mapping } = settings;
    const peer = mapping && withPart(foreign, ({ ForeignPeer }) => new ForeignPeer(mapping));
    if (isPromiseLike(peer)) peer.catch(() => {});
  }

  call(request: CallRequest): Promise<unknown> {
    const option = this.#askHeaders();
    const { current } = this.#link;
    // If nothing waits, no promise is made.
    return current && !isPromiseLike(option) ? this.#send(current, option, request) : this.#connectAndSend(option, request);
  }

  async #connectAndSend(asked: Headers | Promise<Headers>, request: CallRequest): Promise<unknown> {
    const option = await asked;
    return this.#send(this.#link.current ?? (await this.#link.connect(option)), option, request);
  }

  #send(connection: RpcConnection, option: Headers, request: CallRequest): Promise<unknown> {
    const { operation, input } = request;
    if (!Object.hasOwn(this.contract.operations, operation.name)) throw noMember('operation', operation.name);
    const ending = endingOf(request);
    if (ending.reason) throw ending.reason;
    const { foreign: peer } = connection;
    if (!peer) {
      const headers = connection.headersFor(option, request.headers, request.deadline);
      return connection.call(operation.name, input, headers, ending, request.onResponse);
    }
    const { method, params, notify } = peer.requestOf(operation, input);
    if (notify) return Promise.resolve(connection.tell(method, params));
    return connection.call(method, params, undefined, ending).then((result) => peer.outputOf(operation, result));
  }

  async subscribe(asked: SubscribeRequest, sink: EventSink): Promise<void> {
    const { signal } = asked;
    const part = subscriptions();
    const events = isPromiseLike(part) ? await part : part;
    const option = await this.#askHeaders();
    const connection = this.#link.current ?? (await this.#link.connect(option, true));
    throwIfCancelled(signal);
    if (this.settings.mapping) return connection.subscribeForeign(eventsOnly(asked, 'a foreign JSON-RPC service'), sink);
    if (asked.operation) {
      const { operation, input, headers, deadline, onResponse } = asked;
      if (!Object.hasOwn(this.contract.operations, operation.name)) throw noMember('operation', operation.name);
      return connection.subscribe(events, input, connection.headersFor(option, headers, deadline), signal, sink, {
        name: operation.name,
        onResponse,
      });
    }
    const { event, params, lastEventId, headers } = asked;
    const wanted = {
      event: event.name,
      ...(Object.keys(params).length > 0 && { params }),
      ...(lastEventId !== undefined && { lastEventId }),
    };
    await connection.subscribe(events, wanted, connection.headersFor(option, headers), signal, sink);
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #askHeaders(): Headers | Promise<Headers> {
    return joinHeaders(this.settings.headers, NO_HEADERS);
  }

  async #openOrAgain(headers: Headers, signal: AbortSignal): Promise<RpcConnection> {
    try {
      return await this.#open(headers, signal);
    } catch (error) {
      if (this.#takesNone || !NO_SUBPROTOCOL.test((error as Error).message)) throw error;
      this.#takesNone = true;
      return this.#open(headers, signal);
    }
  }

  async #open(headers: Headers, signal: AbortSignal): Promise<RpcConnection> {
    const { settings } = this;
    const constructor = await settings.socketClass();
    const url = await settings.url();
    const canSend = takesHeaders(constructor);
    const sent = canSend ? headers : NO_HEADERS;
    const protocols = this.#takesNone ? [] : settings.subprotocols;
    const { mapping } = settings;
    const peer = mapping && (await withPart(foreign, ({ ForeignPeer }) => new ForeignPeer(mapping)));
    settings.onWire?.({
      protocol: this.name,
      direction: 'out',
      start: `GET ${new URL(url).pathname}`,
      headers: {
        upgrade: 'websocket',
        ...(protocols.length > 0 && { 'sec-websocket-protocol': protocols.join(', ') }),
        ...sent,
      },
    });
    let connection: RpcConnection | undefined;
    const open: OpenSocket = peer?.opener(Socket.open, inTime, { ...settings, url }) ?? Socket.open;
    await open(
      {
        ...settings,
        constructor,
        url,
        protocols,
        headers: sent,
        signal,
        closeCodes: CLOSE_CODES,
        onUpgraded: (status, headers) => settings.onWire?.({ protocol: this.name, direction: 'in', start: String(status), headers }),
      },
      (socket) => {
        const opened = new RpcConnection(socket, connectionHeaders(sent), settings.maxRequestBytes, this.#hooks, peer, this.#peer);
        connection = opened;
        return {
          onText: (text) => opened.receive(text),
          onTooLarge: (text) => opened.refuse(text, tooLarge(settings.maxMessageBytes)),
          onLost: (error) => {
            this.#link.lost(opened, error);
            opened.lost(error);
          },
          ping: mapping && mapping.ping === undefined ? undefined : () => opened.ping(),
        };
      },
    );
    if (!connection) throw new TypeError('a socket that is open has hooks');
    // The headers that the upgrade could not carry.
    if (!canSend) connection.initialize(headers);
    return connection;
  }
}

function wireHooks(onWire: NonNullable<ClientSettings['onWire']>): RpcConnectionHooks {
  return {
    onSend: (method, text) => onWire({ protocol: 'websocket', direction: 'out', start: method, headers: {}, body: text }),
    onReceive: (kind, text) => onWire({ protocol: 'websocket', direction: 'in', start: kind, headers: {}, body: text }),
  };
}
