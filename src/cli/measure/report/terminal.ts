import type { Row } from '../cell.ts';
import type { Paint } from '../../terminal.ts';
import { bothCpuMs, titleOf, type Group, type Means } from './summary.ts';
import { findings, method, remarks } from './words.ts';

/** The parts of a report. */
export interface ReportData {
  /** The contract's name. */
  readonly name: string;
  readonly rows: readonly Row[];
  readonly groups: readonly Group[];
  readonly repeat: number;
  /** Whether the service runs at addresses that were given. */
  readonly isRemote: boolean;
}

const BLOCKS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;
const NAME_WIDTH = 9;
/** The widths of the figures: trips, bytes, p50, p99, CPU of the client and of the service. */
const WIDTHS = [5, 8, 8, 8, 9, 9] as const;
const HEAD = ['trips', 'bytes', 'p50 ms', 'p99 ms', 'client µs', 'service µs'] as const;

/** The report for a terminal of so many columns: charts of the means, every member, and what it means in words. */
export function terminalReport(data: ReportData, width: number, paint: Paint): string {
  const { name, rows, groups, repeat, isRemote } = data;
  const operations = rows.filter(({ kind }) => kind !== 'event').length;
  const lines = [
    '',
    `${paint('bold', name)}  ${operations} operations, ${rows.length - operations} events, ${repeat} repetitions`,
    '',
    ...groups.flatMap((group) => [...charts(group, width, paint), '']),
    paint('bold', 'each operation and event'),
    paint('dim', line('', HEAD)),
    ...rows.flatMap((row) => details(row, paint)),
    '',
    ...list(paint('bold', 'Results'), findings(groups)),
    ...list(paint('yellow', 'To know'), remarks(rows)),
    ...list(paint('bold', 'How it was measured'), method(repeat, isRemote)).map((line) => paint('dim', line)),
  ];
  return lines.join('\n');
}

function list(title: string, texts: readonly string[]): string[] {
  return texts.length === 0 ? [] : [title, ...texts.map((text) => `  ${text}`), ''];
}

/** A bar for each protocol and figure, as long as its share of the largest. */
function charts({ kind, protocols }: Group, width: number, paint: Paint): string[] {
  const one = kind === 'calls' ? 'call' : 'event';
  const figures: readonly (readonly [title: string, of: (means: Means) => number | undefined, show: (value: number) => string])[] = [
    [`bytes of one ${one}, mean`, ({ bytes }) => bytes, (value) => value.toLocaleString('en')],
    [`p50 of one ${one}, mean`, ({ p50Ms }) => p50Ms, (value) => `${value.toFixed(2)} ms`],
    [`CPU of both ends for one ${one}, mean`, bothCpuMs, (value) => `${Math.round(value * 1000)} µs`],
  ];
  const room = Math.max(10, Math.min(width, 100) - NAME_WIDTH - 16);
  return figures.flatMap(([title, of, show]) => {
    const bars = [...protocols].flatMap(([name, means]) => {
      const value = of(means);
      return value === undefined ? [] : [{ name, value }];
    });
    if (bars.length === 0) return [];
    const most = Math.max(...bars.map(({ value }) => value));
    const least = Math.min(...bars.map(({ value }) => value));
    return [
      paint('bold', title),
      ...bars.map(({ name, value }) => {
        const style = value === least ? 'green' : 'cyan';
        return `  ${titleOf(name).padEnd(NAME_WIDTH)} ${paint(style, bar(value / most, room))} ${show(value)}`;
      }),
    ];
  });
}

function bar(share: number, room: number): string {
  const eighths = Math.max(1, Math.round(share * room * 8));
  return `${'█'.repeat(Math.floor(eighths / 8))}${BLOCKS[eighths % 8]}`;
}

/** One operation or event: a line for each protocol. */
function details({ name, cells }: Row, paint: Paint): string[] {
  const columns = Object.entries(cells).filter(([, cell]) => cell !== null);
  if (columns.length === 0) return [`${paint('cyan', name)}  ${paint('dim', 'not measured')}`];
  const rows = columns.map(([column, cell]) => {
    const title = titleOf(column);
    if (!cell?.ok) return `${line(title, [])}${paint('red', '✗ failed')}`;
    const { roundTrips, bytes, p50Ms, p99Ms, clientCpuMs, serviceCpuMs, refused } = cell;
    const times = [p50Ms.toFixed(2), p99Ms.toFixed(2), microseconds(clientCpuMs), microseconds(serviceCpuMs)];
    const figures = line(title, [String(roundTrips), bytes.toLocaleString('en'), ...times]);
    return refused === undefined ? figures : `${figures} ${paint('yellow', refused)}`;
  });
  return [paint('cyan', name), ...rows];
}

function line(title: string, figures: readonly string[]): string {
  return `  ${title.padEnd(NAME_WIDTH + 1)} ${figures.map((figure, at) => figure.padStart(WIDTHS[at] ?? 0)).join(' ')}`;
}

function microseconds(ms: number | undefined): string {
  return ms === undefined ? '–' : String(Math.round(ms * 1000));
}
