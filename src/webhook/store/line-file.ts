import { createReadStream } from 'node:fs';
import { open, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';

/** The text that is written at a time, in characters: a file may be larger than a string can be. */
const CHUNK = 1024 * 1024;
const LINE_END = 0x0a;

/** A file that is only appended to, until it is put in the place of the old one as a whole. Written lines are on disk (fsync). */
export class LineFile {
  #file: FileHandle | undefined;
  /** It may end in half a line: a write was not completed. */
  #isTorn = true;
  #bytes = 0;

  private readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Whether it must be replaced before it can be appended to. */
  get isTorn(): boolean {
    return this.#isTorn;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The whole lines: text after the last line end was being written when the process died. None if there is no file. */
  async *read(): AsyncGenerator<string, void> {
    let rest: Uint8Array = new Uint8Array();
    try {
      for await (const chunk of createReadStream(this.path, { highWaterMark: CHUNK })) {
        const bytes = Buffer.concat([rest, chunk as Buffer]);
        let start = 0;
        for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start)) {
          yield bytes.toString('utf8', start, end);
          start = end + 1;
        }
        rest = bytes.subarray(start);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  async append(text: string): Promise<void> {
    this.#isTorn = true;
    await this.#file?.appendFile(text);
    await this.#file?.datasync();
    this.#isTorn = false;
    this.#bytes += Buffer.byteLength(text);
  }

  /** Begins anew with these lines: either all of them are there after a crash, or what was there before. Only its owner may read it. */
  async replace(lines: Iterable<string>): Promise<void> {
    this.#isTorn = true;
    const next = `${this.path}.next`;
    const file = await open(next, 'w', 0o600);
    let bytes = 0;
    try {
      for (const text of chunksOf(lines)) {
        await file.appendFile(text);
        bytes += Buffer.byteLength(text);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    // Windows puts no file in the place of one that is open.
    await this.#file?.close();
    this.#file = undefined;
    await rename(next, this.path);
    await syncFolder(dirname(this.path));
    this.#file = await open(this.path, 'a', 0o600);
    this.#isTorn = false;
    this.#bytes = bytes;
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }
}

function* chunksOf(lines: Iterable<string>): Iterable<string> {
  let text = '';
  for (const line of lines) {
    text += line;
    if (text.length < CHUNK) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

/** The name of a file is as durable as its folder. Windows opens no folders, and keeps names by itself. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
