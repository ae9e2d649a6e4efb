import type { AsyncApiProtocol } from '../schema/asyncapi.ts';
import type { DescribedCloudEvents } from '../schema/asyncapi/cloud-events.ts';

/**
 * The plain channels in AsyncAPI: `/<channel>` carries payloads out, and the input of the operation that writes to the channel in. `url` is
 * the address at which the handler is attached: `ws://localhost:4000`. `cloudEvents` is the option of `webSocketHandler`.
 */
export function webSocketProtocol(url?: string, cloudEvents?: DescribedCloudEvents): AsyncApiProtocol {
  return {
    protocol: 'ws',
    name: 'websocket',
    cloudEvents,
    ...(url !== undefined && { url }),
    accepts: (event) => (event.writtenBy === undefined ? undefined : 'input'),
    // https://github.com/asyncapi/bindings/blob/master/websockets/README.md
    channel: () => ({ method: 'GET', bindingVersion: '0.1.0' }),
  };
}
