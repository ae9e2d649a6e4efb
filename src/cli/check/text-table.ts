/** A table as lines of text, each column as wide as its widest cell. A cell that is longer than `max` is cut in its middle. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[], max = 70): string[] {
  const shown = [head, ...rows].map((row) => row.map((cell) => cut(printable(cell), max)));
  const widths = head.map((_, column) => Math.max(...shown.map((row) => row[column]?.length ?? 0)));
  const lines = shown.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
  const [first = '', ...rest] = lines;
  return [first, `  ${widths.map((width) => '─'.repeat(width)).join('  ')}`, ...rest];
}

function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const half = Math.floor((max - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(text.length - half)}`;
}

/** A character that a terminal would take for a command, or for a line's end, is a blank. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are what must not reach a terminal
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}
