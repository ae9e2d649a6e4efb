import { credentials, Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';

type Generated = typeof import('../test/grpc/generated/blog/v1/blog.ts');
type TemperatureEvent = import('../test/grpc/generated/blog/v1/blog.ts').TemperatureEvent;

// scripts/bench.mjs puts it there.
const generated = (await import(new URL('generated/blog/v1/blog.js', import.meta.url).href)) as Generated;

/** A server and its clients as one writes them by hand with grpc-js and ts-proto: no checks, no headers, no deadlines. */
export async function startRaw() {
  const streams = new Set<ServerWritableStream<unknown, TemperatureEvent>>();
  const server = new Server();
  server.addService(generated.UserServiceService, {
    getUser: (call: { request: { id: string } }, callback: (error: null, user: object) => void) =>
      callback(null, { id: call.request.id, name: 'john_doe', email: 'john.doe@example.com', createdAt: '2024-01-15T09:30:00Z' }),
    createUser: () => {},
  });
  server.addService(generated.SensorServiceService, {
    reportTemperature: () => {},
    sensorsTemperature: () => {},
    onTemperature(call: ServerWritableStream<unknown, TemperatureEvent>) {
      streams.add(call);
      call.on('cancelled', () => streams.delete(call));
      call.sendMetadata(call.metadata);
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  const address = `127.0.0.1:${port}`;
  const users = new generated.UserServiceClient(address, credentials.createInsecure());
  const sensors = new generated.SensorServiceClient(address, credentials.createInsecure());
  return {
    getUser: (id: string) =>
      new Promise((resolve, reject) => {
        users.getUser({ id }, (error, user) => (error ? reject(error) : resolve(user)));
      }),
    onTemperature(listener: (event: TemperatureEvent) => void) {
      const call = sensors.onTemperature({ lastEventId: '' });
      call.on('data', listener);
      call.on('error', () => {});
      return new Promise<() => void>((resolve) => call.on('metadata', () => resolve(() => call.cancel())));
    },
    publish(event: TemperatureEvent) {
      for (const stream of streams) stream.write(event);
    },
    close() {
      users.close();
      sensors.close();
      server.forceShutdown();
    },
  };
}
