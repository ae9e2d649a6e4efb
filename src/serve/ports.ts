import { createServer } from 'node:net';
import type { ProtocolName } from '../protocols.ts';
import type { ServeOptions } from './options.ts';

type Ports = Pick<ServeOptions, 'host' | 'port' | 'grpcPort' | 'mqttPort' | 'mqttHost' | 'mqttUrl' | 'mqttBroker' | 'protocols'>;

/** The default of `grpcPort`. */
export const GRPC_PORT = 50_051;

/** The port of the embedded MQTT broker. */
export function mqttPortOf({ port, mqttPort = port === 0 ? 0 : 1883 }: Ports): number {
  return mqttPort;
}

/**
 * The error of a start that failed. If a port was in use, it names all of the wanted ports that are.
 * The ports that the failed start had opened are closed before this is called.
 * @param nameOf - the name of an option for its user, such as a flag
 */
export async function explainPorts(error: unknown, options: Ports, nameOf = (option: string) => option): Promise<unknown> {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') return error;
  const wanted = wantedPorts(options);
  const twice = wanted.find(({ port }, index) => wanted.findIndex((each) => each.port === port) < index);
  if (twice) {
    const names = wanted.filter(({ port }) => port === twice.port).map(({ option }) => nameOf(option));
    return explained(`${names.join(' and ')} are the same port ${twice.port}: choose another for one of them`, error);
  }
  const busy: string[] = [];
  for (const { option, port, host } of wanted) if (await isBusy(port, host)) busy.push(`${port} on ${host} (${nameOf(option)})`);
  if (busy.length < 2) return error;
  return explained(`these ports are in use: ${busy.join(', ')}. Stop what uses them, or choose other ports (0 picks a free one)`, error);
}

function explained(text: string, cause: Error): Error {
  return Object.assign(new Error(text, { cause }), { code: 'EADDRINUSE' });
}

/** The ports that are opened, without those that the system chooses. */
function wantedPorts(options: Ports) {
  const { host = '127.0.0.1', port = 4000, grpcPort = GRPC_PORT, mqttHost = '127.0.0.1', mqttUrl, mqttBroker } = options;
  const isServed = (name: ProtocolName) => options.protocols?.includes(name) ?? true;
  const isMqttGiven = mqttUrl !== undefined || mqttBroker !== undefined;
  return [
    { option: 'port', port, host },
    { option: 'grpcPort', port: isServed('grpc') ? grpcPort : 0, host },
    { option: 'mqttPort', port: isServed('mqtt') && !isMqttGiven ? mqttPortOf(options) : 0, host: mqttHost },
  ].filter((each) => each.port !== 0);
}

function isBusy(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'EADDRINUSE'));
    server.listen(port, host, () => server.close(() => resolve(false)));
  });
}
