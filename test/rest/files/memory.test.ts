/** Large files in processes of their own: what each of them takes beyond what small files took. */
import { createInterface, type Interface } from 'node:readline';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { killAll, start } from '../../support/program.ts';

const SIZE = 100 * 1024 * 1024;
const LIMIT_MIB = 30;

class Program {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;

  constructor(...args: readonly string[]) {
    this.child = start(['test/programs/file-transfer.ts', ...args]);
    this.#lines = createInterface({ input: this.child.stdout });
  }

  async line(): Promise<string> {
    const [line] = (await once(this.#lines, 'line')) as [string];
    return line;
  }

  async ask(): Promise<string> {
    const answer = this.line();
    this.child.stdin.write('\n');
    return answer;
  }
}

afterEach(killAll);

describe('100 MiB up, in a form, twice 60 MiB in one form, and down', () => {
  test.each([false, true])(
    `take less than ${LIMIT_MIB} MiB more in each process (through a gateway: %s)`,
    async (hasGateway) => {
      const server = new Program('serve');
      let url = await server.line();
      const gateway = hasGateway ? new Program('gateway', url) : undefined;
      if (gateway) url = await gateway.line();
      const client = new Program('call', url);
      const before = [Number(await client.line()), Number(await server.ask()), gateway ? Number(await gateway.ask()) : 0];
      const { sizes, peak } = JSON.parse(await client.ask()) as { sizes: number[]; peak: number };
      const after = [peak, Number(await server.ask()), gateway ? Number(await gateway.ask()) : 0];
      expect(sizes).toEqual([SIZE, SIZE, (SIZE * 6) / 5, SIZE]);
      const more = after.map((value, index) => value - (before[index] ?? 0));
      expect(Math.max(...more)).toBeLessThan(LIMIT_MIB);
    },
    120_000,
  );
});
