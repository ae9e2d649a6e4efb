import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

/** Debian's script at this path drops no privileges, as the one in /usr/sbin does. */
const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/** Why tests against RabbitMQ are skipped, if they are. */
export const noRabbit =
  spawnSync('test', ['-x', SERVER]).status === 0 ? undefined : 'rabbitmq-server is not installed: apt-get install rabbitmq-server';

/** Starts RabbitMQ with its MQTT plugin, with a folder, a node name and ports of its own. */
export async function startRabbit(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'rabbit-'));
  const [mqtt, amqp, dist, epmd] = [await freePort(), await freePort(), await freePort(), await freePort()];
  writeFileSync(join(folder, 'plugins'), '[rabbitmq_mqtt].');
  const lines = [`mqtt.listeners.tcp.1 = 127.0.0.1:${mqtt}`, 'mqtt.allow_anonymous = true', `listeners.tcp.1 = 127.0.0.1:${amqp}`, ''];
  writeFileSync(join(folder, 'rabbitmq.conf'), lines.join('\n'));
  const child = spawn(SERVER, {
    stdio: ['ignore', 'pipe', 'ignore'],
    // Its processes are a group, so that all of them end.
    detached: true,
    env: {
      ...process.env,
      HOME: folder,
      RABBITMQ_NODENAME: `test${mqtt}@localhost`,
      RABBITMQ_DIST_PORT: String(dist),
      ERL_EPMD_PORT: String(epmd),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
    },
  });
  const gone = once(child, 'exit');
  const kill = (signal: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // It has ended.
    }
  };
  const onExit = () => kill('SIGKILL');
  process.once('exit', onExit);
  let output = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('completed with')) resolve();
    });
    void gone.then(() => reject(new Error(`rabbitmq-server ended: ${output.slice(-500)}`)));
  });
  return {
    url: `mqtt://127.0.0.1:${mqtt}`,
    async close() {
      process.off('exit', onExit);
      kill('SIGTERM');
      await gone;
      // epmd, which it started, has a session of its own, and stays until it has noticed that the node is gone.
      await until(
        () =>
          spawnSync('epmd', ['-port', String(epmd), '-kill'])
            .stdout.toString()
            .includes('Killed'),
        'epmd has ended',
      );
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
