/** Text as markup that shows it. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** A time in microseconds, or a dash. */
export function microseconds(ms: number | undefined): string {
  return ms === undefined ? '–' : Math.round(ms * 1000).toLocaleString('en');
}

/** The look of the report, by day and by night. */
export const STYLE = `
:root{--paper:#fff;--ink:#1b1f24;--quiet:#5c6670;--line:#d9dee3;--soft:#f4f6f8;--a:#2563a8;--b:#8a6d00;--good:#12733f;--bad:#b42318}
@media (prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e6e9ec;--quiet:#9aa5b0;--line:#333a42;--soft:#1c2127;--a:#6cabf0;--b:#d9b84a;--good:#62c48f;--bad:#ff8a7a}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:72rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 .3rem}
h2{font-size:1.2rem;margin:2.2rem 0 .6rem}
h3{font-size:1rem;margin:0 0 .4rem}
p,ul{margin:.4rem 0}
ul{padding-left:1.2rem}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.9em}
.quiet{color:var(--quiet);font-weight:400;font-size:.9em}
.remarks{border-left:4px solid var(--b);padding-left:1rem}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:1.2rem 2rem}
figure{margin:0}
figcaption{font-weight:600;margin-bottom:.2rem}
table{border-collapse:collapse;width:100%}
.chart th{font-weight:400;text-align:left;width:6rem;padding:.1rem .5rem .1rem 0;white-space:nowrap}
.chart td:last-child{width:6.5rem;padding-left:.6rem;text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.chart svg{display:block}
.least th,.least td:last-child{font-weight:700}
.a{fill:var(--a)}.b{fill:var(--b)}.tail{fill:var(--quiet)}
.key{display:inline-block;width:.7rem;height:.7rem;margin:0 .3rem 0 .5rem;background:var(--a)}
.key.b{background:var(--b)}
.key.tail{height:2px;vertical-align:middle;background:var(--quiet)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr));gap:1rem}
article{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:.9rem 1rem}
.member{border-top:1px solid var(--line);padding:.4rem 0}
summary{cursor:pointer}
.member>summary{font-weight:600}
.wide{overflow-x:auto;margin:.5rem 0}
.wide td,.wide th{padding:.2rem .7rem;text-align:right;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}
.wide th{font-weight:500}
.wide th:first-child{text-align:left;padding-left:0;white-space:nowrap}
.wide thead th{color:var(--quiet);font-size:.85em}
.wide .failed{text-align:left;color:var(--bad)}
.refused{color:var(--b);font-size:.8em}
.member details{margin-left:.5rem}
pre{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:.7rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
:focus-visible{outline:2px solid var(--a);outline-offset:2px}
`;
