/** One rule on every protocol for an event that a mapping reads: what does not fit is reported and ends nothing, and a list is several events. */
import { describe, expect, it } from 'vitest';
import { createClient } from '../../src/index.ts';
import { until } from '../support/until.ts';
import { contract, endings, PEERS } from './mapped-peers.ts';

const KINDS = ['throw', 'odd', 'other', 'list', 'one'] as const;
const SECRET = 'a path of this machine';
const made: Readonly<Record<string, unknown>> = { odd: { n: 'x' }, list: [{ n: 1 }, { n: 'y' }, { n: 2 }], one: { n: 3 } };
function read(message: unknown): unknown {
  const { kind } = message as { kind: string };
  if (kind === 'throw') throw new Error(SECRET);
  return made[kind];
}

describe('an event that a mapping reads', () => {
  it.each(Object.entries(PEERS))('%s: ends for nothing that does not fit', async (_, open) => {
    const reported: unknown[] = [];
    const { adapter, start } = await open({
      frames: KINDS.map((kind) => ({ kind })),
      read,
      onError: (error) => void reported.push(error),
    });
    const client = createClient({ contract, transport: adapter });
    endings.unshift(() => client.close());
    const heard: number[] = [];
    const onError = (error: unknown) => expect.unreachable(String(error));
    await client.onTick(({ n }) => void heard.push(n), { onError });
    await start?.();
    await until(() => heard.length >= 3 && reported.length >= 3, () => `it heard ${heard.join()}, and ${reported.join()}`); // prettier-ignore
    expect(heard).toEqual([1, 2, 3]);
    expect(reported).toHaveLength(3);
    const { message, cause } = reported[0] as Error;
    expect(`${message} ${String(cause)}`).toContain(SECRET);
    for (const error of reported) expect(error).toMatchObject({ code: expect.stringMatching(/DATA_LOSS|INVALID_ARGUMENT/) as string });
  });
});
