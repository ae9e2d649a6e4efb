import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test, describe } from 'vitest';
import { noChromium, openPage } from '../support/chromium.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('MQTT in a page', () => {
  test.skipIf(noChromium !== undefined)(
    `the example's page draws the temperatures as they come${noChromium === undefined ? '' : `: skipped, ${noChromium}`}`,
    async () => {
      const example = spawn(process.execPath, ['--import', 'tsx', 'examples/temperature-page.ts', '--keep'], {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const gone = once(example, 'exit');
      try {
        const [line] = (await once(createInterface({ input: example.stdout }), 'line')) as [string];
        const page = await openPage(line.replace('the page: ', ''));
        try {
          const points = `[...document.querySelectorAll('polyline')].map((each) => each.getAttribute('points').split(' ').length)`;
          let drawn: number[] = [];
          for (const end = Date.now() + 20_000; drawn.length < 3 || drawn.some((count) => count < 5);) {
            if (Date.now() > end) throw new Error(`the page drew ${JSON.stringify(drawn)}; errors: ${page.complaints.join('\n')}`);
            await new Promise((resolve) => setTimeout(resolve, 50));
            drawn = ((await page.evaluate(points)) as number[] | undefined) ?? [];
          }
          expect(await page.evaluate(`state.textContent`)).toBe('live');
          const cells = await page.evaluate(`[...latest.rows].map(({ cells }) => [...cells].map((cell) => cell.textContent))`);
          expect(cells).toEqual(['roof', 'cellar', 'garden'].map((name) => [name, expect.stringMatching(/^\d+\.\d °C$/) as string]));
          expect(page.complaints).toEqual([]);
          // To look at: `SCREENSHOT=page.png npx vitest run test/mqtt-page.test.ts`.
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
