import type { WireRecord } from '../../../peer/on-wire.ts';

/** The bytes on the wire, as text: each record with its start line, headers and body. */
export function wireText(records: readonly WireRecord[]): string {
  return records
    .map(({ direction, start, headers, body }) => {
      const mark = direction === 'out' ? '→' : '←';
      const lines = [start, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
      if (body !== undefined && body !== '') lines.push('', ...body.trimEnd().split('\n'));
      return lines.map((line) => `${mark} ${line}`.trimEnd()).join('\n');
    })
    .join('\n\n');
}
