import type { Contract } from '../../core/contract.ts';
import type { WireRecord } from '../../peer/on-wire.ts';

/** The measurements of one operation or event over one protocol. */
export interface Measured {
  readonly ok: true;
  readonly roundTrips: number;
  readonly bytes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of the client's process for one call or event, in milliseconds; absent if both ends share a process. */
  readonly clientCpuMs?: number;
  /** CPU time of the service's process; absent if it is out of reach. */
  readonly serviceCpuMs?: number;
  /** The code with which the service refused the input each time. */
  readonly refused?: string;
}

/** The results of one operation or event over one protocol. */
export type Cell = Measured | { readonly ok: false; readonly error: string };

/** One operation or event: its cells by protocol; null if the protocol cannot carry it, or if it was left out. */
export interface Row {
  readonly name: string;
  readonly kind: 'query' | 'mutation' | 'event';
  readonly cells: Readonly<Record<string, Cell | null>>;
}

/** All that was measured. */
export interface Measurement {
  readonly rows: readonly Row[];
  /** The bytes on the wire for one call or event: by protocol, then by member. */
  readonly wire: Readonly<Record<string, Readonly<Record<string, readonly WireRecord[]>>>>;
}

/** One protocol: the measurements by member, and the records of its wire. */
export interface Column {
  readonly cells: ReadonlyMap<string, Cell>;
  readonly wire: ReadonlyMap<string, readonly WireRecord[]>;
}

/** The rows of a contract, in its order, out of what was measured by protocol. */
export function rowsOf({ operations, events }: Contract, columns: ReadonlyMap<string, Column>): Row[] {
  const row = (name: string, kind: Row['kind']): Row => ({
    name,
    kind,
    cells: Object.fromEntries([...columns].map(([column, { cells }]) => [column, cells.get(name) ?? null])),
  });
  return [...Object.values(operations).map(({ name, kind }) => row(name, kind)), ...Object.keys(events).map((name) => row(name, 'event'))];
}

/** Whether nothing failed. */
export function allWork(rows: readonly Row[]): boolean {
  return rows.every(({ cells }) => Object.values(cells).every((cell) => cell === null || cell.ok));
}
