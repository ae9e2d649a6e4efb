import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CLI, finish, firstLine, killAll, start, stop, type Result } from '../support/program.ts';
import { startServe, type ServeProcess } from '../support/serve-process.ts';

// Each test starts processes.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const cli = (args: readonly string[], input?: string): Promise<Result> => finish(start([CLI, ...args]), input);

const TASKS = 'test/programs/tasks.ts';

/** Resolves once nobody accepts connections there. */
async function refused(url: string): Promise<void> {
  const isAccepted = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  while (await isAccepted());
}

afterAll(killAll);

describe('serve', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('prints where it listens, answers, and ends with 0 at %s', async (signal) => {
    const { child, line, url } = await startServe();
    expect(line).toMatch(/^\{"http":"http:\/\/127\.0\.0\.1:\d+"/);
    const health = await fetch(`${url}/healthz`);
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
    expect(await (await fetch(`${url}/users/123`)).json()).toMatchObject({ username: 'john_doe' });
    // An open stream must not hold it up.
    const stream = await fetch(`${url}/chat`);
    expect(await stop(child, signal)).toBe(0);
    expect(await stream.text()).toContain('event: end');
  });

  test('takes every flag from the start', async () => {
    const { child, line } = await startServe('--host', 'localhost', '--grpc-port=0', '--mqtt-port', '0', '--allow-private-webhooks');
    expect(line).toMatch(/"http":"http:\/\/localhost:\d+"/);
    expect(await stop(child, 'SIGTERM')).toBe(0);
  });

  test('says for people what there is to try', async () => {
    const child = start([CLI, 'serve', '--port', '0', '--grpc-port', '0']);
    let text = '';
    for await (const chunk of child.stdout) {
      text += String(chunk);
      if (text.includes('reportTemperature')) break;
    }
    expect(text).toMatch(/curl http:\/\/127\.0\.0\.1:\d+\/users\/123/);
    for (const title of ['REST', 'GraphQL', 'WebSocket', 'SOAP', 'gRPC', 'Webhooks', 'MQTT'])
      expect(text).toMatch(new RegExp(`^ {2}${title} `, 'm'));
    expect(text).not.toContain('\u001b');
    expect(await stop(child, 'SIGTERM')).toBe(0);
  });

  test('a port that is in use is an error that says so', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, stderr, stdout } = await cli(['serve', '--port', String(port), '--json']);
    other.close();
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`port ${port} on 127.0.0.1 is in use`);
    expect(stderr).not.toContain('    at ');
  });

  test('a port of gRPC that is in use is told once', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await cli(['serve', '--port', '0', '--grpc-port', String(port), '--mqtt-port', '0']);
    other.close();
    expect([code, stderr.trim().split('\n').length]).toEqual([1, 1]);
    expect(stderr).toContain(`port ${port} on 127.0.0.1 is in use`);
  });

  test('a module that fails is shown with its line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'module-'));
    const file = join(folder, 'service.mjs');
    const served = async (text: string) => {
      await writeFile(file, text);
      const { code, stdout, stderr } = await cli(['serve', file]);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain(`error: ${file} cannot be loaded\n`);
      return stderr;
    };
    expect(await served('export const a = 1;\nexport default {{;\n')).toMatch(/service\.mjs:2\n[^]*SyntaxError/);
    expect(await served("const a = 1;\nthrow new Error('no database');\n")).toMatch(/service\.mjs:2\n[^]*Error: no database/);
    await rm(folder, { recursive: true });
  });

  test('a second signal ends it at once, though a call is in flight', async () => {
    const { child, url } = await startServe();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write('POST /posts HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{');
    // Answered after the request above has begun.
    await fetch(`${url}/healthz`);
    const closed = once(child, 'close') as Promise<[number | null]>;
    child.kill('SIGTERM');
    await refused(url);
    child.kill('SIGTERM');
    expect((await closed)[0]).toBe(143);
    socket.destroy();
  });

  test('/healthz refuses other methods', async () => {
    const { child, url } = await startServe();
    const refused = await fetch(`${url}/healthz`, { method: 'POST' });
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const head = await fetch(`${url}/healthz`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(await stop(child, 'SIGTERM')).toBe(0);
  });
});

