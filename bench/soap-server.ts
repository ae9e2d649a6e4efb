import { loadPeer } from './load.ts';
import { startPeer, type PeerProcess } from './peer.ts';
import { median, printTable } from './table.ts';

const CONNECTIONS = 32;
const ROUNDS = 7;
const ROUND_MS = 1500;

const body =
  '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>' +
  '<GetWeatherRequest xmlns="http://example.com/weatherservice"><Location>London</Location></GetWeatherRequest></soap:Body></soap:Envelope>';
const action = 'soapaction: "http://example.com/weatherservice/GetWeather"';
const request = `POST /soap HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/xml; charset=utf-8\r\n${action}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

const round = (peer: PeerProcess) => loadPeer(peer, { request, connections: CONNECTIONS, durationMs: ROUND_MS });

const raw = await startPeer('soap-peer.js', 'raw');
const ours = await startPeer('soap-peer.js', 'ours');
const results: { raw: Awaited<ReturnType<typeof round>>; ours: Awaited<ReturnType<typeof round>> }[] = [];
await round(raw);
await round(ours);
// In turn, because the machine's speed drifts.
for (let index = 0; index < ROUNDS; index++) results.push({ raw: await round(raw), ours: await round(ours) });
raw.stop();
ours.stop();
const of = (which: 'raw' | 'ours', what: 'cpu' | 'rate') => median(results.map((result) => result[which][what]));
printTable(`SOAP server, GetWeather, ${CONNECTIONS} keep-alive connections, against a bare soap.listen`, [
  {
    what: 'CPU',
    ours: `${of('ours', 'cpu').toFixed(1)} µs`,
    raw: `${of('raw', 'cpu').toFixed(1)} µs`,
    ratio: median(results.map((result) => result.ours.cpu / result.raw.cpu)),
    goal: '<= 0.85',
  },
  {
    what: 'requests per second',
    ours: `${Math.round(of('ours', 'rate'))}/s`,
    raw: `${Math.round(of('raw', 'rate'))}/s`,
    ratio: median(results.map((result) => result.ours.rate / result.raw.rate)),
    goal: '',
  },
]);
