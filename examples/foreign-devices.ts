// Devices of somebody else's at an MQTT broker: sensors and a lamp as zigbee2mqtt has them, a plug as Tasmota has it, typed by a contract of our own.
// Run it: npx tsx examples/foreign-devices.ts
import { createClient, defineContract, event, mutation } from 'multi-api-sdk';
import { mqtt } from 'multi-api-sdk/mqtt';
import { mqttBroker } from 'multi-api-sdk/mqtt/broker';
import { connectAsync } from 'mqtt';
import * as z from 'zod';

// The contract says what the program sees …
const home = defineContract({
  name: 'home',
  operations: {
    setLamp: mutation({ input: z.object({ device: z.string(), state: z.enum(['ON', 'OFF']), brightness: z.int().optional() }) }),
    setPlug: mutation({ input: z.object({ device: z.string(), isOn: z.boolean() }) }),
  },
  events: {
    temperature: event({ channel: 'temperatures/{device}', payload: z.object({ device: z.string(), temperature: z.number() }) }),
    plug: event({ channel: 'plugs/{device}', payload: z.object({ device: z.string(), isOn: z.boolean() }) }),
  },
});

const broker = await mqttBroker({ port: 0, open: true }); // or the one in your home: only the url changes

// … and the mapping how it travels.
const client = createClient({
  contract: home,
  transport: mqtt({
    url: broker.url,
    events: {
      temperature: { topic: 'zigbee2mqtt/{device}' },
      plug: {
        topic: 'stat/{device}/POWER',
        read: ({ text }) => (text === 'ON' || text === 'OFF' ? { isOn: text === 'ON' } : undefined),
      },
    },
    operations: {
      setLamp: { topic: 'zigbee2mqtt/{device}/set' },
      setPlug: { topic: 'cmnd/{device}/POWER', input: ({ isOn }) => (isOn === true ? 'ON' : 'OFF'), qos: 0 },
    },
    onError: (error) => console.log('reported:', (error as Error).message.slice(0, 72)),
  }),
});

let heard = 0;
await client.onTemperature(({ device, temperature }) => {
  heard++;
  console.log(`${device}: ${temperature} °C`);
});
await client.onPlug(({ device, isOn }) => {
  heard++;
  console.log(`${device} is ${isOn ? 'on' : 'off'}`);
});

// The devices, played by a client that knows nothing of the contract.
const devices = await connectAsync(broker.url);
devices.on('message', (topic, payload) => {
  heard++;
  console.log(`${topic} was told ${payload.toString()}`);
});
await devices.subscribeAsync(['zigbee2mqtt/+/set', 'cmnd/#']);
await devices.publishAsync('zigbee2mqtt/kitchen', '{"temperature":21.5,"battery":90,"linkquality":80}');
await devices.publishAsync('zigbee2mqtt/kitchen', 'offline');
await devices.publishAsync('stat/fan/POWER', 'ON');
await client.setLamp({ device: 'desk', state: 'ON', brightness: 200 });
await client.setPlug({ device: 'fan', isOn: false });

while (heard < 4) await new Promise((resolve) => setTimeout(resolve, 10));
await devices.endAsync();
await client.close();
await broker.close();
