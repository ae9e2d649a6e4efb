import { createClient } from 'multi-api-sdk';
import { soap } from 'multi-api-sdk/soap';
import { createClientAsync } from 'soap';
import { compareCpu } from './in-flight.ts';
import { startPeer } from './peer.ts';

const peer = await startPeer('soap-peer.js', 'ours');
const url = `http://127.0.0.1:${peer.port}/soap`;
const blog = createClient({ transport: soap({ url }) });
const client = await createClientAsync(`${url}?wsdl`);
const ours = () => blog.getWeather({ location: 'London' });
const raw = () => (client as unknown as { GetWeatherAsync(input: object): Promise<unknown> }).GetWeatherAsync({ Location: 'London' });

await compareCpu({
  title: 'SOAP client, CPU per call, 32 in flight, against a bare client of soap',
  what: 'getWeather',
  goal: '<= 0.50',
  ours,
  raw,
  inFlight: 32,
  calls: 3000,
  rounds: 7,
});

// The same service as if somebody else had designed it: by its WSDL.
const foreign = createClient({
  transport: soap({ wsdl: `${url}?wsdl`, operations: { getWeather: { operation: 'GetWeather', output: 'Weather' } } }),
});
await compareCpu({
  title: 'SOAP client of a foreign service, CPU per call, 32 in flight, against a bare client of soap',
  what: 'getWeather',
  goal: '<= 0.50',
  ours: () => foreign.getWeather({ location: 'London' }),
  raw,
  inFlight: 32,
  calls: 3000,
  rounds: 7,
});
await foreign.close();
await blog.close();
peer.stop();
