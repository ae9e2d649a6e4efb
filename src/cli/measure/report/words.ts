import type { ProtocolName } from '../../../protocols.ts';
import type { Row } from '../cell.ts';
import { bothCpuMs, ranked, titleOf, type Group } from './summary.ts';

/** The reasons to choose a protocol, and its costs; figures come from the measurement. */
export interface TradeOff {
  readonly choose: string;
  readonly cost: string;
}

/** The trade-offs that no figure shows. */
export const TRADE_OFFS: Readonly<Record<ProtocolName, TradeOff>> = {
  rest: {
    choose: 'Public APIs: every language, proxy, cache and browser speaks it, and curl is enough to try it.',
    cost: 'Each call repeats its headers. Related objects take one more call each. Events need a second mechanism, server-sent events.',
  },
  graphql: {
    choose: 'Clients that need different fields of the same objects: one call fetches a tree, and only the fields that were asked for.',
    cost: 'HTTP caches see POST requests. The server must bound the depth and cost of the queries of strangers.',
  },
  websocket: {
    choose: 'Chats, games and dashboards: calls and events share one open connection with little overhead in both directions.',
    cost: 'Each client holds a connection open. Load balancers must keep it, and nothing between the two ends can cache or retry.',
  },
  webhook: {
    choose: 'Events for servers of other companies: nobody holds a connection, and deliveries are stored and tried again.',
    cost: 'The receiver needs a public address, checks signatures, and sees some events twice. It carries no calls.',
  },
  soap: {
    choose: 'Banks, insurers and public offices whose systems already speak it, with WSDL and WS-Security.',
    cost: 'XML is large and slow to read. It carries no events, and few new tools speak it.',
  },
  grpc: {
    choose: 'Services that call each other: small binary messages, streams in both directions, generated clients in many languages.',
    cost: 'Pages cannot speak it without Connect or gRPC-Web, and its messages cannot be read without their `.proto` file.',
  },
  mqtt: {
    choose: 'Devices on weak networks and events for very many listeners: tiny frames, and a broker that keeps the last status.',
    cost: 'It needs a broker, and a call passes through it twice. Request and response are a convention of MQTT 5 only.',
  },
  mcp: {
    choose: 'Agents of language models, which find the operations as tools with their descriptions and schemas.',
    cost: 'Each answer repeats its data as text and as structure. It carries no events.',
  },
};

/** The measurements in sentences: which protocol needs least, which most, and how much more. */
export function findings(groups: readonly Group[]): string[] {
  return groups.flatMap((group) => {
    const one = group.kind === 'calls' ? 'call' : 'event';
    const what = group.kind === 'calls' ? 'answer' : 'arrival';
    return [
      sentence(ranked(group, ({ bytes }) => bytes), `Fewest bytes for one ${one}`, 'Most', (value) => value.toLocaleString('en')),
      sentence(ranked(group, ({ p50Ms }) => p50Ms), `Soonest ${what} (p50)`, 'Latest', (value) => `${value.toFixed(2)} ms`),
      sentence(ranked(group, bothCpuMs), `Least CPU of both ends for one ${one}`, 'Most', (value) => `${Math.round(value * 1000).toLocaleString('en')} µs`),
    ].flat();
  });
} // prettier-ignore

function sentence(order: ReturnType<typeof ranked>, least: string, most: string, show: (value: number) => string): string[] {
  const [first, last] = [order[0], order.at(-1)];
  if (!first || !last || first === last || first.value === 0) return [];
  const times = (last.value / first.value).toFixed(1);
  return [`${least}: ${titleOf(first.name)} with ${show(first.value)}. ${most}: ${titleOf(last.name)} with ${show(last.value)}, ${times} times as much.`];
} // prettier-ignore

/** The facts that a reader of the figures must know: members that the service refused, and those that failed. */
export function remarks(rows: readonly Row[]): string[] {
  return rows.flatMap(({ name, cells }) => {
    const refused = new Set(Object.values(cells).flatMap((cell) => (cell?.ok && cell.refused !== undefined ? [cell.refused] : [])));
    const failed = Object.entries(cells).flatMap(([column, cell]) =>
      cell && !cell.ok ? [`${name} failed over ${titleOf(column)}: ${cell.error}`] : [],
    );
    return [
      ...[...refused].map((code) => `${name}: the service refuses the input with ${code}, so that its refusal was measured. --inputs gives it another input.`),
      ...failed,
    ];
  });
} // prettier-ignore

/** How the figures were taken. */
export function method(repeat: number, isRemote: boolean): string[] {
  return [
    `Each operation was called ${repeat} times in sequence over one open connection, after a warm-up. Each protocol had ${isRemote ? 'its own client' : 'a service of its own in a second process, with the same data'}.`,
    'Round trips: questions that waited for an answer, as onWire shows them. An event is pushed, so it has none, unless its receiver answers.',
    "Bytes: both directions on the client's connections, with start lines, headers and framing, without TCP and IP.",
    'p50 and p99: from the call to its output, and from publishing to the listener.',
    isRemote
      ? "CPU: of the client's process, all threads, for one call. That of the service is out of reach."
      : 'CPU: of the two processes, all threads, for one call or event. The service of MQTT includes the broker.',
    'Times and CPU depend on the machine and on what else it does. Compare figures of one run only.',
  ];
}
