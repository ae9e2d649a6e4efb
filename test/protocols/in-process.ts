import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { joinHeaders } from '../../src/peer/headers.ts';
import { markGuarded } from '../../src/guard/guard.ts';
import type { Headers, Transport } from '../../src/core/transport.ts';

/** No protocol at all: the reference that the others are measured by. */
export const target: ConformanceTarget = {
  name: 'in-process',
  open: async (transport, { headers }) => ({
    transport: headers === undefined ? transport : withHeaders(transport, (call) => joinHeaders(headers, call)),
    close: async () => {},
  }),
  skips: [
    { id: 'limits-body', reason: 'nothing is encoded, so there is no message to limit' },
    { id: 'limits-event', reason: 'nothing is encoded, so there is no message to limit' },
    { id: 'limits-depth', reason: 'nothing is encoded, so there is no message to limit' },
  ],
};

/** What every adapter's `headers` option does. */
function withHeaders(inner: Transport, join: (call: Headers) => Headers | Promise<Headers>): Transport {
  return markGuarded({
    contract: inner.contract,
    name: inner.name,
    call: async (request) => inner.call({ ...request, signal: request.signal, headers: await join(request.headers) }),
    subscribe: async (request, sink) => inner.subscribe({ ...request, headers: await join(request.headers) }, sink),
    close: () => inner.close(),
  });
}
