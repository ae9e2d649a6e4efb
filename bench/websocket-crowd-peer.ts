import { connect } from 'node:net';
import { servePeer } from './peer.ts';

const [port = '0', path = '/', count = '1000'] = process.argv.slice(2);

// Connections that throw away what they get, so that the server is what is measured.
const upgrade = [
  'connection: upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
].join('\r\n');
for (let n = 0; n < Number(count); n++) {
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1').on('error', reject);
    socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n${upgrade}\r\n\r\n`);
    socket.once('data', () => resolve()).on('data', () => {});
  });
}
servePeer(Number(port));
