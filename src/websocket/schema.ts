import type { AsyncApiProtocol } from '../schema/asyncapi.ts';

/**
 * The plain channels in AsyncAPI: `/<channel>` carries payloads out, and the input of the operation that writes to the channel in.
 * `url` is where the handler is attached: `ws://localhost:4000`.
 */
export function webSocketProtocol(url?: string): AsyncApiProtocol {
  return {
    protocol: 'ws',
    name: 'websocket',
    ...(url !== undefined && { url }),
    accepts: (event) => (event.writtenBy === undefined ? undefined : 'input'),
    // https://github.com/asyncapi/bindings/blob/master/websockets/README.md
    channel: () => ({ method: 'GET', bindingVersion: '0.1.0' }),
  };
}