describe('call and watch', () => {
  let server: ServeProcess;
  const call = (...args: readonly string[]): Promise<Result> => cli(['call', ...args, '--via', 'rest', '--url', server.url]);

  beforeAll(async () => {
    server = await startServe();
  });
  afterAll(async () => {
    await server.stop();
  });

  test('prints the output as one line', async () => {
    const { code, stdout, stderr } = await call('getUser', '{"id":123}');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe('{"id":123,"username":"john_doe","email":"john.doe@example.com","createdAt":"2024-01-15T09:30:00Z"}\n');
  });

  test('prints nothing where there is no output', async () => {
    expect(await call('deletePost', '{"id":4}')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('reads the input from standard input', async () => {
    const { stdout } = await cli(['call', 'getWeather', '-', '--url', server.url], '{"location":"Oslo"}\n');
    expect(JSON.parse(stdout)).toEqual({ location: 'Oslo', temperature: '7°C', conditions: 'Rain' });
  });

  test('prints an API error as JSON and ends with 1', async () => {
    const { code, stdout, stderr } = await call('getUser', '{"id":7}', '--header', 'X-Request-Id: mine');
    expect([code, stdout]).toEqual([1, '']);
    expect(JSON.parse(stderr)).toEqual({ code: 'NOT_FOUND', message: 'no user has the id 7', requestId: 'mine' });
  });

  test('an input that breaks the contract is an API error', async () => {
    const { code, stderr } = await call('getUser');
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ code: 'INVALID_ARGUMENT', details: { issues: [{ path: ['id'] }] } });
  });

  test('--wire shows what went over the wire, apart from the output', async () => {
    const { stdout, stderr } = await call('getPost', '{"id":1}', '--wire', '-H', 'authorization: Bearer secret-1');
    expect(JSON.parse(stdout)).toMatchObject({ id: 1 });
    expect(stderr).toMatch(/→ GET \/posts\/1\n(.|\n)*← 200 OK\n(.|\n)*RESTful APIs 101/);
    expect(stderr).not.toContain('secret-1');
    const records = (await call('getPost', '{"id":1}', '--wire', '--json')).stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(records).toMatchObject([
      { protocol: 'rest', direction: 'out', start: 'GET /posts/1' },
      { direction: 'in', start: '200 OK' },
    ]);
  });

  test('where nothing listens it says so', async () => {
    const { code, stderr } = await cli(['call', 'getUser', '{"id":123}', '--url', 'http://127.0.0.1:1']);
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ code: 'UNAVAILABLE' });
  });

  test.each([['temperature'], ['onTemperature']])('watch %s prints events as JSON lines and ends after --count', async (event) => {
    const child = start([CLI, 'watch', event, '--via', 'rest', '--url', server.url, '--count', '2']);
    const ready = firstLine(child.stderr);
    const finished = finish(child);
    expect(await ready).toContain('watching temperature');
    for (const celsius of [20.5, 21, 22]) {
      await fetch(`${server.url}/sensors/temperature`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ sensorId: 'roof', celsius }),
      });
    }
    const { code, stdout } = await finished;
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(code).toBe(0);
    expect(lines).toMatchObject([{ sensorId: 'roof', celsius: 20.5 }, { celsius: 21 }]);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('watch ends with 0 at %s; --envelope adds id and time', async (signal) => {
    const child = start([CLI, 'watch', 'message', '--url', server.url, '--envelope']);
    await firstLine(child.stderr);
    const line = firstLine(child.stdout);
    await cli(['call', 'sendMessage', '{"sender":"a","message":"b"}', '--url', server.url]);
    expect(JSON.parse(await line)).toEqual({ id: expect.any(String), time: expect.any(String), data: { sender: 'a', message: 'b' } });
    expect(await stop(child, signal)).toBe(0);
  });

  test('watch gives up where nothing listens', async () => {
    const { code, stderr } = await cli(['watch', 'message', '--url', 'http://127.0.0.1:1', '--timeout-ms', '300']);
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ code: expect.stringMatching(/UNAVAILABLE|DEADLINE_EXCEEDED/) });
  });
});

describe('a contract and a service of a module', () => {
  test.each(['rest', 'mqtt'])('are served, called and watched over %s', async (via) => {
    const { line, child } = await startServe(TASKS);
    const { http, mqtt } = JSON.parse(line) as { readonly http: string; readonly mqtt: string };
    const at = ['--contract', TASKS, '--via', via, '--url', via === 'mqtt' ? mqtt : http];
    const watch = start([CLI, 'watch', 'taskAdded', '--count', '1', ...at]);
    await firstLine(watch.stderr);
    const watched = finish(watch);
    const called = await cli(['call', 'addTask', '{"title":"write"}', ...at]);
    expect([called.code, called.stdout, called.stderr]).toEqual([0, '{"id":1,"title":"write"}\n', '']);
    expect((await watched).stdout).toBe('{"id":1,"title":"write"}\n');
    const planned = await cli(['call', 'plan', '{"steps":2}', ...at]);
    expect([planned.code, planned.stdout, planned.stderr]).toEqual([0, '{"step":1}\n{"step":2}\n', '']);
    const failed = await cli(['call', 'plan', '{"steps":3}', ...at]);
    expect([failed.code, failed.stdout, JSON.parse(failed.stderr)]).toMatchObject([
      1,
      '{"step":1}\n{"step":2}\n{"step":3}\n',
      { code: 'ABORTED' },
    ]);
    expect(await stop(child, 'SIGTERM')).toBe(0);
  });
});

