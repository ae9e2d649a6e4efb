import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { listen, type ListenOptions } from '../../src/http/node/listen.ts';
import { mqttBroker } from '../../src/mqtt/broker.ts';
import { echo } from '../support/dial.ts';
import { until } from '../support/until.ts';

/** The timer that Linux runs for the server's end of a connection: `02` is the one of keep-alive (proc(5), /proc/net/tcp). */
function timerOf(localPort: number, remotePort: number): string | undefined {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');
  const lines = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  return lines
    .find(([, local, remote]) => local?.endsWith(`:${hex(localPort)}`) && remote?.endsWith(`:${hex(remotePort)}`))?.[5]
    ?.slice(0, 2);
}

async function timerAt(port: number): Promise<string | undefined> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    await until(() => timerOf(port, socket.localPort ?? 0) !== undefined, 'the server has taken the connection');
    return timerOf(port, socket.localPort ?? 0);
  } finally {
    socket.destroy();
  }
}

describe.skipIf(process.platform !== 'linux')('a peer whose host vanished (needs /proc of Linux)', () => {
  it.each<[string, ListenOptions]>([
    ['HTTP', {}],
    ['HTTP/2', { http2: true }],
    ['https', { tls: {} }],
  ])('is noticed by the system over %s', async (_, options) => {
    const server = await listen(echo, options);
    try {
      expect(await timerAt(server.port)).toBe('02');
    } finally {
      await server.close(0);
    }
  });

  it('is noticed by the system over MQTT', async () => {
    const broker = await mqttBroker({ port: 0, open: true });
    try {
      expect(await timerAt(Number(new URL(broker.url).port))).toBe('02');
    } finally {
      await broker.close();
    }
  });
});
