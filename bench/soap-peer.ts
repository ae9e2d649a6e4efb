import { createServer } from 'node:http';
import { defineContract } from 'multi-api-sdk';
import { blogContract, createBlogService } from 'multi-api-sdk/blog';
import { listen } from 'multi-api-sdk/http';
import { soapHandler, wsdl } from 'multi-api-sdk/soap/server';
import { listen as soapListen } from 'soap';
import { servePeer } from './peer.ts';

const WEATHER = new Map([['London', { Location: 'London', Temperature: '22°C', Conditions: 'Sunny' }]]);

if (process.argv[2] === 'raw') {
  // It sends whatever comes to the first service of a WSDL, so there is one.
  const contract = defineContract({ name: 'blog', operations: { getWeather: blogContract.operations.getWeather } });
  const GetWeather = ({ Location }: { Location: string }) => ({ Weather: WEATHER.get(Location) });
  const server = createServer();
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (!address || typeof address !== 'object') return;
    soapListen(server, {
      path: '/soap',
      services: { WeatherService: { WeatherServiceSoap11: { GetWeather } } },
      xml: wsdl(contract, `http://127.0.0.1:${address.port}/soap`),
      enableChunkedEncoding: false,
    });
    servePeer(address.port);
  });
} else {
  const server = await listen(soapHandler(createBlogService()), { port: 0 });
  servePeer(server.port);
}
