// The service behind the faulty way, on all protocols, in a process of its own: it counts what it ran, and publishes what it is told to.
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers';
import { setTimeout as delay } from 'node:timers/promises';
import { createService } from '../../dist/index.js';
import { serve } from '../../dist/serve/index.js';
import { contract } from './contract.mjs';

const runs = new Map();
const began = [];
const onError = () => {};
let count = 0;
const service = createService(
  contract,
  {
    getThing: ({ id, size }) => ({ id, text: 'x'.repeat(size) }),
    async bump({ ref, pad }, { headers }) {
      began.push(ref);
      // By the key that came here: one that was spoiled on its way is another, or none.
      const key = headers['idempotency-key'];
      if (key !== undefined) runs.set(key, (runs.get(key) ?? 0) + 1);
      await delay(pad === 'slow' ? 20 + Math.random() * 200 : Math.random() * 5);
      return { ref, n: ++count };
    },
  },
  { onError },
);
const webhook = { retryScheduleMs: [0, 100, 300, 1000, 1000, 1000, 1000, 1000, 1000, 1000], timeoutMs: 3000 };
const served = await serve(service, { port: 0, grpcPort: 0, mqttPort: 0, allowPrivateWebhooks: true, webhook, onError });

async function publish({ events, perSecond, pad }) {
  const startedAt = performance.now();
  for (let n = 0; n < events; n++) {
    await service.publish('tick', { n, pad });
    const aheadMs = (n * 1000) / perSecond - (performance.now() - startedAt);
    if (aheadMs > 1) await delay(aheadMs);
  }
}

const COMMANDS = {
  publish,
  twice: async (protocol) => [...runs].filter(([key, times]) => times > 1 && key.startsWith(`${protocol}-`)).length,
  async close() {
    await served.close();
    await service.close();
    setTimeout(() => process.disconnect(), 10);
  },
};
process.on('message', ({ id, command, input }) => {
  void COMMANDS[command](input).then((output) => process.send({ id, output }));
});
process.once('SIGTERM', async () => {
  await served.close();
  await service.close();
  process.send({ began }, () => process.exit(0));
});
const portOf = (address) => Number(/:(\d+)/.exec(address.replace(/^\w+:\/\//, ''))[1]);
process.send({ http: portOf(served.http), grpc: portOf(served.grpc), mqtt: portOf(served.mqtt) });
