// A browser page that draws the temperatures as they come, with the typed client in the page: MQTT on a WebSocket, at /mqtt of the HTTP port.
// Run it: npx tsx examples/temperature-page.ts          a few readings, then it ends
//         npx tsx examples/temperature-page.ts --keep   open the page that it prints
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { createClient } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';
import { listen, type HttpHandler } from 'multi-api-sdk/http';
import { mqtt } from 'multi-api-sdk/mqtt';
import { mqttHub } from 'multi-api-sdk/mqtt/hub';
import { mqttBroker } from 'multi-api-sdk/mqtt/broker';
import { serveMqtt } from 'multi-api-sdk/mqtt/server';

const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>Temperatures</title>
<link rel="icon" href="data:,">
<style>
  body { font: 16px system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; }
  svg { width: 100%; border: 1px solid #ccc; background: #fafafa; }
  polyline { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; }
  td, th { padding: 0.2rem 1rem 0.2rem 0; text-align: left; }
  td + td { font-variant-numeric: tabular-nums; text-align: right; }
</style>
<h1>Temperatures</h1>
<svg id="chart" viewBox="0 0 100 40" preserveAspectRatio="none" height="220"></svg>
<small>0 to 40 °C, the latest reading on the right</small>
<table><tbody id="latest"></tbody></table>
<p id="state">connecting</p>
<script type="module" src="page.js"></script>
`;

const SCRIPT = `
import { createClient } from 'multi-api-sdk';
import { mqtt } from 'multi-api-sdk/mqtt';

const SHOWN = 60; // readings of each sensor
const COLORS = ['#d1495b', '#00798c', '#edae49', '#66588a'];
const sensors = new Map();

function sensor(id) {
  const known = sensors.get(id);
  if (known) return known;
  const line = chart.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'polyline'));
  const row = latest.insertRow();
  line.style.stroke = row.style.color = COLORS[sensors.size % COLORS.length];
  row.insertCell().textContent = id;
  const made = { line, cell: row.insertCell(), readings: [] };
  sensors.set(id, made);
  return made;
}

const blog = createClient({ transport: mqtt({ url: location.origin.replace('http', 'ws') + '/mqtt' }) });
await blog.onTemperature(({ sensorId, celsius }) => {
  const { line, cell, readings } = sensor(sensorId);
  readings.push(celsius);
  if (readings.length > SHOWN) readings.shift();
  // From 0 to 40 degrees, the latest on the right.
  const x = (index) => 100 * (1 - (readings.length - 1 - index) / (SHOWN - 1));
  line.setAttribute('points', readings.map((each, index) => x(index).toFixed(2) + ',' + (40 - each)).join(' '));
  cell.textContent = celsius.toFixed(1) + ' °C';
});
state.textContent = 'live';
`;

const bundle = await build({
  stdin: { contents: SCRIPT, resolveDir: fileURLToPath(new URL('./', import.meta.url)) },
  bundle: true,
  format: 'esm',
  platform: 'browser',
  write: false,
  logLevel: 'error',
});

const page: HttpHandler = ({ path }) => {
  if (path === '/') return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: PAGE };
  if (path !== '/page.js') return undefined;
  return { status: 200, headers: { 'content-type': 'text/javascript; charset=utf-8' }, body: bundle.outputFiles[0]?.text ?? '' };
};

const broker = await mqttBroker({ port: 0 });
const hub = mqttHub({ url: broker.url });
const service = createBlogService({ hub });
const served = await serveMqtt(service, { url: broker.url });
const server = await listen(page);
broker.attach(server.server);
console.log(`the page: ${server.url}/`);

let tick = 0;
const sensors = setInterval(() => {
  tick++;
  for (const [index, sensorId] of ['roof', 'cellar', 'garden'].entries()) {
    const celsius = Math.round((12 + 7 * index + 5 * Math.sin(tick / 8 + index)) * 10) / 10;
    void service.publish('temperature', { sensorId, celsius, measuredAt: new Date().toISOString() });
  }
}, 100);

if (!process.argv.includes('--keep')) {
  // What the page does, from here: the same client, the same url.
  const blog = createClient({ transport: mqtt({ url: `${server.url.replace('http', 'ws')}/mqtt` }) });
  let count = 0;
  for await (const { sensorId, celsius } of blog.onTemperature()) {
    console.log(`${sensorId.padEnd(8)} ${celsius.toFixed(1).padStart(5)} °C`);
    if (++count === 6) break;
  }
  clearInterval(sensors);
  await blog.close();
  await served.close();
  await service.close();
  await hub.close();
  await server.close();
  await broker.close();
}
