// Prints the Blog contract's published descriptions: `npm run specs`. test/specs.test.ts fails when they are stale.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { publishedSpecs } from './specs.ts';

for (const [path, text] of Object.entries(await publishedSpecs())) {
  const file = join(import.meta.dirname, '..', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(path);
}
