import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { onTestFinished } from 'vitest';

/** A broker that says only what a test says. It answers CONNECT with `sessionPresent`, and PINGREQ. */
export async function rawBroker(
  take: (packet: Packet, say: (packet: Packet) => void) => void,
  { isPresent = false }: { readonly isPresent?: boolean } = {},
) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    const say = (packet: Packet): void => void (socket.writable && socket.write(mqttPacket.generate(packet, { protocolVersion: 5 })));
    const parser = mqttPacket.parser({ protocolVersion: 5 });
    parser.on('packet', (packet) => {
      if (packet.cmd === 'connect') say({ cmd: 'connack', reasonCode: 0, sessionPresent: isPresent });
      else if (packet.cmd === 'pingreq') say({ cmd: 'pingresp' });
      else take(packet, say);
    });
    socket.on('data', (chunk: Buffer) => parser.parse(chunk));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
