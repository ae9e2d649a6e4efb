import { PROTOCOL_NAMES } from '../../../protocols.ts';
import type { Measurement, Row } from '../cell.ts';
import { chartsOf } from './charts.ts';
import { escapeHtml as e, microseconds, STYLE } from './page.ts';
import { titleOf, type Group } from './summary.ts';
import type { ReportData } from './terminal.ts';
import { findings, method, remarks, TRADE_OFFS } from './words.ts';
import { wireText } from './wire-text.ts';

/** The parts of the page. */
export interface PageData extends ReportData {
  readonly wire: Measurement['wire'];
  /** The contract's facts about its members. */
  readonly descriptions: Readonly<Record<string, string>>;
}

/** The report as a page that stands by itself: no script, no font and no picture from elsewhere. */
export function htmlReport(data: PageData): string {
  const { name, rows, groups, repeat, isRemote } = data;
  const operations = rows.filter(({ kind }) => kind !== 'event').length;
  const protocols = PROTOCOL_NAMES.filter((protocol) => rows.some(({ cells }) => cells[protocol]));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${e(name)} on ${protocols.length} protocols</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<h1>${e(name)} on ${protocols.length} protocols</h1>
<p class="quiet">${operations} operations, ${rows.length - operations} events, ${repeat} repetitions each. Made by <code>multi-api-sdk compare</code> on Node ${e(process.versions.node)}, ${e(process.platform)} ${e(process.arch)}.</p>
</header>
${section('Results', list([...findings(groups)]))}
${section('To know', list(remarks(rows)), 'remarks')}
${groups.map(chartSection).join('\n')}
${section('Which protocol?', `<div class="cards">${protocols.map((protocol) => card(protocol, groups)).join('')}</div>`)}
${section('Each operation and event', rows.map((row) => member(row, data)).join('\n'))}
${section('How it was measured', list(method(repeat, isRemote)), 'quiet')}
</main>
</body>
</html>
`;
}

function section(title: string, body: string, style = ''): string {
  return body === '' ? '' : `<section${style === '' ? '' : ` class="${style}"`}>\n<h2>${e(title)}</h2>\n${body}\n</section>`;
}

function list(texts: readonly string[]): string {
  return texts.length === 0 ? '' : `<ul>${texts.map((text) => `<li>${e(text)}</li>`).join('')}</ul>`;
}

function chartSection(group: Group): string {
  const one = group.kind === 'calls' ? 'One call' : 'One event';
  const of = `<p class="quiet">Mean of ${e(group.members.join(', '))}. Less is better.</p>`;
  return section(one, `${of}<div class="charts">${chartsOf(group)}</div>`);
}

function card(protocol: (typeof PROTOCOL_NAMES)[number], groups: readonly Group[]): string {
  const { choose, cost } = TRADE_OFFS[protocol];
  const figures = groups.flatMap(({ kind, protocols }) => {
    const means = protocols.get(protocol);
    return means ? [`${kind === 'calls' ? 'a call' : 'an event'}: ${means.bytes.toLocaleString('en')} bytes, ${means.p50Ms.toFixed(2)} ms`] : [];
  });
  return `<article><h3>${e(titleOf(protocol))}</h3><p>${code(choose)}</p><p><strong>The price:</strong> ${code(cost)}</p><p class="quiet">${e(figures.join('; '))}</p></article>`;
} // prettier-ignore

/** Our own sentences, whose backticks mark code. */
function code(text: string): string {
  return e(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

function member({ name, kind, cells }: Row, { wire, descriptions }: PageData): string {
  const columns = Object.entries(cells).filter(([, cell]) => cell !== null);
  const description = descriptions[name];
  const rows = columns.map(([column, cell]) => {
    const title = `<th scope="row">${e(titleOf(column))}</th>`;
    if (!cell?.ok) return `<tr>${title}<td colspan="6" class="failed">failed: ${e(cell?.error ?? '')}</td></tr>`;
    const note = cell.refused === undefined ? '' : ` <span class="refused">${e(cell.refused)}</span>`;
    const figures = [
      String(cell.roundTrips),
      cell.bytes.toLocaleString('en'),
      cell.p50Ms.toFixed(2),
      cell.p99Ms.toFixed(2),
      microseconds(cell.clientCpuMs),
      microseconds(cell.serviceCpuMs),
    ];
    return `<tr>${title.replace('</th>', `${note}</th>`)}${figures.map((figure) => `<td>${figure}</td>`).join('')}</tr>`;
  });
  const seen = columns.flatMap(([column]) => {
    const text = wireText(wire[column]?.[name] ?? []);
    return text === '' ? [] : [`<details><summary>${e(titleOf(column))} on the wire</summary><pre tabindex="0">${e(text)}</pre></details>`];
  });
  const table = `<div class="wide" tabindex="0"><table><thead><tr><th scope="col">protocol</th><th scope="col">trips</th><th scope="col">bytes</th><th scope="col">p50 ms</th><th scope="col">p99 ms</th><th scope="col">CPU client µs</th><th scope="col">CPU service µs</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
  const body = columns.length === 0 ? '<p class="quiet">Not measured.</p>' : `${table}${seen.join('')}`;
  return `<details class="member"><summary><code>${e(name)}</code> <span class="quiet">${kind}</span></summary>${description === undefined ? '' : `<p>${e(description)}</p>`}${body}</details>`;
} // prettier-ignore
