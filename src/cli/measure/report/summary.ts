import { PROTOCOL_NAMES, PROTOCOLS, type ProtocolName } from '../../../protocols.ts';
import type { Measured, Row } from '../cell.ts';
import { REFERENCE } from '../run.ts';

/** Means over several members: of one call, or of one event. */
export type Means = Omit<Measured, 'ok' | 'refused'>;

/** The subject of the comparison: the same members for each protocol. */
export interface Group {
  readonly kind: 'calls' | 'events';
  readonly members: readonly string[];
  readonly protocols: ReadonlyMap<ProtocolName, Means>;
}

/** The means of calls and of events, over the members that work on every protocol which carries any. */
export function summarize(rows: readonly Row[]): Group[] {
  return (['calls', 'events'] as const).flatMap((kind) => {
    const ofKind = rows.filter((row) => (row.kind === 'event') === (kind === 'events'));
    const names = PROTOCOL_NAMES.filter((name) => ofKind.some(({ cells }) => cells[name]?.ok));
    const common = ofKind.filter(({ cells }) => names.every((name) => cells[name]?.ok));
    if (common.length === 0) return [];
    const means = names.map((name) => [name, meansOf(common.map(({ cells }) => cells[name] as Measured))] as const);
    return [{ kind, members: common.map(({ name }) => name), protocols: new Map(means) }];
  });
}

function meansOf(cells: readonly Measured[]): Means {
  const mean = (values: readonly number[]): number => Number((values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(3));
  const cpu = (figure: 'clientCpuMs' | 'serviceCpuMs') => {
    const known = cells.map((cell) => cell[figure]).filter((value) => value !== undefined);
    return known.length === cells.length ? { [figure]: mean(known) } : {};
  };
  return {
    roundTrips: mean(cells.map(({ roundTrips }) => roundTrips)),
    bytes: Math.round(mean(cells.map(({ bytes }) => bytes))),
    p50Ms: mean(cells.map(({ p50Ms }) => p50Ms)),
    p99Ms: mean(cells.map(({ p99Ms }) => p99Ms)),
    ...cpu('clientCpuMs'),
    ...cpu('serviceCpuMs'),
  };
}

/** The protocols of a group by a figure, the least first. Those without it are left out. */
export function ranked({ protocols }: Group, figure: (means: Means) => number | undefined): { name: ProtocolName; value: number }[] {
  return [...protocols]
    .flatMap(([name, means]) => {
      const value = figure(means);
      return value === undefined ? [] : [{ name, value }];
    })
    .sort((a, b) => a.value - b.value);
}

/** The CPU time of both ends; `undefined` unless both are known. */
export function bothCpuMs({ clientCpuMs, serviceCpuMs }: Means): number | undefined {
  return clientCpuMs === undefined || serviceCpuMs === undefined ? undefined : clientCpuMs + serviceCpuMs;
}

/** A column's title. */
export function titleOf(column: string): string {
  return column === REFERENCE ? 'in process' : (PROTOCOLS[column as ProtocolName]?.title ?? column);
}
