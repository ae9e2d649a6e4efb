import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TsServer, type Place } from '../support/tsserver.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const CONTRACT = `import { defineContract, event, mutation, query } from 'multi-api-sdk/core';
import * as z from 'zod';
export const User = z.object({ id: z.int32(), name: z.string() });
export const contract = defineContract({
  name: 'shop',
  operations: {
    /** Finds one user. */
    getUser: query({ input: z.object({ id: z.int32() }), output: User, http: 'GET /users/{id}' }),
    addUser: mutation({ input: z.object({ name: z.string() }), output: User }),
  },
  events: {
    /** A user was added. */
    userAdded: event({ channel: 'users', payload: User, writtenBy: 'addUser' }),
  },
});
`;

const uses = (contract: string) => `import { createClient, type Adapter } from 'multi-api-sdk/core';
import { contract } from '${contract}';
declare const adapter: Adapter;
declare const calls: Adapter<'call'>;
const client = createClient({ contract, transport: adapter });
const { getUser } = client;
export const user = client.getUser({ id: 1 });
export const again = createClient({ contract, transport: calls }).getUser({ id: 2 });
export const found = getUser({ id: 3 });
export const titled = client.getUser({ id: 4 }, { select: { nam: true } });
export const stop = client.events.userAdded.listen((added) => void added.name);
`;

/** With the names that TypeScript keeps: those of interfaces. */
const NAMED = `import { createClient, createService, defineContract, event, query, stream, type Adapter, type Handlers } from 'multi-api-sdk/core';
import * as z from 'zod';
const user = z.object({ id: z.int32(), name: z.string() });
export interface User extends z.infer<typeof user> {}
export const User: z.ZodType<User, User> = user;
const shop = defineContract({
  name: 'shop',
  operations: {
    getUser: query({ input: z.object({ id: z.int32() }), output: User }),
    getUsers: query({ output: z.array(User) }),
    watch: stream({ item: User }),
  },
  events: { userAdded: event({ channel: 'users', payload: User }) },
});
type ShopType = typeof shop;
export interface Shop extends ShopType {}
export const contract: Shop = shop;
declare const adapter: Adapter;
declare const handlers: Handlers<Shop>;
const client = createClient({ contract, transport: adapter });
const service = createService(contract, handlers);
const one = await client.getUser({ id: 1 });
const many = await client.getUsers();
const part = await client.getUser({ id: 1 }, { select: { name: true } });
const outcome = await client.getUser.safe({ id: 1 });
client.events.userAdded.listen((added) => void added.name);
`;

interface Span {
  readonly file: string;
  readonly start: { readonly line: number; readonly offset: number };
}

/** One package, and a workspace of two with project references. */
describe.each([
  ['one package', 'app/contract.ts', './contract.js'],
  ['a workspace', 'contract/contract.ts', '../contract/contract.js'],
])('an editor, in %s,', (kind, contractFile, imported) => {
  let folder: string;
  let server: TsServer;
  const usesFile = () => join(folder, 'app/uses.ts');
  const declared = () => join(folder, contractFile);
  const namedFile = () => join(folder, 'app/named.ts');

  beforeAll(async () => {
    folder = mkdtempSync(join(root, 'node_modules', '.editor-'));
    const write = (name: string, text: string) => {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    };
    const compilerOptions = {
      strict: true,
      composite: true,
      outDir: './out',
      module: 'nodenext',
      target: 'es2022',
      skipLibCheck: true,
      types: ['node'],
      lib: ['es2023', 'dom', 'dom.iterable', 'esnext.disposable'],
      rewriteRelativeImportExtensions: true,
      exactOptionalPropertyTypes: true,
      rootDir: root,
      paths: { 'multi-api-sdk/core': [join(root, 'src/core.ts')] },
    };
    write('package.json', '{ "type": "module" }');
    write('app/tsconfig.json', JSON.stringify({ compilerOptions, references: kind === 'a workspace' ? [{ path: '../contract' }] : [] }));
    if (kind === 'a workspace') write('contract/tsconfig.json', JSON.stringify({ compilerOptions }));
    write(contractFile, CONTRACT);
    write('app/uses.ts', uses(imported));
    write('app/named.ts', NAMED);
    server = new TsServer();
    server.open(usesFile());
    server.open(declared());
    server.open(namedFile());
  }, 120_000);
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Where a text stands first, at its last word. */
  const at = (file: string, source: string, text: string): Place => {
    const index = source.indexOf(text) + Math.max(text.lastIndexOf('.'), text.lastIndexOf(' '), text.lastIndexOf('(')) + 1;
    const before = source.slice(0, index).split('\n');
    return { file, line: before.length, offset: (before.at(-1) ?? '').length + 1 };
  };
  const shown = ({ file, start }: Span) => `${relative(folder, file)}:${start.line}`;
  const getUserLine = CONTRACT.split('\n').findIndex((line) => line.includes('getUser:')) + 1;

  it.each([
    ['a method', 'client.getUser', 'getUser:'],
    ['a method of a transport that can only call', 'transport: calls }).getUser', 'getUser:'],
    ['an event', 'client.events.userAdded', 'userAdded:'],
  ])(
    'leads from %s to the contract',
    async (_, text, declaration) => {
      const spans = await server.request<Span[]>('definition', at(usesFile(), uses(imported), text));
      const line = CONTRACT.split('\n').findIndex((each) => each.includes(declaration)) + 1;
      expect(spans.map(shown)).toEqual([`${contractFile}:${line}`]);
    },
    120_000,
  );

  it('lists the members of a client without working out the type of one', async () => {
    const { entries } = await server.request<{ entries: { name: string; kind: string }[] }>(
      'completionInfo',
      at(usesFile(), uses(imported), 'client.getUser'),
    );
    // Of a member that is a method tsserver asks the type at the cursor, each time: half of what a completion of 1,000 operations took.
    expect(entries.map(({ name, kind: shownAs }) => `${name}: ${shownAs}`)).toEqual(
      ['addUser', 'close', 'events', 'getUser', 'onUserAdded'].map((name) => `${name}: property`),
    );
  }, 120_000);

  it('finds the calls of an operation from the contract', async () => {
    const { refs } = await server.request<{ refs: Span[] }>('references', at(declared(), CONTRACT, 'getUser'));
    expect(refs.map(shown).sort()).toEqual(
      ['app/uses.ts:6', 'app/uses.ts:7', 'app/uses.ts:8', 'app/uses.ts:10', `${contractFile}:${getUserLine}`].sort(),
    );
  }, 120_000);

  it('renames an operation in the contract and where it is called', async () => {
    const { locs } = await server.request<{ locs: { file: string; locs: unknown[] }[] }>('rename', at(declared(), CONTRACT, 'getUser'));
    expect(Object.fromEntries(locs.map(({ file, locs: found }) => [relative(folder, file), found.length]))).toEqual({
      'app/uses.ts': 5,
      [contractFile]: 1,
    });
  }, 120_000);

  it('says in one line what select cannot name', async () => {
    const found = await server.request<{ text: string }[]>('semanticDiagnosticsSync', { file: usesFile() });
    expect(found.map(({ text }) => text).filter((text) => !text.includes('file list of project'))).toEqual([
      expect.stringMatching(
        /^Object literal may only specify known properties, but 'nam' does not exist .*Did you mean to write 'name'\?$/,
      ),
    ]);
  }, 120_000);

  it('shows the comments of the contract, but for a call that could also select', async () => {
    const texts = ['const { getUser', 'client.events.userAdded'].map((text) =>
      server.request<{ documentation: unknown }>('quickinfo', at(usesFile(), uses(imported), text)),
    );
    const found = (await Promise.all(texts)).map(({ documentation }) => documentation);
    expect(JSON.stringify(found)).toContain('Finds one user.');
    expect(JSON.stringify(found)).toContain('A user was added.');
  }, 120_000);

  const shows = async (file: string, source: string, text: string) => {
    const { displayString } = await server.request<{ displayString: string }>('quickinfo', at(file, source, text));
    return displayString.replace(/\s+/g, ' ');
  };

  it.each([
    ['client.getUser', '(property) getUser: (input: { id: number; }) => Promise<{ id: number; name: string; }> (+1 overload)'],
    ['client.events.userAdded', '(property) userAdded: ClientEvent<{ id: number; name: string; }, { readonly [name: string]: never; }>'],
    ['(added', '(parameter) added: { id: number; name: string; }'],
  ])(
    'shows %s with its types',
    async (text, expected) => {
      expect(await shows(usesFile(), uses(imported), text)).toBe(expected);
    },
    120_000,
  );

  it('shows no type for an option of an operation that was left out', async () => {
    expect(await shows(usesFile(), uses(imported), 'const client')).toMatch(
      /^const client: Client<Contract<\{ readonly getUser: Operation<ZodObject<.*>, ZodObject<.*>, undefined, \{\}, undefined>; readonly addUser: /,
    );
  }, 120_000);

  it.each([
    ['const client', 'const client: Client<Shop, "call" | "subscribe">'],
    ['const service', 'const service: Service<Shop>'],
    ['client.getUser', '(property) getUser: (input: { id: number; }) => Promise<User> (+1 overload)'],
    ['const one', 'const one: User'],
    ['const many', 'const many: User[]'],
    ['const part', 'const part: { name: string; }'],
    ['const outcome', 'const outcome: Outcome<User, ApiError & { readonly reason?: undefined; }>'],
    ['client.events.userAdded', '(property) userAdded: ClientEvent<User, { readonly [name: string]: never; }>'],
    ['(added', '(parameter) added: User'],
  ])(
    'shows %s by the names of interfaces',
    async (text, expected) => {
      expect(await shows(namedFile(), NAMED, text)).toBe(expected);
    },
    120_000,
  );
});
