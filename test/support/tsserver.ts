import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';

/** A place in a file, counted from 1, as tsserver has it. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly offset: number;
}

interface Answer {
  readonly type: string;
  readonly request_seq?: number;
  readonly success?: boolean;
  readonly message?: string;
  readonly body?: unknown;
}

/** TypeScript's own language server, as editors run it: https://github.com/microsoft/TypeScript/wiki/Standalone-Server-(tsserver) */
export class TsServer {
  readonly #process = spawn(
    process.execPath,
    [createRequire(import.meta.url).resolve('typescript/lib/tsserver.js'), '--disableAutomaticTypingAcquisition'],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  );
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #sequence = 0;
  #rest = Buffer.alloc(0);

  constructor() {
    this.#process.stdout.on('data', (chunk: Buffer) => this.#read(chunk));
    // Whoever waits is told, instead of never.
    this.#process.once('exit', (code, signal) => {
      const message = `tsserver ended with ${String(code ?? signal)}`;
      for (const [request_seq, settle] of this.#waiting) settle({ type: 'response', request_seq, success: false, message });
    });
  }

  open(file: string): void {
    this.#send('open', { file });
  }

  async request<T>(command: string, args: object): Promise<T> {
    const sequence = this.#send(command, args);
    const answer = await new Promise<Answer>((resolve) => this.#waiting.set(sequence, resolve));
    if (answer.success !== true) throw new Error(`${command}: ${answer.message ?? 'failed'}`);
    return answer.body as T;
  }

  close(): void {
    this.#process.kill();
  }

  #send(command: string, args: object): number {
    const seq = ++this.#sequence;
    this.#process.stdin.write(`${JSON.stringify({ seq, type: 'request', command, arguments: args })}\n`);
    return seq;
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const end = this.#rest.indexOf('\r\n\r\n');
      if (end === -1) return;
      const length = Number(/Content-Length: (\d+)/.exec(this.#rest.toString('latin1', 0, end))?.[1]);
      if (this.#rest.length < end + 4 + length) return;
      const answer = JSON.parse(this.#rest.toString('utf8', end + 4, end + 4 + length)) as Answer;
      this.#rest = this.#rest.subarray(end + 4 + length);
      const { request_seq } = answer;
      if (request_seq === undefined) continue;
      this.#waiting.get(request_seq)?.(answer);
      this.#waiting.delete(request_seq);
    }
  }
}
