// The same service and client over gRPC. examples/grpc_client.py is a client of it in Python.
// Run it: npx tsx examples/grpc.ts
import { createClient, isApiError } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';
import { grpc } from 'multi-api-sdk/grpc';
import { printProto, serveGrpc } from 'multi-api-sdk/grpc/server';

const service = createBlogService();
const server = await serveGrpc(service); // a free port

const blog = createClient({ transport: grpc({ url: server.address }) });

const user = await blog.getUser({ id: 123 });
console.log(`${user.username} <${user.email}>`);

// An event is a server stream; it resumes where it was after a lost connection.
let hear: (celsius: number) => void = () => {};
const heard = new Promise<number>((resolve) => (hear = resolve));
const unsubscribe = await blog.onTemperature(({ celsius }) => hear(celsius));
await blog.reportTemperature({ sensorId: 'roof', celsius: 21.5 });
console.log(`${await heard} °C`);
await unsubscribe();

// Errors carry google.rpc details, which every gRPC library can read.
try {
  await blog.getWeather({ location: 'Atlantis' });
} catch (error) {
  if (!isApiError(error)) throw error;
  console.log(error.message);
}

// What clients in other languages are made from.
console.log(printProto(service.contract).split('\n').slice(8, 15).join('\n'));

await blog.close();
await server.close();
await service.close();
