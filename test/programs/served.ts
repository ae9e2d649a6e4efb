import { createClient as create, type Adapter, type Client, type Transport } from '../../src/index.js';
import { conformanceContract, createConformanceService, type ConformanceContract } from '../../src/conformance/index.js';
import { listen } from '../../src/http/node/listen.js';
import { rest } from '../../src/rest/client.js';
import { restHandler } from '../../src/rest/server.js';

export function createClient(transport: Adapter | Transport): Client<ConformanceContract> {
  return create({ contract: conformanceContract, transport });
}

/** The conformance service, in process or over REST on a port of its own. */
export async function createConformanceClientOf(how: string) {
  const { service, probe } = createConformanceService();
  if (how !== 'rest') return { transport: service as Transport, service, probe, close: () => service.close() };
  const server = await listen(restHandler(service));
  const close = async () => {
    await server.close();
    await service.close();
  };
  return { transport: rest({ url: server.url }), service, probe, close };
}
