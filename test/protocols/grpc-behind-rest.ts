import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { grpc } from '../../src/grpc/client.ts';
import { serveGrpc } from '../../src/grpc/server.ts';
import { listen } from '../../src/http/node/listen.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';

/** A gateway: REST in front of a gRPC service. */
export const target: ConformanceTarget = {
  name: 'grpc-behind-rest',
  open: async (transport, { headers, onError }) => {
    const inner = await serveGrpc(transport, { onError });
    const middle = grpc({ url: inner.address })(transport.contract);
    const outer = await listen(restHandler(middle, { onError }), { onError });
    return {
      transport: rest({ url: outer.url, ...(headers !== undefined && { headers }) }),
      async close() {
        await outer.close();
        await middle.close();
        await inner.close();
      },
    };
  },
  skips: [{ id: 'select-validated', reason: 'a message cannot hold a value that is not of its field’s type, asked for or not' }],
};
