import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { onAbort } from '../../src/life/lifetime.ts';
import { markGuarded } from '../../src/guard/guard.ts';
import { mqtt, type MqttOptions } from '../../src/mqtt/client.ts';
import { serveMqtt, type ServeMqttOptions } from '../../src/mqtt/server.ts';
import type { Adapter, EventSink, EventRequest, Transport } from '../../src/core/transport.ts';
import { freePort } from './free-port.ts';

/** Debian puts it where only root has a path to. */
const MOSQUITTO = ['mosquitto', '/usr/sbin/mosquitto'].find((path) => spawnSync(path, ['-h']).error === undefined);

/** Why tests against Mosquitto are skipped, if they are. */
export const noMosquitto = MOSQUITTO === undefined ? 'mosquitto is not installed: apt-get install mosquitto mosquitto-clients' : undefined;

export interface Mosquitto {
  readonly url: string;
  readonly port: number;
  /** Kills it with a signal, waits until it is gone. What was acknowledged is on its disk only after SIGTERM. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port, with what it has stored. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Starts Mosquitto on a free port with a folder of its own. */
export async function startMosquitto(lines: readonly string[] = []): Promise<Mosquitto> {
  const folder = mkdtempSync(join(tmpdir(), 'mosquitto-'));
  const port = await freePort();
  const config = join(folder, 'mosquitto.conf');
  writeFileSync(
    config,
    [
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      'persistence true',
      `persistence_location ${folder}/`,
      'max_queued_messages 0',
      ...(process.getuid?.() === 0 ? ['user root'] : []),
      ...lines,
      '',
    ].join('\n'),
  );
  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawn(MOSQUITTO ?? '', ['-c', config], { stdio: 'ignore' });
    // Workers of the test runner are ended without a word: who watches them takes the broker along.
    const watch = `while kill -0 ${process.pid} && kill -0 ${child.pid}; do sleep 1; done 2>/dev/null; kill ${child.pid} 2>/dev/null`;
    spawn('sh', ['-c', watch], { stdio: 'ignore', detached: true }).unref();
    for (let tries = 0; tries < 200; tries++) {
      if (await answers(port)) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`mosquitto does not answer on port ${port}`);
  };
  const kill = (signal: NodeJS.Signals = 'SIGTERM') =>
    new Promise<void>((resolve) => {
      if (!child || child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once('exit', () => resolve());
      child.kill(signal);
    });
  await start();
  // A run that is cut short leaves none behind.
  const end = () => void child?.kill('SIGKILL');
  process.once('exit', end);
  return {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    kill,
    start,
    async close() {
      await kill();
      process.off('exit', end);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    }).on('error', () => resolve(false));
  });
}

/** Opens a service over a broker for the conformance cases. */
export async function openMqtt(
  transport: Transport,
  url: string,
  options: Pick<MqttOptions, 'headers' | 'topicPrefix' | 'maxMessageBytes' | 'onError'> & { readonly maxBufferedBytes?: number },
  serving: Pick<ServeMqttOptions, 'cloudEvents'> = {},
) {
  const demand = new Demand(transport);
  // A broker decides what it holds for a subscriber.
  const { maxBufferedBytes: _, ...given } = options;
  const { onError, topicPrefix } = given;
  const served = await serveMqtt(demand.served, {
    ...serving,
    url,
    ...(onError && { onError }),
    ...(topicPrefix !== undefined && { topicPrefix }),
  });
  return { transport: demand.adapter(mqtt({ url, ...given })), close: () => served.close() };
}

/**
 * A broker keeps its subscribers to itself: a server has every event published, whether anyone listens or not. The cases look whether the service
 * is left once its subscribers are; so here, and for them alone, the server's subscription lasts as long as the client has subscribers. It goes on from
 * its place if the client does: a hub of several processes gives events later than they were published, and a server would have been there.
 */
class Demand {
  readonly #counts = new Map<string, number>();
  readonly #standing = new Map<string, { readonly request: EventRequest; readonly sink: EventSink }>();
  readonly #running = new Map<string, { readonly controller: AbortController; readonly start: Promise<void> }>();
  /** By event, the id of the last one that was published. */
  readonly #places = new Map<string, string>();
  readonly served: Transport;

