// A fleet of simulated sensors on an MQTT broker, a service that listens with everyone else, and a live table.
// Run it: npx tsx examples/sensor-fleet.ts
import { createClient } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';
import { mqtt } from 'multi-api-sdk/mqtt';
import { mqttHub } from 'multi-api-sdk/mqtt/hub';
import { mqttBroker } from 'multi-api-sdk/mqtt/broker';
import { serveMqtt } from 'multi-api-sdk/mqtt/server';
import { connectAsync } from 'mqtt';

// Sensors publish temperatures by themselves, and nothing else. With any other broker only the url changes.
const broker = await mqttBroker({ port: 0, publishers: { temperature: '*' } });
const hub = mqttHub({ url: broker.url });
const service = createBlogService({ hub });
const server = await serveMqtt(service, { url: broker.url });

const latest = new Map<string, { celsius: number; count: number }>();
const dashboard = createClient({ transport: mqtt({ url: broker.url }) });
await dashboard.onTemperature(({ sensorId, celsius }) => {
  latest.set(sensorId, { celsius, count: (latest.get(sensorId)?.count ?? 0) + 1 });
});

function draw(): void {
  // On a terminal the table is drawn over itself.
  if (process.stdout.isTTY) process.stdout.write('\x1b[2J\x1b[H');
  for (const [sensorId, { celsius, count }] of [...latest].sort()) {
    console.log(`${sensorId.padEnd(8)} ${celsius.toFixed(1).padStart(5)} °C  ${'█'.repeat(Math.round(celsius))}  (${count})`);
  }
}
const drawing = process.stdout.isTTY ? setInterval(draw, 250) : undefined;

// Some sensors call the operation, with its checks and its answer; a foreign one knows nothing but the topic.
const fleet = createClient({ transport: mqtt({ url: broker.url }) });
const foreign = await connectAsync(broker.url);
for (let tick = 0; tick < 30; tick++) {
  const celsius = (offset: number) => Math.round((20 + offset + 5 * Math.sin(tick / 5 + offset)) * 10) / 10;
  await Promise.all(['roof', 'cellar', 'garden'].map((sensorId, index) => fleet.reportTemperature({ sensorId, celsius: celsius(index) })));
  const reading = { sensorId: 'foreign', celsius: celsius(4), measuredAt: new Date().toISOString() };
  await foreign.publishAsync('sensors/temperature', JSON.stringify(reading), { qos: 1 });
  await new Promise((resolve) => setTimeout(resolve, 100));
}
clearInterval(drawing);
draw();

await foreign.endAsync();
await fleet.close();
await dashboard.close();
await server.close();
await service.close();
await hub.close();
await broker.close();
