import type { Server } from 'node:http';
import type { HttpHandler, HttpRequest, HttpResponse } from '../http/message/message.ts';
import { problem } from '../http/message/problem.ts';
import { attachUpgrade, refuseUpgrade } from '../socket/upgrade.ts';

/** The phase of a server's life: calls are served while it is up or draining. */
export type Phase = 'starting' | 'up' | 'draining' | 'stopping';

const HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' } as const;

/**
 * Answers `GET /healthz`: 200 while the server is up, else 503, so that a load balancer sends nothing before everything stands and nothing
 * after a stop began. `problems` are what keeps the server from its work though it is up.
 */
export function healthHandler(phase: () => Phase, problems: () => readonly string[]): HttpHandler {
  return ({ path, method }) => {
    if (path !== '/healthz') return undefined;
    if (method !== 'GET' && method !== 'HEAD') return problem(405, `${path} answers GET, HEAD, not ${method}`, { allow: 'GET, HEAD' });
    const now = phase();
    const found = problems();
    const isWell = now === 'up' && found.length === 0;
    const body = { status: isWell ? 'ok' : now === 'up' ? 'failing' : now, ...(found.length > 0 && { problems: found }) };
    return { status: isWell ? 200 : 503, headers: HEADERS, body: JSON.stringify(body) };
  };
}

/** Answers 503 until everything stands: a call that is taken earlier could lose its events. */
export function startGate(phase: () => Phase, inner: HttpHandler): HttpHandler {
  return (request: HttpRequest) => (phase() === 'starting' ? notYet() : inner(request));
}

/** Answers 503 to WebSockets until what it returns is called. */
export function refuseSockets(server: Server): () => void {
  return attachUpgrade(server, (_, socket) => {
    refuseUpgrade(socket, 503, 'the server is starting', { 'retry-after': '1' });
    return true;
  });
}

function notYet(): HttpResponse {
  return problem(503, 'the server is starting', { 'retry-after': '1' });
}
