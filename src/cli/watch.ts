import { namedMembers } from '../client/members.ts';
import { blogContract } from '../blog/contract.ts';
import { createClient } from '../client/client.ts';
import type { EventInfo, ListenOptions, Unsubscribe } from '../client/types.ts';
import { onAbort } from '../life/lifetime.ts';
import { listenerName } from '../core/listener-name.ts';
import { UsageError } from './args.ts';
import { defineCommand } from './command.ts';
import { CONNECTION_FLAGS, eventOf, headersOf, printApiError, wirePrinter } from './connection.ts';
import { loadContract } from './module.ts';
import { connectTo, protocolNames, protocolOf } from './protocols.ts';
import { onStopSignal, painter, printJson } from './terminal.ts';

type Listen = (listener: (data: unknown, info: EventInfo) => void, options: ListenOptions) => Promise<Unsubscribe>;

export const watchCommand = defineCommand({
  name: 'watch',
  summary: 'prints events, of the Blog service or your own, as JSON lines',
  positionals: ['<event>'],
  flags: {
    ...CONNECTION_FLAGS,
    count: { type: 'number', value: '<n>', summary: 'ends after so many events', range: [1, Number.MAX_SAFE_INTEGER], short: 'n' },
    envelope: { type: 'boolean', summary: 'prints {"id","time","data"} instead of only the payload' },
    'last-event-id': { type: 'string', value: '<id>', summary: 'resumes after this event' },
    'timeout-ms': {
      type: 'number',
      value: '<ms>',
      summary: 'how long the start may take, tries included',
      default: 5_000,
      range: [1, 2 ** 31 - 1],
    },
  },
  notes: [
    `Events of the Blog: ${Object.keys(blogContract.events).join(', ')} (onTemperature means temperature). Protocols: ${protocolNames('subscribe')}.`,
    "Each line of standard output is one event's payload. Standard error says 'watching …' when the service has acknowledged the subscription, and says if events may have been missed. A broken connection is made again, and resumes after the last event.",
    'Over webhooks it starts a receiver on a free port and subscribes it, so the service must reach this machine: serve --allow-private-webhooks.',
    'Exit codes: 0 after --count events, Ctrl-C or SIGTERM; 1 for an API error, which is the last thing printed on standard error, as JSON; 2 for wrong usage.',
  ],
  examples: [
    ['multi-api-sdk watch temperature', 'until Ctrl-C'],
    ['multi-api-sdk watch message --count 1', 'one line of the chat'],
    ['multi-api-sdk watch articlePublished --envelope | jq .id', 'with ids and times'],
    ['multi-api-sdk watch taskAdded --contract ./contract.js', 'of a contract of your own'],
  ],
  async run({ flags, positionals: [typed] }) {
    if (typed === undefined) throw new UsageError('which event? multi-api-sdk watch <event>');
    const contract = await loadContract(flags.contract);
    const name = eventOf(contract, typed);
    const headers = headersOf(flags.header);
    const protocol = protocolOf(flags.via, 'subscribe');
    const url = flags.url ?? protocol.url;
    const paint = painter(process.stderr);
    const transport = await connectTo(protocol, { url, ...(flags.wire && { onWire: wirePrinter(flags.json) }) });
    const client = createClient({ contract, transport });
    const stop = new AbortController();
    const forget = onStopSignal(() => stop.abort());
    let seen = 0;
    if (process.stderr.isTTY) process.stderr.write(paint('dim', `connecting to ${url} …\n`));
    try {
      const listen = namedMembers<Listen>(client)[listenerName(name)];
      await new Promise<void>((resolve, reject) => {
        onAbort(stop.signal, resolve);
        const print = (data: unknown, { id, time }: EventInfo): void => {
          if (stop.signal.aborted) return;
          printJson(process.stdout, flags.envelope ? { id, time, data } : data, true);
          if (++seen === flags.count) stop.abort();
        };
        listen?.(print, {
          headers,
          signal: stop.signal,
          timeoutMs: flags['timeout-ms'],
          ...(flags['last-event-id'] !== undefined && { lastEventId: flags['last-event-id'] }),
          onGap: () => void process.stderr.write(paint('yellow', 'gap: events may have been missed here\n')),
          onError: reject,
        }).then(() => {
          if (!stop.signal.aborted) process.stderr.write(paint('dim', `watching ${name} over ${protocol.title} at ${url}\n`));
        }, reject);
      });
      return 0;
    } catch (error) {
      return stop.signal.aborted ? 0 : printApiError(error, flags.json);
    } finally {
      stop.abort();
      await client.close();
      forget();
    }
  },
});