describe.concurrent('wrong usage ends with 2 and a hint', () => {
  test.each<readonly [args: readonly string[], hint: string]>([
    [['cal'], 'did you mean call?'],
    [['--versoin'], 'did you mean --version?'],
    [['call', 'getUsr'], 'did you mean getUser?'],
    [['call', 'frobnicate'], 'there are createUser, getUser'],
    [['call', 'temperature'], 'multi-api-sdk watch temperature'],
    [['watch', 'getUser'], 'multi-api-sdk call getUser'],
    [['watch', 'temprature'], 'did you mean temperature?'],
    [['watch', 'onMesage'], 'did you mean onMessage?'],
    [['call', 'getUser', '--via', 'rset'], 'did you mean rest?'],
    [['call', 'getUser', '--wrie'], 'did you mean --wire?'],
    [['call', 'getUser', '{id:1}'], `For example: multi-api-sdk call getUser '{"id":123}'`],
    [['call', 'getUser', '123'], 'must be a JSON object'],
    [['call', 'getUser', '{}', 'more'], 'one argument too many'],
    [['call', 'getUser', '{}', '--header', 'nothing'], 'a colon between'],
    [['call', 'getUser', '{}', '--url', 'localhost:4000'], 'http'],
    [['call'], 'which operation?'],
    [['watch'], 'which event?'],
    [['serve', '--port', '70000'], 'from 0 to 65535'],
    [['serve', '--port', '--json'], '--port needs a value'],
    [['serve', '--json=yes'], '--json takes no value'],
    [['serve', './nowhere.ts'], 'there is no file ./nowhere.ts'],
    [['serve', './docs'], './docs is a folder: name the module in it'],
    [['serve', 'src/blog/data.ts'], 'exports no service: export what createService gives'],
    [['call', 'addTask', '--contract', 'src/conformance/assert.ts'], 'exports no contract: export what defineContract gives'],
    [['call', 'addTsk', '--contract', TASKS], 'did you mean addTask?'],
    [['call', 'addTask', 'x', '--contract', TASKS], 'the input is not JSON'],
    [['serve', '--mqtt-port', '1', '--mqtt-url', 'mqtt://x'], 'give one of them'],
  ])('%j', async (args, hint) => {
    const { code, stdout, stderr } = await cli(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(hint);
    expect(stderr).toContain('--help');
  });

  test('no command prints the help on standard error', async () => {
    const { code, stdout, stderr } = await cli([]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Commands');
  });
});

describe.concurrent('help', () => {
  test.each([
    [['--help'], 'Commands'],
    [['help', 'call'], 'getWeather'],
    [['watch', '-h'], 'articlePublished'],
    [['serve', '--help'], '--mqtt-url'],
  ])('%j', async (args, text) => {
    const { code, stdout, stderr } = await cli(args);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(text);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(110);
  });

  test('the version is that of the package', async () => {
    expect((await cli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });
});

describe('demo', () => {
  test('runs every operation and event over every protocol', async () => {
    const { code, stdout, stderr } = await cli(['demo', '--json', '--repeat', '2']);
    expect([code, stderr]).toEqual([0, '']);
    const { protocols, rows } = JSON.parse(stdout) as {
      protocols: string[];
      rows: { name: string; kind: string; cells: Record<string, { ok: boolean; bytes: number; roundTrips: number }> }[];
    };
    expect(protocols).toContain('rest');
    expect(rows).toHaveLength(13);
    for (const { kind, cells } of rows) {
      expect(cells['service']).toMatchObject({ ok: true, bytes: 0, roundTrips: 0 });
      expect(cells['rest']).toMatchObject({ ok: true, roundTrips: kind === 'event' ? 0 : 1 });
      expect(cells['rest']?.bytes).toBeGreaterThan(50);
    }
  });

  test('prints a table for people', async () => {
    const { code, stdout } = await cli(['demo', '--repeat', '1']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/getUserPosts +✓ .*✓/);
    expect(stdout).toMatch(/All \d+ work\./);
  });
});

describe('examples', () => {
  test.each([
    ['quickstart', "[NOT_FOUND] the weather of 'Atlantis' is not known"],
    ['own-contract', 'over REST { id: 2'],
    ['telemetry', "link: 'SERVER POST /orders/{item}'"],
  ])('%s runs by itself', async (name, text) => {
    const { code, stdout, stderr } = await finish(start([`examples/${name}.ts`]));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(text);
  });
});
