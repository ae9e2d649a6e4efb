import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { webSocket } from '../../src/websocket/client.ts';
import { z } from 'zod';
import {
  createClient,
  createService,
  defineAdapter,
  defineContract,
  event,
  mutation,
  query,
  bytes,
  instant,
  int64,
  type Adapter,
  type EventInfo,
  type EventStream,
  type Handlers,
  type Paged,
  type Unsubscribe,
} from '../../src/index.ts';

const contract = defineContract({
  name: 'shop',
  operations: {
    getUser: query({ input: z.object({ id: z.int32() }), output: z.object({ id: z.int32(), name: z.string() }), http: 'GET /users/{id}' }),
    getPosts: query({
      input: z.object({ userId: z.int32(), limit: z.int32().default(20), after: z.int32().optional() }),
      output: z.array(z.object({ id: z.int32(), title: z.string() })),
      pagedBy: 'id',
    }),
    getTags: query({ output: z.array(z.string()) }),
    search: query({ input: z.object({ text: z.string().optional() }), output: z.array(z.string()) }),
    reset: mutation({}),
  },
  events: {
    said: event({ channel: 'rooms/{room}/seats/{seat}', payload: z.object({ room: z.string(), seat: z.int32(), text: z.string() }) }),
    stopped: event({ channel: 'stopped', payload: z.object({}) }),
  },
});

// Types only: nothing of this runs.
declare const both: Adapter;
declare const callOnly: Adapter<'call'>;
declare const some: Adapter<'getUser' | 'onSaid'>;
const types = (check: () => void) => void check;

