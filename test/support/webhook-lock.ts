// A process that locks each file whose path it reads, and keeps it: it says "won" or "lost" for each, and why it lost.
import process from 'node:process';
import { createInterface } from 'node:readline';
import { lock } from '../../src/webhook/store/file-lock.ts';

process.stdout.write('ready\n');
for await (const path of createInterface({ input: process.stdin })) {
  const outcome = await lock(path).then(
    () => 'won',
    (error: unknown) => `lost ${(error as Error).message}`,
  );
  process.stdout.write(`${outcome}\n`);
}
