import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { contract as tasks } from '../programs/tasks.ts';
import { CLI, finish, start } from '../support/program.ts';
import { PostgresServer, postgresMissing } from '../support/postgres-server.ts';
import { RedisServer } from '../support/redis-server.ts';
import { missing } from '../support/system-peer.ts';
import { startServe, type ServeProcess } from '../support/serve-process.ts';

const redisMissing = missing('redis-server', 'redis-server', '--version');
const run = (args: readonly string[]) => finish(start(args));
const MODULE = 'test/programs/counted-tasks.ts';

describe.each([
  ['--redis', redisMissing, () => RedisServer.start()],
  ['--postgres', postgresMissing, () => PostgresServer.start()],
] as const)('serve %s', (flag, skipped, startEngine) => {
  describe.skipIf(skipped)(`two processes${skipped ? ` (${skipped})` : ''}`, () => {
    let engine: { readonly url: string; close(): Promise<void> };
    let processes: readonly ServeProcess[] = [];
    beforeAll(async () => {
      engine = await startEngine();
      processes = [await startServe(MODULE, flag, engine.url), await startServe(MODULE, flag, engine.url)];
    }, 60_000);
    afterAll(async () => {
      await Promise.all(processes.map((each) => each.stop()));
      await engine.close();
    });

    it('hear each other, and run a key once', async () => {
      const [one = '', two = ''] = processes.map(({ url }) => url);
      const here = createClient({ contract: tasks, transport: rest({ url: one }) });
      const there = createClient({ contract: tasks, transport: webSocket({ url: two }) });
      let hear = (_task: unknown) => {};
      const heard = new Promise((resolve) => (hear = resolve));
      await there.onTaskAdded((task) => hear(task));
      const made = await here.addTask({ title: 'a' }, { idempotencyKey: 'k' });
      expect(await heard).toEqual(made);
      // The other process would give its own id.
      expect(await there.addTask({ title: 'a' }, { idempotencyKey: 'k' })).toEqual(made);
      await Promise.all([here.close(), there.close()]);
    });

    it('refuse a finished service, with the lines to write instead', async () => {
      const { code, stderr } = await run([CLI, 'serve', 'test/programs/tasks.ts', flag, engine.url]);
      expect(code).toBe(2);
      expect(stderr).toContain('export default ({ hub, idempotencyStore }) =>');
      expect(stderr).toContain('createService({ contract, handlers, hub, idempotencyStore })');
    }, 60_000);
  });

  it('says what is wrong with the URL or the engine', async () => {
    const scheme = flag === '--redis' ? 'redis' : 'postgres';
    const [nonsense, nobody] = await Promise.all([
      run([CLI, 'serve', flag, 'nonsense']),
      run([CLI, 'serve', flag, `${scheme}://127.0.0.1:1`]),
    ]);
    expect(nonsense).toMatchObject({ code: 2, stderr: expect.stringContaining('that is not a URL') });
    expect(nobody).toMatchObject({ code: 2, stderr: expect.stringContaining('127.0.0.1:1') });
  }, 60_000);
});

describe('both flags', () => {
  it('are refused', async () => {
    expect(await run([CLI, 'serve', '--redis', 'redis://a', '--postgres', 'postgres://a'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('give one of them'),
    });
  }, 60_000);
});
