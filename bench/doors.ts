import { loadPeer } from './load.ts';
import { startPeer, type PeerProcess } from './peer.ts';
import { median, printTable, type Row } from './table.ts';

const CONNECTIONS = 32;
const ROUNDS = 7;
const ROUND_MS = 1000;

const post = { authorId: 123, title: 'A title', content: 'x'.repeat(1024) };

function request(line: string, headers: Readonly<Record<string, string>>, body?: unknown): string {
  const text = body === undefined ? '' : JSON.stringify(body);
  const all = {
    host: 'localhost',
    accept: '*/*',
    ...headers,
    ...(body !== undefined && { 'content-type': 'application/json', 'content-length': String(text.length) }),
  };
  return `${line} HTTP/1.1\r\n${Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n${text}`;
}

/** A call of a tool in the newest revision, and in the one before. */
function tool(name: string, input: object, isNew: boolean): string {
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
  const params = { name, arguments: input, ...(isNew && { _meta: meta }) };
  const headers = isNew
    ? { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name }
    : { 'mcp-protocol-version': '2025-11-25' };
  return request(
    'POST /mcp',
    { ...headers, accept: 'application/json, text/event-stream' },
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params },
  );
}

const REST = { getUser: request('GET /users/123', {}), createPost: request('POST /posts', {}, post) };
const CALLS: readonly (readonly [what: string, peer: string, against: keyof typeof REST, request: string, goal: string])[] = [
  ['Connect, getUser by POST', 'connect', 'getUser', request('POST /blog.v1.UserService/GetUser', {}, { id: '123' }), '<= 1.15'],
  [
    'Connect, getUser by GET',
    'connect',
    'getUser',
    request('GET /blog.v1.UserService/GetUser?connect=v1&encoding=json&message=%7B%22id%22%3A%22123%22%7D', {}),
    '<= 1.15',
  ],
  [
    'Connect, createPost, 1 KiB',
    'connect',
    'createPost',
    request('POST /blog.v1.PostService/CreatePost', {}, { ...post, authorId: '123' }),
    '<= 1.15',
  ],
  ['MCP 2026-07-28, getUser', 'mcp', 'getUser', tool('getUser', { id: 123 }, true), '<= 1.30'],
  ['MCP 2025-11-25, getUser', 'mcp', 'getUser', tool('getUser', { id: 123 }, false), '<= 1.30'],
  ['MCP 2026-07-28, createPost, 1 KiB', 'mcp', 'createPost', tool('createPost', post, true), '<= 1.30'],
];

const round = (peer: PeerProcess, text: string) => loadPeer(peer, { request: text, connections: CONNECTIONS, durationMs: ROUND_MS });

const rows: Row[] = [];
for (const [what, name, against, text, goal] of CALLS) {
  // New processes for each call, so that one's garbage is not another's.
  const rest = await startPeer('doors-peer.js', 'rest');
  const door = await startPeer('doors-peer.js', name);
  await round(rest, REST[against]);
  await round(door, text);
  const pairs: { readonly rest: number; readonly door: number }[] = [];
  // In turn, because the machine's speed drifts.
  for (let index = 0; index < ROUNDS; index++)
    pairs.push({ rest: (await round(rest, REST[against])).cpu, door: (await round(door, text)).cpu });
  rest.stop();
  door.stop();
  const of = (which: 'rest' | 'door') => `${median(pairs.map((pair) => pair[which])).toFixed(1)} µs`;
  rows.push({ what, ours: of('door'), raw: of('rest'), ratio: median(pairs.map((pair) => pair.door / pair.rest)), goal });
}
printTable("the server's CPU per call, against the same call over REST", rows);
