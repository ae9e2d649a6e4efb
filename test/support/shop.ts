/** The shop of test/grpc/protos/shop.proto, as other people's gRPC serves it. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

export const SHOP_PROTOS = join(import.meta.dirname, '../grpc/protos');

/** Makes stubs of the shop in one language, and starts it until the test is over. */
export async function startShop(command: string, script: string, language: 'python' | 'ruby'): Promise<string> {
  const stubs = mkdtempSync(join(tmpdir(), `shop-${language}-`));
  const plugin = `--plugin=protoc-gen-grpc=/usr/bin/grpc_${language}_plugin`;
  const out = [`--${language}_out=${stubs}`, plugin, `--grpc_out=${stubs}`];
  await promisify(execFile)('protoc', ['-I', SHOP_PROTOS, ...out, 'shop.proto'], { timeout: 30_000 });
  const child = spawn(command, [script, stubs]);
  child.stderr.pipe(process.stderr);
  onTestFinished(async () => {
    const ended = once(child, 'exit');
    child.stdin.end();
    await ended;
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return `127.0.0.1:${line.toString().trim()}`;
}
