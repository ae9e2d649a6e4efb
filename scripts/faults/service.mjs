// The service behind the faulty way, on all protocols: it counts what it ran, and publishes what it is told to.
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { createService } from 'multi-api-sdk';
import { serve } from 'multi-api-sdk/serve';
import { contract } from './contract.mjs';

/** Starts it. `began` are the refs of the mutations that began. */
export async function startService() {
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

  return {
    began,
    ports: { http: portOf(served.http), grpc: portOf(served.grpc), mqtt: portOf(served.mqtt) },
    publish,
    /** How many keys that begin so ran twice. */
    twice: (protocol) => [...runs].filter(([key, times]) => times > 1 && key.startsWith(`${protocol}-`)).length,
    async close() {
      await served.close();
      await service.close();
    },
  };
}

function portOf(address) {
  return Number(/:(\d+)/.exec(address.replace(/^\w+:\/\//, ''))[1]);
}
