// Prints the Blog's .proto file and its lock: npm run proto. A test fails where they are stale.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { blogContract } from '../src/blog/contract.js';
import { lockProto, printProto, type ProtoLock } from '../src/grpc/schema.js';

const folder = new URL('../proto/blog/v1/', import.meta.url);
const lockFile = new URL('blog.lock.json', folder);

/** What the two files must hold. */
export function printed(): { readonly proto: string; readonly lock: string } {
  const before = existsSync(lockFile) ? (JSON.parse(readFileSync(lockFile, 'utf8')) as ProtoLock) : undefined;
  return { proto: printProto(blogContract, before), lock: `${JSON.stringify(lockProto(blogContract, before), null, 2)}\n` };
}

if (process.argv[1] === import.meta.filename) {
  const { proto, lock } = printed();
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('blog.proto', folder), proto);
  writeFileSync(lockFile, lock);
}
