import { inTime } from '../life/timers.ts';

/** Sends one command to Redis and gives its reply; rejects with the error that Redis gave. */
export type SendCommand = (command: string[]) => Promise<unknown>;

/** Sends commands whose replies are waited for no longer than `timeoutMs`: a connection may be lost without a sign. */
export function sendInTime(send: SendCommand, timeoutMs: number): SendCommand {
  const late = () => new Error(`redisStores: Redis has not answered a command within ${timeoutMs} ms`);
  return async (command) => inTime(timeoutMs, send(command), late);
}

/** A Lua script: its text names its keys and arguments. */
export interface Script {
  readonly text: string;
  /** How many of its arguments are keys; `'first'`: the first one says how many follow it. */
  readonly keys: number | 'first';
}

/** Runs scripts: by their hash, after Redis has seen their text once. */
export class Scripts {
  readonly #hashes = new Map<Script, Promise<string> | string>();

  /** For commands without a script. */
  readonly send: SendCommand;

  constructor(send: SendCommand) {
    this.send = send;
  }

  run(script: Script, args: readonly string[]): Promise<unknown> {
    return this.#evaluate(script, args).catch((error: unknown) => {
      // It was restarted or flushed, or another node of it answers.
      if (!String(error).includes('NOSCRIPT')) throw error;
      this.#hashes.delete(script);
      return this.#evaluate(script, args);
    });
  }

  async #evaluate(script: Script, args: readonly string[]): Promise<unknown> {
    let hash = this.#hashes.get(script);
    if (!hash) this.#hashes.set(script, (hash = this.#load(script)));
    if (typeof hash !== 'string') this.#hashes.set(script, (hash = await hash));
    return this.send(script.keys === 'first' ? ['EVALSHA', hash, ...args] : ['EVALSHA', hash, String(script.keys), ...args]);
  }

  async #load(script: Script): Promise<string> {
    try {
      return String(await this.send(['SCRIPT', 'LOAD', script.text]));
    } catch (error) {
      this.#hashes.delete(script);
      throw error;
    }
  }
}

/** A list in a reply. */
export function listOf(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : [];
}