describe('the types of a client', () => {
  it('follow the contract', () => {
    types(() => {
      const client = createClient({ contract, transport: both });
      expectTypeOf(client.getUser({ id: 1 })).toEqualTypeOf<Promise<{ id: number; name: string }>>();
      expectTypeOf(client.getPosts({ userId: 1 })).toEqualTypeOf<Paged<{ id: number; title: string }[]>>();
      expectTypeOf(client.getTags()).toEqualTypeOf<Promise<string[]>>();
      expectTypeOf(client.search()).toEqualTypeOf<Promise<string[]>>();
      expectTypeOf(client.reset()).toEqualTypeOf<Promise<undefined>>();
      expectTypeOf(client.getUser).parameter(0).toEqualTypeOf<{ id: number }>();
      expectTypeOf(client.getPosts)
        .parameter(0)
        .toEqualTypeOf<{ userId: number; limit?: number | undefined; after?: number | undefined }>();
      // @ts-expect-error an input is needed
      void client.getUser();
      // @ts-expect-error an id is a number
      void client.getUser({ id: '1' });
      // @ts-expect-error reset takes nothing
      void client.reset({ id: 1 });
      // @ts-expect-error a misspelt option
      void client.reset(undefined, { timeout: 1 });
    });
  });

  it('give a listener its payload and where it came from, a loop its items', () => {
    types(() => {
      const client = createClient({ contract, transport: both });
      const unsubscribe = client.onSaid((said, info) => {
        expectTypeOf(said).toEqualTypeOf<{ room: string; seat: number; text: string }>();
        expectTypeOf(info).toEqualTypeOf<EventInfo>();
      });
      expectTypeOf(unsubscribe).toEqualTypeOf<Promise<Unsubscribe>>();
      expectTypeOf(client.onSaid()).toEqualTypeOf<EventStream<{ room: string; seat: number; text: string }>>();
    });
  });

  it('know an event’s channel parameters', () => {
    types(() => {
      const client = createClient({ contract, transport: both });
      client.onSaid({ params: { room: 'a' } });
      client.onSaid({ params: { seat: 1 } });
      // @ts-expect-error a seat is a number
      void client.onSaid({ params: { seat: '1' } });
      // @ts-expect-error no such parameter
      void client.onSaid({ params: { text: 'x' } });
      // @ts-expect-error this event has none
      void client.onStopped({ params: { room: 'a' } });
    });
  });

  it('have of the operations only those that write to a channel, where a transport can do no more', () => {
    types(() => {
      const channels = createClient({ transport: webSocket({ url: 'ws://localhost', protocol: 'channel' }) });
      void channels.sendMessage({ sender: 'a', message: 'b' });
      void channels.reportTemperature({ sensorId: 'a', celsius: 1 });
      void channels.onMessage();
      // @ts-expect-error an operation that writes to no channel
      void channels.getUser({ id: 1 });
    });
  });

  it('have what all of several transports can, of which one is chosen at run time', () => {
    types(() => {
      const chosen = createClient({ contract, transport: Math.random() > 0.5 ? both : callOnly });
      void chosen.getUser({ id: 1 }, { signal: undefined, timeoutMs: undefined });
      // @ts-expect-error one of them has no events
      void chosen.onSaid;
      const adapters = { both, callOnly };
      const named = createClient({ contract, transport: adapters['both' as keyof typeof adapters] });
      void named.getUser({ id: 1 });
      // @ts-expect-error one of them has no events
      void named.events.said;
    });
  });

  it('have events by their own names too', () => {
    types(() => {
      const client = createClient({ contract, transport: both });
      void client.events.said.listen((said) => void expectTypeOf(said.text).toEqualTypeOf<string>(), { params: { room: 'a' } });
      expectTypeOf(client.events.said.listen()).toEqualTypeOf<EventStream<{ room: string; seat: number; text: string }>>();
      // @ts-expect-error not an event
      void client.events.getUser;
    });
  });

  it('take application values of codecs, and give them', () => {
    types(() => {
      const At = z.object({
        at: instant(),
        n: z._default(int64(), 1n),
        data: z.optional(bytes()),
        list: z.array(z.object({ n: int64() })),
      });
      const coded = defineContract({ name: 'coded', operations: { put: mutation({ input: At, output: At }) } });
      const client = createClient({ contract: coded, transport: both });
      expectTypeOf(client.put)
        .parameter(0)
        .toEqualTypeOf<{ at: Date; n?: bigint | undefined; data?: Uint8Array | undefined; list: { n: bigint }[] }>();
      expectTypeOf(client.put({ at: new Date(), list: [] })).resolves.toEqualTypeOf<{
        at: Date;
        n: bigint;
        data?: Uint8Array | undefined;
        list: { n: bigint }[];
      }>();
      createService(coded, { put: ({ at, list }) => ({ at, list }) });
      // @ts-expect-error a date is a Date
      void client.put({ at: '2026-01-01T00:00:00Z', list: [] });
    });
  });

  it('have no onX where the transport has no events, and only what a transport names', () => {
    types(() => {
      const calls = createClient({ contract, transport: callOnly });
      void calls.getUser({ id: 1 });
      // @ts-expect-error no events
      void calls.onSaid;
      const few = createClient({ contract, transport: some });
      void few.getUser({ id: 1 });
      void few.onSaid();
      // @ts-expect-error not among its names
      void few.reset;
      // @ts-expect-error not among its names
      void few.onStopped;
      const blog = createClient({ transport: callOnly });
      void blog.getUser({ id: 1 });
      // @ts-expect-error no events
      void blog.onMessage;
      void createClient({ transport: defineAdapter(() => createService(contract, {} as never)) }).onMessage;
    });
  });
});

describe('the types of a service', () => {
  it('give handlers outputs of schemas and take their inputs', () => {
    expectTypeOf<Parameters<Handlers<typeof contract>['getPosts']>[0]>().toEqualTypeOf<{
      userId: number;
      limit: number;
      after?: number | undefined;
    }>();
    expectTypeOf<Parameters<Handlers<typeof contract>['reset']>[0]>().toEqualTypeOf<undefined>();
    expectTypeOf<Awaited<ReturnType<Handlers<typeof contract>['getTags']>>>().toEqualTypeOf<string[]>();
  });

  it('know the context and the events', () => {
    types(() => {
      createService<typeof contract, { user: string }>(
        contract,
        {
          getUser: async ({ id }, call) => {
            expectTypeOf(call.context).toEqualTypeOf<{ user: string }>();
            await call.publish('said', { room: 'a', seat: 1, text: 'x' });
            // @ts-expect-error no such event
            await call.publish('shouted', {});
            return { id, name: call.context.user };
          },
          getPosts: () => [],
          getTags: () => [],
          // @ts-expect-error a list of text
          search: () => [1],
          reset: () => {},
        },
        { context: () => ({ user: 'me' }) },
      );
    });
  });
});

