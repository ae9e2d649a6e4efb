// One of several processes: process.ts <JSON of ProcessInit>. Says so once it serves, and ends in order at SIGTERM.
import { serve } from '../../src/serve/index.ts';
import { openEngine, type EngineName } from './engines.ts';
import { notesService } from './notes.ts';

/** What a process is told. */
export interface ProcessInit {
  readonly engine: EngineName;
  readonly engineUrl: string;
  readonly mqttUrl: string;
  readonly port: number;
  readonly grpcPort: number;
}

const { engine, engineUrl, mqttUrl, port, grpcPort } = JSON.parse(process.argv[2] ?? '{}') as ProcessInit;
const stores = await openEngine(engine, engineUrl);
const service = notesService(stores);
const served = await serve(service, {
  port,
  grpcPort,
  mqttUrl,
  mqtt: { leaseMs: 1000 },
  playground: false,
  drainMs: 200,
  onError: (error) => console.error(String(error)),
});
// Who started it is gone.
const orphaned = () => process.exit(1);
process.once('disconnect', orphaned);
process.once('SIGTERM', () => {
  void (async () => {
    await served.close();
    await service.close();
    await stores.close();
    process.off('disconnect', orphaned);
    process.disconnect();
  })();
});
process.send?.('serves');
