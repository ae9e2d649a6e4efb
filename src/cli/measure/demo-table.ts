import type { Cell, Row } from './cell.ts';
import type { Paint } from '../terminal.ts';

export interface TableOptions {
  readonly repeat: number;
  /** Columns of the terminal; protocols that do not fit beside each other stand below each other. */
  readonly width: number;
  readonly paint: Paint;
}

const CELL_WIDTH = 23;
const GAP = '   ';

/** The matrix for people: a block of columns for each protocol, then errors, then what the columns mean. */
export function demoTable(rows: readonly Row[], title: (column: string) => string, options: TableOptions): string {
  const { width, paint, repeat } = options;
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const columns = Object.keys(rows[0]?.cells ?? {});
  const perTable = Math.max(1, Math.floor((width - nameWidth) / (CELL_WIDTH + GAP.length)));
  const lines: string[] = [''];
  for (let from = 0; from < columns.length; from += perTable) {
    lines.push(...block(rows, columns.slice(from, from + perTable), nameWidth, title, paint), '');
  }
  return [...lines, ...errors(rows, title, paint), ...legend(rows, repeat, paint), ''].join('\n');
}

function block(
  rows: readonly Row[],
  columns: readonly string[],
  nameWidth: number,
  title: (column: string) => string,
  paint: Paint,
): string[] {
  const line = (name: string, cells: readonly string[]): string => [name, ...cells].join(GAP).trimEnd();
  const lines = [
    line(
      ' '.repeat(nameWidth),
      columns.map((column) => paint('bold', title(column).padEnd(CELL_WIDTH))),
    ),
    paint(
      'dim',
      line(
        ' '.repeat(nameWidth),
        columns.map(() => cellText('', 'trips', 'bytes', 'p50 ms')),
      ),
    ),
  ];
  let group = '';
  for (const { name, kind, cells } of rows) {
    const next = kind === 'event' ? 'events' : 'operations';
    if (next !== group) lines.push(paint('dim', next));
    group = next;
    lines.push(
      line(
        paint('cyan', name.padEnd(nameWidth)),
        columns.map((column) => showCell(cells[column] ?? null, paint)),
      ),
    );
  }
  return lines;
}

function showCell(cell: Cell | null, paint: Paint): string {
  if (cell === null) return paint('dim', cellText('–', '', '', ''));
  if (!cell.ok) return paint('red', cellText('✗', 'failed', '', ''));
  const text = cellText('✓', String(cell.roundTrips), cell.bytes.toLocaleString('en'), cell.p50Ms.toFixed(2));
  return paint('green', text.slice(0, 1)) + text.slice(1);
}

function cellText(mark: string, trips: string, bytes: string, p50: string): string {
  return `${mark.padEnd(1)} ${trips.padStart(5)} ${bytes.padStart(6)} ${p50.padStart(8)}`;
}

function errors(rows: readonly Row[], title: (column: string) => string, paint: Paint): string[] {
  const lines = rows.flatMap(({ name, cells }) =>
    Object.entries(cells).flatMap(([column, cell]) =>
      cell && !cell.ok ? [`${paint('red', '✗')} ${name} over ${title(column)}: ${cell.error}`] : [],
    ),
  );
  return lines.length === 0 ? [] : [...lines, ''];
}

function legend(rows: readonly Row[], repeat: number, paint: Paint): string[] {
  const cells = rows.flatMap((row) => Object.values(row.cells)).filter((cell) => cell !== null);
  const failed = cells.filter((cell) => !cell.ok).length;
  const verdict = failed === 0 ? paint('green', `All ${cells.length} work.`) : paint('red', `${failed} of ${cells.length} failed.`);
  return [
    `${verdict} Each gives what the service gives within the process (times apart).`,
    ...[
      'trips   questions that waited for an answer, from the wire records; an event is pushed, so it has none',
      'bytes   both directions, start lines, headers and framing included, counted on the sockets of the client',
      `p50 ms  median of ${repeat} on an open connection, from call to output and from publishing to the listener`,
      'Client and service share one process and its processor.',
    ].map((text) => paint('dim', text)),
  ];
}
