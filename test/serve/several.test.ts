import { afterAll, describe, expect, it } from 'vitest';
import { severalProcesses } from '../../src/serve/several.ts';
import { finish, killAll, start } from '../support/program.ts';

describe('a process that looks like one of several', () => {
  afterAll(killAll);

  it.each([
    [{}, false, undefined],
    [{ NODE_APP_INSTANCE: '0' }, false, undefined],
    [{ NODE_APP_INSTANCE: '1' }, false, 'PM2'],
    [{ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, false, 'Kubernetes'],
    [{}, true, 'node:cluster'],
  ])('is told by %o, a worker: %s', (env, isWorker, expected) => {
    const where = severalProcesses(env, isWorker);
    if (expected === undefined) expect(where).toBeUndefined();
    else expect(where).toContain(expected);
  });

  it.each([
    ['default', 1, ['hub (', 'idempotencyStore (', 'webhook.store (', 'postgresStores()']],
    ['given', 0, []],
  ])('says once that its stores are in memory: %s', async (stores, times, texts) => {
    const child = start(['test/programs/one-process.ts', stores], { KUBERNETES_SERVICE_HOST: '10.0.0.1' });
    const { code, stderr } = await finish(child);
    expect([code, stderr.split('MULTI_API_SDK_OWN_STORES').length - 1]).toEqual([0, times]);
    for (const text of texts) expect(stderr).toContain(text);
  });
});
