import { readFile } from 'node:fs/promises';
import type { ProtoLock } from '../../grpc/schema.ts';
import { parseJson } from '../../peer/json.ts';
import { UsageError } from '../args.ts';

/** The lock of what was published before; none if there is no such file yet. */
export async function readLock(file: string): Promise<ProtoLock | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let lock: unknown;
  try {
    lock = parseJson(text);
  } catch {
    throw new UsageError(`${file} is not JSON: --lock takes what lockProto gave, or a file that is not there yet`);
  }
  if (typeof lock !== 'object' || lock === null || !('package' in lock))
    throw new UsageError(`${file} is not a lock of field numbers: it has no 'package'`);
  return lock as ProtoLock;
}
