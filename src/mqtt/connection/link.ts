import mqtt, { type IClientOptions, type IConnackPacket, type IPublishPacket, type IStore, type MqttClient } from 'mqtt';
import { ApiError } from '../../core/errors.ts';
import { networkReason } from '../../http/client/network-error.ts';
import { cancelled, onAbort, timerMs } from '../../life/lifetime.ts';
import { where } from '../check.ts';
import type { MqttConnectionOptions, MqttCredentials, MqttWill } from '../options.ts';
import { codeOf, isVersionRefusal, refusal } from '../status.ts';
import { bufferWrites } from './write-buffer.ts';

/** Told of what happens on a connection. */
export interface LinkEvents {
  onMessage(topic: string, payload: Uint8Array, packet: IPublishPacket): void;
  /** No subscriber was there for the message with this packet id. */
  onNobody(messageId: number | undefined): void;
}

/** One connection to a broker, which lives until it is lost. */
export interface Link {
  readonly client: MqttClient;
  readonly version: 4 | 5;
  /** The broker still had the session, with its subscriptions. */
  readonly sessionPresent: boolean;
  /** How many messages of QoS 1 and 2 the broker takes before it acknowledges. */
  readonly receiveMaximum: number;
  /** Bytes that a packet may have. */
  readonly maximumPacketSize: number;
  /** Whether a subscription may have a number that comes with its messages. */
  readonly hasIdentifiers: boolean;
  /** Settles when the connection is lost. */
  readonly lost: Promise<ApiError>;
}

export interface ConnectInit {
  readonly options: MqttConnectionOptions;
  readonly clientId: string;
  readonly version: 4 | 5;
  readonly will: MqttWill | undefined;
  /** Packet ids go on from one connection to the next, so that none is taken for a message of the last. */
  readonly ids: IClientOptions['messageIdProvider'];
  /** Messages of QoS 2 that came and were not released: if the session goes on, so do they. */
  readonly unreleased: IStore;
  readonly events: LinkEvents;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
  /** Called at once, before any message of the connection. */
  readonly onOpen: (link: Link) => void;
}

/** Thrown if the broker speaks only an older version. */
export class OlderVersionNeeded extends Error {}

/** Thrown if the broker closed without an answer to CONNECT, as some do that do not know its version. */
export class ClosedUnanswered extends Error {
  readonly failure: ApiError;

