import type { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import type { Duplex, Writable } from 'node:stream';
import type { WebSocketHandlerConnection } from 'msw';
import type { Attachable } from '../../socket/attachable.ts';

/** The page's end of an intercepted connection. */
export type InterceptedClient = WebSocketHandlerConnection['client'];

/** The parts of `ws` that write and read frames; its types leave them out. */
interface Frames {
  readonly Sender: new (socket: Duplex) => {
    send(
      data: string | Uint8Array,
      options: { readonly binary: boolean; readonly mask: true; readonly fin: true; readonly compress: false },
    ): void;
    close(code: number | undefined, reason: string, mask: true): void;
    pong(data: Uint8Array, mask: true): void;
  };
  readonly Receiver: new (options: { readonly isServer: false }) => Writable;
}

/** Node's part, loaded by the first connection. */
interface Loaded {
  /** Has the handlers' listeners of upgrades. It never listens. */
  readonly server: EventEmitter;
  readonly frames: Frames;
  readonly duplexPair: () => [Duplex, Duplex];
}

/** As any key will do: https://www.rfc-editor.org/rfc/rfc6455#section-1.3 */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** Connects intercepted sockets to the handlers that serve real ones: the same upgrades and frames, through memory instead of a network. */
export class MemorySockets {
  #loading: Promise<Loaded> | undefined;

  private readonly attachables: readonly Attachable[];
  private readonly base: string;

  /** `base` is the path before those of the handlers. */
  constructor(attachables: readonly Attachable[], base: string) {
    this.attachables = attachables;
    this.base = base;
  }

  /** Serves one connection. Messages wait until the handler has taken it. */
  connect(client: InterceptedClient, protocols: string | readonly string[] | undefined): void {
    const waiting: (() => void)[] = [];
    let wire: Wire | undefined;
    const act = (send: (to: Wire) => void): void => {
      if (wire?.isOpen) send(wire);
      else waiting.push(() => wire && send(wire));
    };
    client.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') act((to) => to.send(data));
      else if (data instanceof Blob) void data.arrayBuffer().then((buffer) => act((to) => to.send(new Uint8Array(buffer))));
      else act((to) => to.send(data instanceof ArrayBuffer ? new Uint8Array(data) : (data as Uint8Array)));
    });
    client.addEventListener('close', ({ code, reason }) => act((to) => to.close(code, reason)));
    this.#load().then(
      (loaded) => {
        wire = new Wire(loaded, client, {
          onOpen: () => {
            for (const send of waiting.splice(0)) send();
          },
        });
        const { pathname, search, host } = client.url;
        const offered = [protocols ?? []].flat().filter((name) => name !== '');
        wire.upgrade(pathname.slice(this.base.length) + search, host, offered);
      },
      () => client.close(1011, 'WebSockets are intercepted on Node only'),
    );
  }

  #load(): Promise<Loaded> {
    return (this.#loading ??= Promise.all([import('node:events'), import('node:stream'), import('ws')]).then(
      ([{ EventEmitter: Emitter }, { duplexPair }, ws]) => {
        const server = new Emitter();
        for (const attachable of this.attachables) attachable.attach(server as Server);
        return { server, frames: ws as unknown as Frames, duplexPair };
      },
    ));
  }
}

/** The client's end of a connection in memory. */
class Wire {
  isOpen = false;
  readonly #near: Duplex;
  readonly #far: Duplex;
  readonly #sender: InstanceType<Frames['Sender']>;
  #hasLeft = false;

  private readonly loaded: Loaded;
  private readonly client: InterceptedClient;
  private readonly onOpen: () => void;

  constructor(loaded: Loaded, client: InterceptedClient, { onOpen }: { readonly onOpen: () => void }) {
    this.loaded = loaded;
    this.client = client;
    this.onOpen = onOpen;
    [this.#near, this.#far] = loaded.duplexPair();
    this.#sender = new loaded.frames.Sender(this.#near);
    this.#near.on('error', () => {});
    this.#far.on('close', () => this.#near.destroy());
    this.#near.on('end', () => this.#near.end());
    this.#near.on('close', () => {
      this.#end(1006, '');
      this.#far.destroy();
    });
  }

  /** Asks the handlers to take the connection. */
  upgrade(url: string, host: string, protocols: readonly string[]): void {
    const headers: Record<string, string> = {
      host,
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-version': '13',
      'sec-websocket-key': KEY,
      ...(protocols.length > 0 && { 'sec-websocket-protocol': protocols.join(', ') }),
    };
    const request = { method: 'GET', url, headers, httpVersion: '1.1', socket: this.#far };
    this.#readHead();
    this.loaded.server.emit('upgrade', request, this.#far, Buffer.alloc(0));
  }

  send(data: string | Uint8Array): void {
    this.#sender.send(data, { binary: typeof data !== 'string', mask: true, fin: true, compress: false });
  }

  close(code: number, reason: string): void {
    this.#hasLeft = true;
    // Codes such as 1006 are told and never sent.
    this.#sender.close(code === 1000 || code >= 3000 ? code : 1000, reason, true);
  }

  /** Reads the answer to the upgrade, then frames. */
  #readHead(): void {
    let head = Buffer.alloc(0);
    const read = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return;
      this.#near.off('data', read);
      if (!head.subarray(0, end).toString('latin1').startsWith('HTTP/1.1 101')) return this.#end(1006, '');
      this.#readFrames(head.subarray(end + 4));
      this.isOpen = true;
      this.onOpen();
    };
    this.#near.on('data', read);
  }

  #readFrames(first: Buffer): void {
    const receiver = new this.loaded.frames.Receiver({ isServer: false });
    receiver.on('message', (data: Buffer) => {
      if (!this.#hasLeft) this.client.send(data.toString());
    });
    receiver.on('ping', (data: Buffer) => this.#sender.pong(data, true));
    receiver.on('conclude', (code: number, reason: Buffer) => {
      if (!this.#hasLeft) this.#sender.close(code === 1005 ? undefined : code, '', true);
      this.#end(code, reason.toString());
      this.#near.end();
    });
    receiver.on('error', () => this.#near.destroy());
    if (first.length > 0) receiver.write(first);
    this.#near.pipe(receiver);
  }

  #end(code: number, reason: string): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.client.close(code, reason);
  }
}
