import { createServer } from 'node:http';
import { createBlogService } from 'multi-api-sdk/blog';
import { listen } from 'multi-api-sdk/http';
import { restHandler } from 'multi-api-sdk/rest/server';
import { servePeer } from './peer.ts';

/** A server as one would write it by hand for speed: no validation, no request ids, no entity tags. */
function rawServer(): ReturnType<typeof createServer> {
  const users = new Map([[123, { id: 123, username: 'john_doe', email: 'john.doe@example.com', createdAt: '2024-01-15T09:30:00Z' }]]);
  const posts = new Map<number, unknown>();
  let lastPostId = 4;
  const json = { 'content-type': 'application/json' };
  return createServer((req, res) => {
    const url = req.url ?? '/';
    if (req.method === 'GET' && url.startsWith('/users/')) {
      const user = users.get(Number(url.slice(7)));
      const body = JSON.stringify(user ?? { error: 'not found' });
      res.writeHead(user ? 200 : 404, { ...json, 'content-length': Buffer.byteLength(body) });
      res.end(body);
    } else if (req.method === 'POST' && url === '/posts') {
      let text = '';
      req.setEncoding('utf8');
      req.on('data', (chunk: string) => (text += chunk));
      req.on('end', () => {
        const { authorId, title, content } = JSON.parse(text) as Record<string, unknown>;
        const post = { id: ++lastPostId, authorId, title, content, createdAt: new Date().toISOString() };
        posts.set(post.id, post);
        const body = JSON.stringify(post);
        res.writeHead(201, { ...json, 'content-length': Buffer.byteLength(body) });
        res.end(body);
      });
    } else {
      res.writeHead(404).end();
    }
  });
}

if (process.argv[2] === 'raw') {
  const server = rawServer().listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (address && typeof address === 'object') servePeer(address.port);
  });
} else {
  const server = await listen(restHandler(createBlogService()), { port: 0 });
  servePeer(server.port);
}
