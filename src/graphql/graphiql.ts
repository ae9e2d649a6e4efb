import { HttpError } from '../http/message/error.ts';
import { acceptsCoding } from '../http/message/gzip.ts';
import type { HttpRequest, HttpResponse } from '../http/message/message.ts';
import { builtin } from '../peer/builtin.ts';

const FILES: Readonly<Record<string, string>> = {
  'app.js': 'text/javascript; charset=utf-8',
  'app.css': 'text/css; charset=utf-8',
};

/** The place to which the build puts them, seen from a bundle, from a chunk of one, and from the sources. */
const FOLDERS = ['../graphiql/', './graphiql/', '../../dist/graphiql/'];
/** As they are stored, compressed by Brotli: a sixth less than by gzip. */
const loaded = new Map<string, Promise<Uint8Array>>();

/** Serves GraphiQL's page at the path and its files beneath it; all come from this package, nothing from a CDN. */
export async function serveGraphiql(request: HttpRequest, path: string): Promise<HttpResponse | undefined> {
  if (request.path === path) return page(path);
  const name = request.path.slice(path.length + 1);
  const type = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
  if (type === undefined) return undefined;
  if (request.method !== 'GET' && request.method !== 'HEAD')
    throw new HttpError(405, `${request.path} answers GET`, { allow: 'GET, HEAD' });
  let content = loaded.get(name);
  if (!content) loaded.set(name, (content = load(name)));
  const headers = {
    'content-type': type,
    'cache-control': 'public, max-age=3600',
    'x-content-type-options': 'nosniff',
    vary: 'accept-encoding',
  };
  if (acceptsCoding('br', request.headers['accept-encoding']))
    return { status: 200, headers: { ...headers, 'content-encoding': 'br' }, body: await content };
  // Browsers take Brotli over TLS and from this machine only.
  return { status: 200, headers, body: await plain(await content) };
}

/** All links are relative to the page, so that they lead back through a proxy that strips a prefix. */
function page(path: string): HttpResponse {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const body = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>GraphiQL</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="${name}/app.css"><style>body { margin: 0 } #graphiql { height: 100vh }</style></head>
<body><div id="graphiql"><noscript>GraphiQL needs JavaScript.</noscript></div><script type="module" src="${name}/app.js"></script></body>
</html>
`;
  // It runs only its own code, and cannot be framed by a page that lures clicks.
  const policy =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'";
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy, vary: 'accept' }, body };
}

function plain(content: Uint8Array): Promise<Uint8Array> {
  const zlib = builtin<typeof import('node:zlib')>('node:zlib');
  return new Promise((resolve, reject) => {
    if (zlib) zlib.brotliDecompress(content, (error, bytes) => (error ? reject(error) : resolve(bytes)));
    else reject(new HttpError(406, 'GraphiQL is sent compressed by Brotli here'));
  });
}

async function load(name: string): Promise<Uint8Array> {
  const files = builtin<typeof import('node:fs/promises')>('node:fs/promises');
  for (const folder of FOLDERS) {
    const content = await files?.readFile(new URL(`${folder}${name}.br`, import.meta.url)).catch(() => undefined);
    if (content) return content;
  }
  loaded.delete(name);
  throw new HttpError(503, 'GraphiQL has not been built: run npm run build');
}
