import { escapeHtml as e, microseconds } from './page.ts';
import { bothCpuMs, titleOf, type Group, type Means } from './summary.ts';

/** The charts of a group: bytes, times, and CPU of both ends if it is known. */
export function chartsOf(group: Group): string {
  const means = [...group.protocols];
  const charts = [
    chart(group, 'Bytes', '', ({ bytes }) => ({ parts: [bytes], shown: bytes.toLocaleString('en') })),
    chart(group, 'Time in ms', '<span class="key a"></span>p50 <span class="key tail"></span>p99', ({ p50Ms, p99Ms }) => ({
      parts: [p50Ms],
      tail: p99Ms,
      shown: `${p50Ms.toFixed(2)} <span class="quiet">${p99Ms.toFixed(2)}</span>`,
    })),
  ];
  const isBothKnown = means.every(([, each]) => bothCpuMs(each) !== undefined);
  if (means.some(([, { clientCpuMs }]) => clientCpuMs !== undefined)) {
    const key = isBothKnown ? '<span class="key a"></span>client <span class="key b"></span>service' : 'of the client';
    charts.push(
      chart(group, 'CPU in µs', key, ({ clientCpuMs = 0, serviceCpuMs = 0 }) => ({
        parts: [clientCpuMs, serviceCpuMs],
        shown: microseconds(clientCpuMs + serviceCpuMs),
      })),
    );
  }
  return charts.join('');
}

/** One bar: its parts beside each other, and how far its tail goes. */
interface Bar {
  readonly parts: readonly number[];
  readonly tail?: number;
  /** Markup. */
  readonly shown: string;
}

function chart({ protocols }: Group, title: string, key: string, barOf: (means: Means) => Bar): string {
  const bars = [...protocols].map(([name, means]) => ({ title: titleOf(name), ...barOf(means) }));
  const lengthOf = ({ parts, tail = 0 }: Bar): number => Math.max(tail, sum(parts));
  const most = Math.max(...bars.map(lengthOf), Number.MIN_VALUE);
  const least = Math.min(...bars.map(({ parts }) => sum(parts)));
  const rows = bars.map((bar) => {
    const isLeast = sum(bar.parts) === least;
    return `<tr${isLeast ? ' class="least"' : ''}><th scope="row">${e(bar.title)}</th><td>${svg(bar, most)}</td><td>${bar.shown}</td></tr>`;
  });
  return `<figure><figcaption>${e(title)} <span class="quiet">${key}</span></figcaption><table class="chart"><tbody>${rows.join('')}</tbody></table></figure>`;
}

/** The bar as wide as its place, whose numbers stand beside it. */
function svg({ parts, tail }: Bar, most: number): string {
  let x = 0;
  const percent = (value: number): string => `${((value / most) * 100).toFixed(2)}%`;
  const rects = parts.map((part, at) => {
    const rect = `<rect class="${'ab'[at] ?? 'a'}" x="${percent(x)}" y="0" width="${percent(part)}" height="100%"/>`;
    x += part;
    return rect;
  });
  const line =
    tail === undefined ? '' : `<rect class="tail" x="${percent(x)}" y="45%" width="${percent(Math.max(0, tail - x))}" height="10%"/>`;
  return `<svg aria-hidden="true" width="100%" height="14">${rects.join('')}${line}</svg>`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
