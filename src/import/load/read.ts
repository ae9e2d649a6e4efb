import { open, realpath } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ofetch } from 'ofetch';
import { networkReason } from '../../http/client/network-error.ts';
import { concatBytes } from '../../schema/codec/concat.ts';
import { decodeXml } from '../../xml/decode.ts';
import { ImportError } from './error.ts';
import { shown, type Location, type Reach } from './location.ts';
import { answered } from '#answered';

/** The bounds of reading, and the headers that go with it. */
export interface ReadLimits {
  /** All documents together, in bytes. */
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** HTTP headers for documents of the network, such as `authorization`. */
  readonly headers: Readonly<Record<string, string>>;
}

const MAX_REDIRECTS = 5;

/** Reads documents, from files and from the network, within limits that they share. */
export class Reader {
  #left: number;

  private readonly limits: ReadLimits;
  private readonly reach: Reach;
  private readonly onRead: (location: string) => void;

  constructor(limits: ReadLimits, reach: Reach, onRead: (location: string) => void = () => {}) {
    this.limits = limits;
    this.reach = reach;
    this.onRead = onRead;
    this.#left = limits.maxBytes;
  }

  /** The bytes of a document. Rejects with an `ImportError`. */
  async bytes(location: Location): Promise<Uint8Array> {
    this.onRead(shown(location));
    const bytes = location.startsWith('file:') ? await this.#file(location) : await this.#fetched(location);
    this.#left -= bytes.byteLength;
    return bytes;
  }

  async text(location: Location): Promise<string> {
    const bytes = await this.bytes(location);
    // XML says its encoding itself; a mark of the byte order is not a part of the text.
    return isXml(bytes) ? decodeXml(bytes) : new TextDecoder('utf-8').decode(bytes);
  }

  async #file(location: Location): Promise<Uint8Array> {
    const path = fileURLToPath(location);
    try {
      // A link must not lead out of what may be read.
      const real = await realpath(path);
      if (real !== path) this.reach.follow(pathToFileURL(real).href, location);
      const file = await open(path, 'r');
      try {
        const { size } = await file.stat();
        if (size > this.#left) throw this.#tooLarge(location);
        return await file.readFile();
      } finally {
        await file.close();
      }
    } catch (cause) {
      if (cause instanceof ImportError) throw cause;
      const { code } = cause as { readonly code?: unknown };
      const why =
        code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder: name a file' : String((cause as Error).message);
      throw new ImportError(`${shown(location)} cannot be read: ${why}`, { cause });
    }
  }

  async #fetched(location: Location): Promise<Uint8Array> {
    const { timeoutMs } = this.limits;
    let left = this.#left;
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of await this.#bodyOf(location)) {
        left -= chunk.byteLength;
        if (left < 0) throw this.#tooLarge(location);
        chunks.push(chunk);
      }
    } catch (cause) {
      if (cause instanceof ImportError) throw cause;
      const { status, message, name } = cause as { readonly status?: number; readonly message: string; readonly name: string };
      const why = status === undefined ? (/abort|timeout/i.test(name + message) ? `no answer within ${timeoutMs} ms` : networkReason(cause)) : answered(status); // prettier-ignore
      const hint = status === 401 || status === 403 ? ": give credentials with --header 'authorization: …'" : '';
      throw new ImportError(`${location} cannot be read: ${why}${hint}`, { cause });
    }
    return concatBytes(chunks);
  }

  /** What a server answers with, after redirects within what may be read. */
  async #bodyOf(location: Location): Promise<AsyncIterable<Uint8Array>> {
    const { timeoutMs, headers } = this.limits;
    let at = location;
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const {
        status,
        headers: answered,
        body,
      } = await ofetch.raw(at, {
        responseType: 'stream',
        headers: { accept: 'application/json, application/yaml, text/yaml, */*;q=0.5', ...(this.reach.takesHeaders(at) && headers) },
        timeout: timeoutMs,
        retry: 2,
        retryDelay: 300,
        redirect: 'manual',
      });
      const next = status >= 300 && status < 400 ? answered.get('location') : null;
      if (next === null) return (body ?? []) as unknown as AsyncIterable<Uint8Array>;
      await body?.cancel();
      at = this.reach.redirect(next, at);
    }
    throw new ImportError(`${location} cannot be read: it was redirected more than ${MAX_REDIRECTS} times`);
  }

  #tooLarge(location: Location): ImportError {
    return new ImportError(`${shown(location)} is too large: descriptions may have ${this.limits.maxBytes} bytes in all (maxBytes)`);
  }
}

/** Whether bytes begin with `<?xml`, in UTF-8 or UTF-16. */
function isXml(bytes: Uint8Array): boolean {
  const head = [...bytes.subarray(0, 16)].filter((byte) => byte !== 0 && byte < 128).map((byte) => String.fromCharCode(byte));
  return head.join('').trimStart().startsWith('<?xml');
}
