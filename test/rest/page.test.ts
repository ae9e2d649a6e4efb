import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { noChromium, openPage } from '../support/chromium.ts';
import { ROOT } from '../support/source-graph.ts';
import { until } from '../support/until.ts';

describe("the example's page", () => {
  it.skipIf(noChromium !== undefined)(
    `shows an answer as it is written, and its Cancel stops the model${noChromium === undefined ? '' : `: ${noChromium}`}`,
    async () => {
      const example = spawn(process.execPath, ['--import', 'tsx', 'examples/llm-page.ts', '--keep'], {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const gone = once(example, 'exit');
      try {
        const [line] = (await once(createInterface({ input: example.stdout }), 'line')) as [string];
        const url = line.replace('the page: ', '');
        const page = await openPage(url);
        try {
          const text = async (id: string) => String(await page.evaluate(`document.querySelector('#${id}')?.textContent`));
          await until(async () => (await text('state')) === 'idle');
          await page.evaluate(`question.value = 'what is a stream?'; send.click()`);
          await until(async () => (await text('answer')).startsWith('You asked: what is a stream? A model'));
          expect(await page.evaluate('cancel.disabled')).toBe(false);
          await page.evaluate('cancel.click()');
          await until(async () => (await text('state')).startsWith('Cancelled.'));
          const usage = async () => (await (await fetch(`${url}usage`)).json()) as { running: number; tokens: number; cancelled: number };
          await until(async () => (await usage()).running === 0);
          const { tokens, cancelled } = await usage();
          expect([tokens < 200, cancelled]).toEqual([true, 1]);
          expect(page.complaints).toEqual([]);
          // To look at: `SCREENSHOT=page.png npx vitest run test/rest/page.test.ts`.
          if (process.env['SCREENSHOT']) await writeFile(process.env['SCREENSHOT'], await page.screenshot());
        } finally {
          await page.close();
        }
      } finally {
        example.kill('SIGKILL');
        await gone;
      }
    },
    60_000,
  );
});
