import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { Readable } from 'node:stream';

/** A `fetch` over one connection of HTTP/2: a real client, which is Node's own. */
export function http2Fetch(url: string, options: { readonly ca?: string } = {}) {
  let session: ClientHttp2Session | undefined;
  const open = () => {
    if (session && !session.closed && !session.destroyed) return session;
    session = connect(url, options);
    session.on('error', () => {});
    return session;
  };
  const fetch = async (target: string, init: RequestInit = {}): Promise<Response> => {
    const { pathname, search } = new URL(target);
    const request = new Request(target, init);
    const headers = Object.fromEntries(request.headers);
    request.signal.throwIfAborted();
    const stream = open().request(
      { ...headers, ':method': request.method, ':path': pathname + search },
      { endStream: request.body === null },
    );
    const abort = () => stream.destroy(request.signal.reason as Error);
    init.signal?.addEventListener('abort', abort);
    stream.once('close', () => init.signal?.removeEventListener('abort', abort));
    if (request.body) {
      const body = Readable.fromWeb(request.body as never);
      body.on('error', () => stream.close(8));
      body.pipe(stream);
    }
    const head = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
      stream.once('response', resolve).once('error', reject);
      stream.once('close', () => reject(new TypeError('the stream was closed without an answer')));
    });
    const answered = new Headers();
    for (const [name, value] of Object.entries(head))
      if (!name.startsWith(':')) for (const each of [value].flat()) answered.append(name, String(each));
    const status = Number(head[':status']);
    const isBare = request.method === 'HEAD' || status === 204 || status === 304;
    if (isBare) stream.resume();
    return new Response(isBare ? null : (Readable.toWeb(stream) as ReadableStream), { status, headers: answered });
  };
  return { fetch, close: () => session?.destroy() };
}
