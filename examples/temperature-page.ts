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
import { PAGE, SCRIPT } from './support/chart-page.ts';

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
