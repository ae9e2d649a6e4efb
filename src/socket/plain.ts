import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** The part that only the protocol that was offered reads. Source: https://www.rfc-editor.org/rfc/rfc7540#section-3.2.1 */
const OFFER = new Set(['upgrade', 'http2-settings']);

/**
 * Answers a request that offers a protocol that nobody here speaks (`h2c`, `TLS/1.2`) as the plain request that it is too: a server may
 * ignore the offer. As soon as a server has an upgrade listener, Node hands such requests to it, without a parser for the body. The head is
 * written back without the offer, and the server takes the connection as a new one.
 * Source: https://www.rfc-editor.org/rfc/rfc9110#section-7.8
 */
export function answerAsPlain(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const ignore = () => {};
  // Nothing else listens until the server has it back.
  socket.on('error', ignore);
  whenAnswered(socket, () => {
    socket.off('error', ignore);
    if (socket.destroyed) return;
    socket.unshift(Buffer.concat([Buffer.from(headOf(request), 'latin1'), head]));
    // An answer that was finished meanwhile has begun to count how long the connection is idle.
    (socket as Socket).setTimeout(0);
    server.emit('setSecureContext' in server ? 'secureConnection' : 'connection', socket);
  });
}

/** Answers to requests that were pipelined before this one come first. */
function whenAnswered(socket: Duplex, then: () => void): void {
  const { _httpMessage: answer } = socket as { readonly _httpMessage?: ServerResponse | null };
  if (answer) answer.once('close', () => whenAnswered(socket, then));
  else then();
}

function headOf(request: IncomingMessage): string {
  const lines = [`${request.method ?? 'GET'} ${request.url ?? '/'} HTTP/${request.httpVersion}`];
  const { rawHeaders } = request;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = [rawHeaders[at], rawHeaders[at + 1]];
    if (OFFER.has(name.toLowerCase())) continue;
    const kept = name.toLowerCase() === 'connection' ? withoutOffer(value) : value;
    if (kept !== undefined) lines.push(`${name}: ${kept}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** The names in `Connection` that are not of the offer: `close` or `keep-alive`. */
function withoutOffer(value: string): string | undefined {
  const names = value.split(',').map((name) => name.trim());
  const kept = names.filter((name) => name !== '' && !OFFER.has(name.toLowerCase()));
  return kept.length === 0 ? undefined : kept.join(', ');
}
