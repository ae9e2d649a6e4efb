import { createClient as create, type Adapter, type Client, type Transport } from '../../src/index.ts';
import { conformanceContract, createConformanceService, type ConformanceContract } from '../../src/conformance/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';

export function createClient(transport: Adapter | Transport): Client<ConformanceContract> {
  return create({ contract: conformanceContract, transport: transport as Transport });
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
