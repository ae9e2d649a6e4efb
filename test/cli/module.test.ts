import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadService } from '../../src/cli/module.ts';

/** As `createService` gives it, under its contract's name. */
const SERVICE = (name: string) => `{ contract: { name: '${name}', operations: {}, events: {} }, call() {}, subscribe() {} }`;

let folder = '';
let files = 0;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'module-'))));
afterAll(() => rm(folder, { recursive: true }));

async function moduleOf(text: string): Promise<string> {
  const path = join(folder, `${++files}.mjs`);
  await writeFile(path, text);
  return path;
}

const nameOf = async (text: string) => (await loadService(await moduleOf(text))).contract.name;

describe('the service of a module', () => {
  it('is found beside functions that are none', async () => {
    expect(await nameOf(`export const shop = ${SERVICE('shop')}; export function add() {} export class Cart {}`)).toBe('shop');
    expect(await nameOf(`export default function main() {} export const service = ${SERVICE('shop')};`)).toBe('shop');
  });

  it('is made by a function that is exported by default or as service, and by no other', async () => {
    expect(await nameOf(`export default () => (${SERVICE('made')}); export const help = () => 1;`)).toBe('made');
    expect(await nameOf(`export const service = async () => (${SERVICE('made')});`)).toBe('made');
    await expect(nameOf(`export const wipe = () => { throw new Error('called'); };`)).rejects.toThrow(
      "exports no service: export what createService gives, by default or as 'service'",
    );
  });
});
