import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { CLI, finish, start } from '../support/program.ts';

describe('the command serve', () => {
  test('all ports that are in use are told at once, by their flags', async () => {
    const others = [0, 1, 2].map(() => createServer().listen(0, '127.0.0.1'));
    await Promise.all(others.map((each) => once(each, 'listening')));
    const [port, grpc, mqtt] = others.map((each) => (each.address() as AddressInfo).port);
    const { code, stderr } = await finish(start([CLI, 'serve', `--port=${port}`, `--grpc-port=${grpc}`, `--mqtt-port=${mqtt}`]));
    for (const each of others) each.close();
    expect(code).toBe(1);
    const list = `${port} on 127.0.0.1 (--port), ${grpc} on 127.0.0.1 (--grpc-port), ${mqtt} on 127.0.0.1 (--mqtt-port)`;
    expect(stderr).toBe(`error: these ports are in use: ${list}. Stop what uses them, or choose other ports (0 picks a free one)\n`);
  }, 60_000);
});