  private readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
    this.served = markGuarded({
      contract: transport.contract,
      name: transport.name,
      call: (request) => transport.call(request),
      subscribe: async (request, sink) => {
        if (request.operation) return transport.subscribe(request, sink);
        // The embedded broker only asks whether a caller may listen.
        if (request.peer) return;
        this.#standing.set(request.event.name, { request, sink: this.#restarting(request, sink) });
      },
      close: () => transport.close(),
    });
  }

  adapter(inner: Adapter): Adapter {
    return (contract) => {
      const client = inner(contract);
      return markGuarded({
        contract,
        name: client.name,
        call: (request) => client.call(request),
        close: () => client.close(),
        subscribe: async (request, sink) => {
          await client.subscribe(request, sink);
          if (request.operation || request.signal.aborted) return;
          const start = this.#add(request.event.name, request.lastEventId !== undefined);
          onAbort(request.signal, () => this.#remove(request.event.name));
          await start;
        },
      });
    };
  }

  async #add(name: string, isResumed = false): Promise<void> {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    const standing = this.#standing.get(name);
    if (!standing) return;
    let running = this.#running.get(name);
    if (!running) {
      const controller = new AbortController();
      const { lastEventId = isResumed ? this.#places.get(name) : undefined, ...request } = standing.request;
      let begin: (work: Promise<void>) => void = () => {};
      running = { controller, start: new Promise<void>((resolve) => (begin = resolve)) };
      // Before it begins: it may end at once.
      this.#running.set(name, running);
      begin(
        this.transport.subscribe(
          { ...request, signal: controller.signal, ...(lastEventId !== undefined && { lastEventId }) },
          standing.sink,
        ),
      );
    }
    await running.start;
  }

  #remove(name: string): void {
    const count = (this.#counts.get(name) ?? 1) - 1;
    this.#counts.set(name, count);
    if (count > 0) return;
    this.#running.get(name)?.controller.abort();
    this.#running.delete(name);
  }

  /** The server comes back with a new subscription, which takes the place of the old one. */
  #restarting({ event: { name } }: EventRequest, sink: EventSink): EventSink {
    return {
      next: (message) => {
        this.#places.set(name, message.id);
        return sink.next(message);
      },
      gap: () => sink.gap(),
      end: (error) => {
        this.#running.delete(name);
        this.#standing.delete(name);
        sink.end(error);
        void this.#resume(name);
      },
    };
  }

  async #resume(name: string): Promise<void> {
    for (let tries = 0; tries < 200 && !this.#standing.has(name); tries++) await new Promise((resolve) => setTimeout(resolve, 5));
    const count = this.#counts.get(name) ?? 0;
    if (!this.#standing.has(name) || count === 0) return;
    this.#counts.set(name, count - 1);
    await this.#add(name).catch(() => {});
  }
}

const SEES_NO_SUBSCRIBERS = 'the broker serves subscribers, the service does not see them';
const ONE_FOR_ALL = 'the subscribers of a topic share one subscription at the service';
const NO_END = 'a topic does not end: it is there without the service too';

/** What holds on every broker. */
export const MQTT_SKIPS: NonNullable<ConformanceTarget['skips']> = [
  { id: 'events-headers', reason: SEES_NO_SUBSCRIBERS },
  { id: 'resuming-refused', reason: SEES_NO_SUBSCRIBERS },
  { id: 'resuming-expired', reason: SEES_NO_SUBSCRIBERS },
  { id: 'resuming-expired-for-good', reason: SEES_NO_SUBSCRIBERS },
  { id: 'events-abort', reason: ONE_FOR_ALL },
  { id: 'lifecycle-close-subscriptions', reason: ONE_FOR_ALL },
  { id: 'lifecycle-close-starting', reason: ONE_FOR_ALL },
  { id: 'resuming-last-id', reason: 'a broker replays nothing: what nobody here had subscribed to is a gap' },
  { id: 'limits-replay', reason: 'a broker replays nothing: what nobody here had subscribed to is a gap' },
  { id: 'resuming-gap', reason: 'a topic that all share has no word for what a publisher missed' },
  { id: 'resuming-bad-event', reason: 'anyone may publish on a topic: what does not fit is reported and dropped, and ends nothing' },
  { id: 'resuming-unknown-event', reason: NO_END },
  { id: 'lifecycle-stop-subscriptions', reason: NO_END },
  { id: 'resuming-end', reason: NO_END },
  { id: 'resuming-completed', reason: NO_END },
];