  constructor(failure: ApiError) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Connects once. Rejects with UNAVAILABLE, or with what the broker's reason code says. */
export async function connectLink(init: ConnectInit): Promise<Link> {
  const { options, version, signal } = init;
  const { username, password } = await credentialsOf(options.credentials);
  if (signal.aborted) throw signal.reason as Error;
  const expiryMs = options.sessionExpiryMs ?? 300_000;
  const keepsSession = expiryMs > 0 && (version === 5 || options.clientId !== undefined);
  const { webSocket } = options;
  const client = mqtt.connect(options.url, {
    protocolVersion: version,
    clientId: init.clientId,
    clean: !keepsSession,
    keepalive: keepAliveSeconds(options.pingIntervalMs ?? 60_000),
    connectTimeout: timerMs(options.connectTimeoutMs ?? 10_000),
    // The connection is ours: when it is made, resumed, and what is sent again.
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // A ping at each interval: a timer that is set anew at each acknowledgement costs more than the message.
    reschedulePings: false,
    // Its own would look at each of the many lines for a packet whether anyone wants them.
    log: () => {},
    ...(init.ids && { messageIdProvider: init.ids }),
    incomingStore: init.unreleased,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...((options.tls ?? {}) as object),
    ...(webSocket && { createWebsocket: (url: string, protocols: string[]) => webSocket(url, protocols) }),
    ...(init.will && { will: willOf(init.will) }),
    ...(version === 5 && keepsSession && { properties: { sessionExpiryInterval: Math.min(Math.ceil(expiryMs / 1000), 0xffff_ffff) } }),
  });
  return new Promise((resolve, reject) => {
    let failure: ApiError | undefined;
    let isOpen = false;
    let onLost: (error: ApiError) => void = () => {};
    const lost = new Promise<ApiError>((settle) => (onLost = settle));
    const abort = () => {
      failure ??= cancelled(signal, false);
      client.end(true);
    };
    const unlink = onAbort(signal, abort);
    const end = () => {
      unlink();
      // Reset counts as closed: it is, if more was on its way.
      const isUnanswered = failure === undefined || (failure.cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNRESET';
      const error = failure ?? new ApiError('UNAVAILABLE', `the broker at ${where(options.url)} closed the connection`, { sent: isOpen });
      // Frees its timers; the messages of ours that it still holds are settled by us.
      client.end(true);
      if (isOpen) onLost(error);
      else reject(isUnanswered && version === 5 && options.version === undefined ? new ClosedUnanswered(error) : error);
    };
    const broken = (error: Error): ApiError =>
      new ApiError('UNAVAILABLE', `no connection to the broker at ${where(options.url)}: ${networkReason(error, 'broker')}`, {
        sent: isOpen,
        cause: error,
      });
    // mqtt.js keeps errors without a code to itself: that an upgrade was refused, for example.
    (client.stream as typeof client.stream | undefined)?.on('error', (error: Error) => (failure ??= broken(error)));
    client.on('error', (error) => {
      const code = (error as { readonly code?: unknown }).code;
      if (!isOpen && typeof code === 'number' && version === 5 && options.version === undefined && isVersionRefusal(code)) {
        reject(new OlderVersionNeeded());
      }
      const isRefused = typeof code === 'number' && codeOf(code) !== 'UNKNOWN';
      failure ??= isRefused ? refusal('the connection', code, isOpen) : broken(error);
      // Without a stream there is no close.
      if (!client.stream || client.stream.destroyed) end();
    });
    client.on('disconnect', ({ reasonCode = 0 }) => (failure ??= reasonCode === 0 ? undefined : lostBy(reasonCode)));
    client.on('close', end);
    // Messages that came with a spoiled packet are not heard: a gap is told first.
    let isSpoiled = false;
    client.on('message', (topic, payload, packet) => isSpoiled || init.events.onMessage(topic, payload, packet));
    client.on('packetreceive', (packet) => {
      const { cmd, length } = packet;
      isSpoiled ||= version === 4 && (LENGTHS[cmd] ?? length) !== length;
      if (isSpoiled) client.stream.destroy(new Error('it sent a packet that cannot be understood'));
      if ((packet.cmd === 'puback' || packet.cmd === 'pubrec') && packet.reasonCode === 0x10) init.events.onNobody(packet.messageId);
    });
    client.on('connect', (connack: IConnackPacket) => {
      // Small packets that wait for each other's acknowledgement cost 40 ms each.
      (client.stream as { setNoDelay?: (on: boolean) => void }).setNoDelay?.(true);
      bufferWrites(client.stream);
      isOpen = true;
      const {
        receiveMaximum = 65_535,
        maximumPacketSize: taken = Infinity,
        subscriptionIdentifiersAvailable: hasIdentifiers = true,
      } = connack.properties ?? {};
      const maximumPacketSize = Math.min(taken, options.maxPacketBytes ?? (version === 5 ? Infinity : 4_194_304));
      const link = { client, version, sessionPresent: connack.sessionPresent, receiveMaximum, maximumPacketSize, hasIdentifiers, lost };
      init.onOpen(link);
      resolve(link);
    });
  });
}

/**
 * How long packets of MQTT 3.1.1 always are, in bytes after their head; -1 for those that no broker sends. mqtt.js reads others without a word: bits that
 * turned on their way, and what follows a wrong length.
 */
const LENGTHS: Readonly<Record<string, number>> = {
  connect: -1,
  subscribe: -1,
  unsubscribe: -1,
  pingreq: -1,
  puback: 2,
  pubrec: 2,
  pubrel: 2,
  pubcomp: 2,
  unsuback: 2,
  pingresp: 0,
};

function willOf({ topic, payload = '', qos = 1, retain = false }: MqttWill): NonNullable<IClientOptions['will']> {
  return { topic, payload: payload as Buffer, qos, retain };
}

/** Two bytes of seconds; 0 is never. */
function keepAliveSeconds(intervalMs: number): number {
  return intervalMs === Infinity ? 0 : Math.min(Math.ceil(intervalMs / 1000), 0xffff);
}

/** A broker that ends a connection may say why; another try may mend it, unless another client has our name. */
function lostBy(reasonCode: number): ApiError {
  const error = refusal('to go on with the connection', reasonCode, true);
  return codeOf(reasonCode) === 'ABORTED' ? error : new ApiError('UNAVAILABLE', error.text, { remote: true, details: { reasonCode } });
}

async function credentialsOf(option: MqttConnectionOptions['credentials']): Promise<MqttCredentials> {
  if (typeof option !== 'function') return option ?? {};
  try {
    return await option();
  } catch (error) {
    throw ApiError.from(error, 'UNAUTHENTICATED', "the 'credentials' function failed, so nothing was sent", { sent: false });
  }
}