/** The mistakes in a program, and what an editor shows on hovering over `marked`, a place in it between «». */
function ask(program: string, changed: ts.CompilerOptions = {}): { readonly mistakes: readonly string[]; readonly shown: string } {
  const file = fileURLToPath(new URL('hover.ts', import.meta.url));
  const at = program.indexOf('«');
  const source = program.replace(/[«»]/g, '');
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, (path) => ts.sys.readFile(path)) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const text = (path: string) => (path === file ? source : ts.sys.readFile(path));
  const service = ts.createLanguageService({
    useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
    directoryExists: (path) => ts.sys.directoryExists(path),
    getDirectories: (path) => ts.sys.getDirectories(path),
    getCompilationSettings: () => ({ ...options, ...changed }),
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: (path) => {
      const content = text(path);
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
    },
    getCurrentDirectory: () => root,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (path) => path === file || ts.sys.fileExists(path),
    readFile: text,
  });
  return {
    mistakes: service.getSemanticDiagnostics(file).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
    shown: at === -1 ? '' : ts.displayPartsToString(service.getQuickInfoAtPosition(file, at)?.displayParts),
  };
}

function hover(program: string): string {
  const { mistakes, shown } = ask(program);
  expect(mistakes).toEqual([]);
  return shown;
}

describe('what an editor shows', () => {
  const program = (line: string) =>
    `import { createClient, type Adapter } from '../../src/index.js';\ndeclare const adapter: Adapter;\nconst blog = createClient({ transport: adapter });\n${line}\n`;

  it('of a method: plain object types, no machinery', () => {
    const shown = hover(program('void blog.«getUser»({ id: 1 });'));
    expect(shown).toContain('id: number');
    expect(shown).toContain('username: string');
    expect(shown).toMatch(/Promise<\{/);
    expect(shown).not.toMatch(/Zod|\$|Method<|Operation<|InputOf|OutputOf|infer/);
  }, 60_000);

  it('of a result: a plain object type', () => {
    const shown = hover(program('const «user» = await blog.getUser({ id: 1 }); void user;'));
    expect(shown.replace(/\s+/g, ' ')).toBe('const user: { id: number; username: string; email: string; createdAt: string; }');
  }, 60_000);

  it('of an event: its payload', () => {
    const shown = hover(program('await blog.onMessage((«chat») => void chat);'));
    expect(shown.replace(/\s+/g, ' ')).toBe('(parameter) chat: { sender: string; message: string; }');
  }, 60_000);

  it('of the client: its short name', () => {
    expect(hover(program('void «blog»;'))).toBe('const blog: BlogClient');
  }, 60_000);
});

describe('a program without strict', () => {
  it('is told so in one line, where it defines its contract', () => {
    const program = `import { createClient, createService, defineContract, query } from '../../src/index.js';
import * as z from 'zod';
const contract = defineContract({ name: 'greetings', operations: { greet: query({ output: z.string() }) } });
const service = createService({ contract, handlers: { greet: () => 'hello' } });
console.log((await createClient({ contract, transport: service }).greet()).length);
`;
    expect(ask(program, { strictNullChecks: false }).mistakes[0]).toBe(
      `Object literal may only specify known properties, and 'name' does not exist in type '{ readonly 'multi-api-sdk needs "strict": true in tsconfig.json': never; }'.`,
    );
  }, 120_000);
});
