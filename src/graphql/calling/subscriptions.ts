import type { HttpClient } from '../../http/client/http-client.ts';
import type { HttpClientOptions } from '../../http/client/options.ts';
import { lazy } from '../../life/lazy.ts';
import { reporter } from '../../life/report.ts';
import type { WebSocketConstructor } from '../../socket/client/like.ts';
import type { SubscriptionForm, Subscriptions, SubscriptionSettings } from '../socket/settings.ts';
import type { StreamSettings } from '../stream/client.ts';

/** Options of `graphql` for subscriptions, with their defaults. */
export interface SubscriptionOptions
  extends Pick<SubscriptionSettings, 'connectTimeoutMs' | 'pingIntervalMs' | 'maxMessageBytes'>, HttpClientOptions {
  readonly WebSocket?: WebSocketConstructor | undefined;
  readonly connectionParams?: SubscriptionSettings['connectionParams'];
  readonly onError?: ((error: unknown) => void) | undefined;
}

const streams = lazy(() => import('../stream/client.ts'));
const sockets = lazy(() => import('../socket/client.ts'));

const MAX_BUFFERED_BYTES = 16_777_216;

/** Opens subscriptions in one of their forms. Each form is loaded by its first subscription. */
export async function subscriptionsBy(
  by: SubscriptionForm,
  url: string,
  options: SubscriptionOptions,
  http: HttpClient,
): Promise<Subscriptions> {
  const { onWire } = options;
  const onEventError = reporter(options.onError);
  if (by !== 'ws') {
    const { EventStreamSubscriptions, STREAM_FORMS } = await streams();
    const settings: StreamSettings = { url, maxEventChars: options.maxMessageBytes, onEventError, http };
    return new EventStreamSubscriptions(settings, STREAM_FORMS[by]);
  }
  const { SocketSubscriptions } = await sockets();
  return new SocketSubscriptions({
    url: url.replace(/^http/, 'ws'),
    // A class of one's own brings its own.
    ...(options.WebSocket ? { WebSocket: options.WebSocket } : { tls: options.tls, dispatcher: options.dispatcher }),
    connectionParams: options.connectionParams,
    connectTimeoutMs: options.connectTimeoutMs,
    pingIntervalMs: options.pingIntervalMs,
    maxMessageBytes: options.maxMessageBytes,
    maxBufferedBytes: MAX_BUFFERED_BYTES,
    onEventError,
    onFrame: onWire && ((direction, start, headers, body) => onWire({ protocol: 'graphql', direction, start, headers, body })),
  });
}
