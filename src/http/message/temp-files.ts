/** The files of Node that this room needs. */
interface Fs {
  statSync(path: string, options: { readonly throwIfNoEntry: false }): { isDirectory(): boolean } | undefined;
  open(path: string, flags: string, mode: number, done: (error: Error | null, fd?: number) => void): void;
  unlink(path: string, done: (error: Error | null) => void): void;
  write(fd: number, bytes: Uint8Array, from: number, size: number, at: number, done: (error: Error | null, written?: number) => void): void;
  read(fd: number, bytes: Uint8Array, from: number, size: number, at: number, done: (error: Error | null, read?: number) => void): void;
  close(fd: number, done: () => void): void;
}

/** Pieces of one read. */
const PIECE_BYTES = 65_536;

interface Opened {
  readonly fd: number;
  isOpen: boolean;
}

/** Files that nobody reads or leaves are closed when nothing knows them any more. Made on first use: some workers have no such class. */
let forgotten: FinalizationRegistry<Opened> | undefined;

/** Throws a `TypeError` for a folder that can hold no files. */
export function checkTempFolder(owner: string, folder: string | undefined): void {
  if (folder === undefined) return;
  if (typeof folder !== 'string' || folder === '') throw new TypeError(`${owner}: tempFolder must be the path of a folder`);
  if (!builtin()?.statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new TypeError(`${owner}: tempFolder '${folder}' is not a folder, or this platform has no files`);
}

/** The large files of one request, in a folder. They have no names there, so nothing is left behind if the process ends. */
export class TempFiles {
  readonly #open = new Set<Opened>();

  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Writes a content into a file, no faster than the disk takes it; resolves with its size and its pieces, which can be read once. */
  async keep(content: AsyncIterable<Uint8Array>): Promise<{ readonly size: number; readonly content: AsyncIterable<Uint8Array> }> {
    const fs = builtin();
    if (!fs) throw new TypeError('this platform has no files');
    const path = `${this.folder}/multi-api-sdk-${crypto.randomUUID()}`;
    const fd = await new Promise<number>((resolve, reject) => fs.open(path, 'wx+', 0o600, settle(resolve, reject)));
    const opened: Opened = { fd, isOpen: true };
    this.#open.add(opened);
    let size = 0;
    try {
      await new Promise<void>((resolve, reject) => fs.unlink(path, settle(resolve, reject)));
      for await (const piece of content) {
        for (let at = 0; at < piece.length;) {
          const from = at;
          at += await new Promise<number>((resolve, reject) =>
            fs.write(fd, piece, from, piece.length - from, size + from, settle(resolve, reject)),
          );
        }
        size += piece.length;
      }
    } catch (error) {
      this.#close(opened);
      throw error;
    }
    const pieces = this.#pieces(fs, opened, size);
    forgotten ??= new FinalizationRegistry<Opened>(close);
    forgotten.register(pieces, opened, opened);
    return { size, content: pieces };
  }

  /** Closes what was not read. */
  release(): void {
    for (const opened of [...this.#open]) this.#close(opened);
  }

  #pieces(fs: Fs, opened: Opened, size: number): AsyncIterable<Uint8Array> {
    return {
      [Symbol.asyncIterator]: () => {
        let at = 0;
        const end = (): IteratorResult<Uint8Array> => {
          this.#close(opened);
          return { done: true, value: undefined };
        };
        return {
          next: async () => {
            if (at >= size) return end();
            if (!opened.isOpen) throw new Error('the call that this file came with is over');
            const piece = new Uint8Array(Math.min(PIECE_BYTES, size - at));
            const read = await new Promise<number>((resolve, reject) =>
              fs.read(opened.fd, piece, 0, piece.length, at, settle(resolve, reject)),
            );
            at += read;
            return { done: false, value: piece.subarray(0, read) };
          },
          return: () => Promise.resolve(end()),
        };
      },
    };
  }

  #close(opened: Opened): void {
    this.#open.delete(opened);
    forgotten?.unregister(opened);
    close(opened);
  }
}

function close(opened: Opened): void {
  if (!opened.isOpen) return;
  opened.isOpen = false;
  builtin()?.close(opened.fd, () => {});
}

/** Node's files, without an import, because this room runs on platforms without them too. */
function builtin(): Fs | undefined {
  const scope = globalThis as { readonly process?: { readonly getBuiltinModule?: (name: string) => unknown } };
  return scope.process?.getBuiltinModule?.('node:fs') as Fs | undefined;
}

function settle<T>(resolve: (value: T) => void, reject: (error: Error) => void): (error: Error | null, value?: T) => void {
  return (error, value) => (error ? reject(error) : resolve(value as T));
}
