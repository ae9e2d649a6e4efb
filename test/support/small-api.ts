import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A request as a small API of a test got it. */
export interface Got {
  readonly method: string;
  readonly path: string;
  /** As it was sent, percent-encoded. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** What it answers: status, body (JSON unless it is text or bytes), headers. */
export type Answer = readonly [status: number, body?: unknown, headers?: Readonly<Record<string, string>>];

/** A server with the habits of somebody else's API, for one test; `got` are its requests in order. */
export async function smallApi(answer: (request: Got) => Answer): Promise<{ readonly url: string; readonly got: Got[] }> {
  const got: Got[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const [path = '', query = ''] = (request.url ?? '').split('?');
      const one = { method: request.method ?? '', path, query, headers: request.headers as Got['headers'], body };
      got.push(one);
      const [status, value, headers = {}] = answer(one);
      const isRaw = typeof value === 'string' || value instanceof Uint8Array || value === undefined;
      response.writeHead(status, isRaw ? headers : { 'content-type': 'application/json', ...headers });
      response.end(isRaw ? value : JSON.stringify(value));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, got };
}
