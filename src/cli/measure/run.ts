import type { Contract } from '../../core/contract.ts';
import type { Headers } from '../../core/transport.ts';
import { PROTOCOLS, type ProtocolName } from '../../protocols.ts';
import type { Service } from '../../service/types.ts';
import { rowsOf, type Column, type Measurement } from './cell.ts';
import { measureColumn, type ColumnOptions } from './column.ts';
import type { Examples } from './examples.ts';
import { publishAll, type FarEnd } from './far-end.ts';
import { SocketMeter } from './socket-meter.ts';

/** The subject of the measurement. */
export interface MeasureOptions {
  readonly contract: Contract;
  readonly examples: Examples;
  readonly protocols: readonly ProtocolName[];
  /** How often each is timed, after `warmUp` more. */
  readonly repeat: number;
  readonly warmUp: number;
  readonly headers?: Headers;
  /** Whether a member is measured. @default all are */
  readonly isWanted?: (member: string) => boolean;
  /** Opens the end that serves one protocol, with the same data each time. */
  readonly openFarEnd: (protocol: ProtocolName) => Promise<FarEnd>;
  /** The service within this process: a column of its own, whose outputs all protocols must give. */
  readonly reference?: () => Service;
  readonly onProgress: (column: string, member: string) => void;
}

/** The service without a protocol, called within the process. */
export const REFERENCE = 'service';

/** Calls every operation and publishes every event over every protocol, one protocol after the other. */
export async function measure(options: MeasureOptions): Promise<Measurement> {
  const { contract, examples, repeat, warmUp, headers = {}, isWanted = () => true, reference, onProgress } = options;
  const columns = new Map<string, Column>();
  const outcomes = new Map<string, readonly unknown[]>();
  const common = { contract, examples, repeat, warmUp, headers, isWanted };
  if (reference) {
    const service = reference();
    const column: ColumnOptions = {
      ...common,
      verbs: ['call', 'subscribe'],
      connect: async () => service,
      farEnd: { isHere: true, publish: (event, payloads) => publishAll(service, event, payloads) },
      bytes: () => 0,
      expected: { isFirst: true, outcomes },
      onProgress: (member) => onProgress(REFERENCE, member),
    };
    columns.set(REFERENCE, await measureColumn(column).finally(() => service.close()));
  }
  for (const name of options.protocols) {
    const { verbs, connect } = PROTOCOLS[name];
    const farEnd = await options.openFarEnd(name);
    const meter = new SocketMeter({ taken: !farEnd.isHere });
    try {
      const column = await measureColumn({
        ...common,
        verbs,
        connect: (onWire) => connect({ url: farEnd.url, ...(onWire && { onWire }) }),
        farEnd,
        bytes: () => meter.bytes,
        expected: reference && { isFirst: false, outcomes },
        onProgress: (member) => onProgress(name, member),
      });
      columns.set(name, column);
    } finally {
      meter.close();
      await farEnd.close();
    }
  }
  return {
    rows: rowsOf(contract, columns),
    wire: Object.fromEntries([...columns].map(([name, { wire }]) => [name, Object.fromEntries(wire)])),
  };
}
