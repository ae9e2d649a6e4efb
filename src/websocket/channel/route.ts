import type { EventDefinition } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import type { Route } from '../../http/serve/router.ts';
import { after } from '../../life/timers.ts';
import { Lifetime } from '../../life/lifetime.ts';
import { channelSegments } from '../../core/http-binding.ts';
import { describeContract } from '../../schema/view.ts';
import { compileTextReader } from '../../schema/text.ts';
import type { Headers, Peer, Transport } from '../../core/transport.ts';
import { cloudFormat, plainFormat } from './format.ts';
import { ChannelSession, type ChannelInit } from './session.ts';
import type { CloudEventWriter } from '../../events/cloud/cloud-event.ts';
import type { PeerSocket } from '../../socket/peer-socket.ts';

/** How long a service may take to say whether it takes a subscriber, in milliseconds. */
const SUBSCRIBE_TIMEOUT_MS = 10_000;

interface OpenChannel {
  readonly params: Readonly<Record<string, string>>;
  readonly headers: Headers;
  readonly peer: Peer;
  /** Whether frames are CloudEvents. */
  readonly isCloud: boolean;
  readonly onLeave: (left: () => void) => void;
}

/** The common state of the channels of a handler. */
type ChannelOptions = Pick<ChannelInit, 'maxBufferedBytes' | 'maxMessageBytes' | 'maxItems' | 'onError'> & {
  /** Writes CloudEvents for peers that ask for them. */
  readonly cloud: CloudEventWriter | undefined;
};

/** The plain channel of one event. */
export interface ChannelRoute {
  /** Subscribes; rejects with what the upgrade is to be refused with. */
  open(request: OpenChannel): Promise<{ readonly session: ChannelSession; readonly attach: (socket: PeerSocket) => void }>;
}

/** A route for each event's channel, for reading, and for writing too if an operation writes to it. */
export function compileChannels(transport: Transport, options: ChannelOptions): [Route, ChannelRoute][] {
  return Object.values(transport.contract.events).map((event) => [routeOf(event), compileChannel(transport, event, options)]);
}

function compileChannel(transport: Transport, event: EventDefinition, { cloud, ...options }: ChannelOptions): ChannelRoute {
  const operation = event.writtenBy === undefined ? undefined : transport.contract.operations[event.writtenBy];
  const plain = plainFormat();
  const clouds = cloud && cloudFormat(event, cloud);
  const fields = event.params.length === 0 ? [] : (describeContract(transport.contract).events.get(event.name)?.payload.fields ?? []);
  const readers = new Map(fields.filter(({ name }) => event.params.includes(name)).map((field) => [field.name, compileTextReader(field)]));
  return {
    async open({ params: texts, headers, peer, isCloud, onLeave }) {
      const format = (isCloud && clouds) || plain;
      // '+' stands for any value of a channel parameter, as in MQTT.
      const fixed = Object.entries(texts).filter(([, text]) => text !== '+');
      const params = Object.fromEntries(fixed.map(([name, text]) => [name, readers.get(name)?.(text) ?? text]));
      const lifetime = new Lifetime();
      onLeave(() => lifetime.abort(LEFT));
      const session = new ChannelSession({ transport, event, operation, params, headers, peer, format, ...options }, lifetime);
      const stop = after(SUBSCRIBE_TIMEOUT_MS, () => lifetime.abort(SLOW));
      try {
        const request = { event, params: Object.fromEntries(fixed), signal: lifetime.signal, headers, peer };
        await lifetime.start(() => transport.subscribe(request, session));
      } catch (error) {
        lifetime.abort(LEFT);
        throw error;
      } finally {
        stop();
      }
      return { session, attach: (socket) => session.attach(socket) };
    },
  };
}

function routeOf(event: EventDefinition): Route {
  return { method: 'GET', segments: channelSegments(event) };
}

const LEFT = new ApiError('CANCELLED', 'the peer has left');
const SLOW = new ApiError('UNAVAILABLE', 'the service did not answer in time');
