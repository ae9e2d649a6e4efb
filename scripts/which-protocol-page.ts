import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Row } from '../src/cli/measure/cell.ts';
import { chartsOf } from '../src/cli/measure/report/charts.ts';
import { bothCpuMs, summarize, titleOf, type Group } from '../src/cli/measure/report/summary.ts';
import { findings, method, TRADE_OFFS } from '../src/cli/measure/report/words.ts';
import { PROTOCOL_NAMES, type ProtocolName } from '../src/protocols.ts';

const REPEAT = 100;

/** What is asked for most, and the protocols that answer it, the first choice first. */
const QUESTIONS: readonly (readonly [need: string, take: readonly ProtocolName[]])[] = [
  ['an API for anybody, from any language, through caches and proxies', ['rest']],
  ['pages and apps that each show other fields of the same objects', ['graphql', 'rest']],
  ['a chat, a game or a dashboard: calls and events both ways', ['websocket', 'graphql']],
  ['to tell servers of other companies what happened', ['webhook']],
  ['to work with a bank, an insurer or a public office', ['soap']],
  ['services of your own that call each other often', ['grpc', 'websocket']],
  ['devices on weak networks, or very many listeners', ['mqtt', 'websocket']],
  ['agents of language models that use your operations', ['mcp']],
];

/** The page "Which protocol?", whose figures `compare` takes on this machine. */
export function whichProtocolPage(root: string): string {
  const cli = ['--import', 'tsx', join(root, 'src/cli/main.ts'), 'compare', '--json', '--repeat', String(REPEAT)];
  const { stdout, stderr, status } = spawnSync(process.execPath, cli, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`compare ended with ${status}: ${stderr}${stdout.slice(0, 2000)}`);
  const { rows } = JSON.parse(stdout) as { readonly rows: readonly Row[] };
  const groups = summarize(rows);
  return `---
title: Which protocol?
---

# Which protocol?

All of them carry the same contract here, and one line changes the protocol. So start with the one that your callers can speak, measure, and change it later.

| you need | take |
|---|---|
${QUESTIONS.map(([need, take]) => `| ${need} | ${take.map((name, at) => (at === 0 ? `**${titleOf(name)}**` : titleOf(name))).join(', else ')} |`).join('\n')}

## What it costs

The Blog's ten operations and three events, ${REPEAT} times each. \`npx multi-api-sdk compare --html report.html\` measures the same on your machine, \`compare ./service.js\` your own service.

${findings(groups).map((text) => `- ${text}`).join('\n')}

${groups.map(section).join('\n')}
## What each is for

${PROTOCOL_NAMES.map((name) => `### ${titleOf(name)}\n\n${TRADE_OFFS[name].choose}\n\n**The price:** ${TRADE_OFFS[name].cost}\n`).join('\n')}
## How it was measured

${method(REPEAT, false).map((text) => `- ${text}`).join('\n')}
- Node ${process.versions.node}, ${process.platform} ${process.arch}.
`;
} // prettier-ignore

function section(group: Group): string {
  const rows = [...group.protocols].map(([name, means]) => {
    const cpu = bothCpuMs(means);
    return `| ${titleOf(name)} | ${means.bytes.toLocaleString('en')} | ${means.p50Ms.toFixed(2)} | ${means.p99Ms.toFixed(2)} | ${cpu === undefined ? '' : Math.round(cpu * 1000).toLocaleString('en')} |`;
  });
  return `### One ${group.kind === 'calls' ? 'call' : 'event'}

<div class="measured">${chartsOf(group)}</div>

| | bytes | p50 ms | p99 ms | CPU of both ends, µs |
|---|--:|--:|--:|--:|
${rows.join('\n')}
`;
}
