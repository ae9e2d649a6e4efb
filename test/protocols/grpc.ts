import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { grpc } from '../../src/grpc/client.ts';
import { serveGrpc } from '../../src/grpc/server.ts';

export const target: ConformanceTarget = {
  name: 'grpc',
  open: async (transport, { headers, maxMessageBytes, maxBufferedBytes, onError }) => {
    const server = await serveGrpc(transport, { onError, ...(maxBufferedBytes !== undefined && { maxBufferedBytes }) });
    return {
      transport: grpc({
        url: server.address,
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
