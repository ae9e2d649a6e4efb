import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { connect, type ConnectOptions } from '../../src/grpc/connect/client.ts';
import { connectHandler } from '../../src/grpc/connect/server.ts';
import { listen } from '../../src/http/node/listen.ts';

/** Connect or gRPC-Web, as the options say. */
export function connectTarget(name: string, options: Omit<ConnectOptions, 'url'>): ConformanceTarget {
  return {
    name,
    open: async (transport, { headers, maxMessageBytes, maxBufferedBytes, onError }) => {
      const server = await listen(connectHandler(transport, { onError, ...(maxBufferedBytes !== undefined && { maxBufferedBytes }) }), {
        onError,
      });
      return {
        transport: connect({
          url: server.url,
          ...options,
          ...(headers !== undefined && { headers }),
          ...(maxMessageBytes !== undefined && { maxResponseBytes: maxMessageBytes }),
        }),
        close: () => server.close(),
      };
    },
    skips: [
      { id: 'select-validated', reason: 'a message cannot hold a value that is not of its field’s type, asked for or not' },
      { id: 'validation-service', reason: 'proto3 has no missing text: what is not sent is empty' },
      { id: 'validation-service-text', reason: 'no text is read as a number: each field has its type on the wire' },
    ],
  };
}
