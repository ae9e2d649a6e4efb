import { lines } from '../../examples/own-protocol.ts';
import { serveLines } from '../../examples/support/lines-server.ts';
import type { ConformanceTarget } from '../../src/conformance/index.ts';

/** The protocol of the guide "Your own protocol": it must keep the law as ours do. */
export const target: ConformanceTarget = {
  name: 'own protocol',
  can: ['call', 'subscribe'],
  skips: [{ id: 'limits-event', reason: 'its adapter has no limit for what it reads' }],
  open: async (transport, { headers }) => {
    const server = await serveLines(transport);
    return {
      transport: lines({ port: server.port, ...(headers !== undefined && { headers }) }),
      close: () => server.close(),
    };
  },
};
