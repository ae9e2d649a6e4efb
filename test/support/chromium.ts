import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path));

/** Why tests in a browser are skipped, if they are. */
export const noChromium = CHROMIUM === undefined ? 'chromium is not installed: apt-get install chromium' : undefined;

/** A page in a browser of its own. */
export interface BrowserPage {
  /** What an expression in the page gives, as JSON carries it. */
  evaluate(expression: string): Promise<unknown>;
  /** A PNG of what is seen. */
  screenshot(): Promise<Buffer>;
  /** Errors that nobody in the page caught. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

/** Opens a page in headless Chromium. Source: https://chromedevtools.github.io/devtools-protocol/ */
export async function openPage(url: string): Promise<BrowserPage> {
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
  const args = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank'];
  const browser = spawn(CHROMIUM ?? '', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const gone = once(browser, 'exit');
  const close = async () => {
    browser.kill('SIGKILL');
    await gone;
    await rm(profile, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    const socket = new WebSocket(await pageOf(await debuggerOf(createInterface({ input: browser.stderr }))));
    // Nobody reads on: a pipe that is full would hold the browser.
    browser.stderr.resume();
    await once(socket, 'open');
    const errors: string[] = [];
    const waiting = new Map<number, (answer: Answer) => void>();
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as Answer;
      if (message.method === 'Runtime.exceptionThrown') errors.push(JSON.stringify(message.params));
      if (message.id !== undefined) waiting.get(message.id)?.(message);
    });
    let last = 0;
    const send = (method: string, params: object = {}) =>
      new Promise<NonNullable<Answer['result']>>((resolve, reject) => {
        const id = ++last;
        waiting.set(id, ({ result, error }) => {
          waiting.delete(id);
          if (result) resolve(result);
          else reject(new Error(`${method}: ${error?.message ?? 'no result'}`));
        });
        socket.send(JSON.stringify({ id, method, params }));
      });
    await send('Runtime.enable');
    await send('Page.navigate', { url });
    return {
      errors,
      close,
      evaluate: async (expression) =>
        (await send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true })).result?.value,
      screenshot: async () => Buffer.from((await send('Page.captureScreenshot')).data ?? '', 'base64'),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: { readonly result?: { readonly value?: unknown }; readonly data?: string };
  readonly error?: { readonly message: string };
}

async function debuggerOf(lines: AsyncIterable<string>): Promise<string> {
  const seen: string[] = [];
  for await (const line of lines) {
    const [, host] = /^DevTools listening on ws:\/\/([^/]+)/.exec(line) ?? [];
    if (host !== undefined) return host;
    seen.push(line);
  }
  throw new Error(`chromium ended: ${seen.join('\n')}`);
}

async function pageOf(host: string): Promise<string> {
  const targets = (await (await fetch(`http://${host}/json/list`)).json()) as { type: string; webSocketDebuggerUrl: string }[];
  const page = targets.find(({ type }) => type === 'page');
  if (!page) throw new Error('chromium has no page open');
  return page.webSocketDebuggerUrl;
}
