import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from 'ws';

const PROGRAM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => spawnSync(path, ['--version'], { stdio: 'ignore' }).status === 0,
);

/** Why there is no browser, for the name of a test that is skipped; `undefined` where there is one. */
export const noChromium = PROGRAM === undefined ? 'skipped: apt-get install chromium' : undefined;

/** A page of a headless browser. */
export interface Page {
  /** What the page itself complained of: exceptions, errors on its console, resources that did not load. */
  readonly complaints: readonly string[];
  /** Every address that the page asked for. */
  readonly requested: readonly string[];
  /** Evaluates an expression in the page; promises are waited for. */
  evaluate(expression: string): Promise<unknown>;
  /** Presses keys one after the other, as a keyboard does: `Tab`, `Enter`, `ArrowRight`, or text. */
  press(...keys: readonly string[]): Promise<void>;
  /** A picture of it, as PNG. */
  screenshot(): Promise<Buffer>;
  close(): Promise<void>;
}

/** Source: https://www.w3.org/TR/uievents/#fixed-virtual-key-codes */
const KEY_CODES: Readonly<Record<string, number>> = { Tab: 9, Enter: 13, Escape: 27, ArrowLeft: 37, ArrowRight: 39 };

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** Opens an address in Chromium, driven by its own protocol: https://chromedevtools.github.io/devtools-protocol/ */
export async function openPage(url: string): Promise<Page> {
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--window-size=1280,800'];
  const browser = spawn(PROGRAM ?? 'chromium', [...flags, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(browser, 'exit');
  const end = async () => {
    browser.kill('SIGKILL');
    await exited;
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  try {
    const socket = new WebSocket(await addressOf(browser.stderr));
    await once(socket, 'open');
    return await attach(socket, url, end);
  } catch (error) {
    await end();
    throw error;
  }
}

async function addressOf(stderr: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stderr) {
    text += String(chunk);
    const found = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
    if (found !== undefined) return found;
  }
  throw new Error(`Chromium did not start: ${text.slice(-1000)}`);
}

async function attach(socket: WebSocket, url: string, end: () => Promise<void>): Promise<Page> {
  const waiting = new Map<number, (reply: Reply) => void>();
  const complaints: string[] = [];
  const requested: string[] = [];
  let lastId = 0;
  socket.on('message', (data: Buffer) => {
    const reply = JSON.parse(data.toString('utf8')) as Reply;
    if (reply.id !== undefined) waiting.get(reply.id)?.(reply);
    else if (reply.method === 'Network.requestWillBeSent') requested.push((reply.params?.['request'] as { url: string }).url);
    else if (reply.method === 'Runtime.exceptionThrown') complaints.push(JSON.stringify(reply.params));
    else if (reply.method === 'Log.entryAdded') {
      const { level, text } = reply.params?.['entry'] as { level: string; text: string };
      if (level === 'error') complaints.push(text);
    }
  });
  const sendTo = (sessionId: string | undefined, method: string, params: Readonly<Record<string, unknown>> = {}) =>
    new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
      const id = ++lastId;
      waiting.set(id, ({ result, error }) => {
        waiting.delete(id);
        if (result) resolve(result);
        else reject(new Error(`${method}: ${error?.message ?? 'no answer'}`));
      });
      socket.send(JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) }));
    });
  const { targetId } = await sendTo(undefined, 'Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await sendTo(undefined, 'Target.attachToTarget', { targetId, flatten: true });
  const send = (method: string, params?: Readonly<Record<string, unknown>>) => sendTo(String(sessionId), method, params);
  for (const domain of ['Runtime', 'Network', 'Log', 'Page']) await send(`${domain}.enable`);
  await send('Page.navigate', { url });
  return {
    complaints,
    requested,
    async evaluate(expression) {
      const answer = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
      if (answer['exceptionDetails'] !== undefined) throw new Error(JSON.stringify(answer['exceptionDetails']));
      return (answer['result'] as { readonly value?: unknown }).value;
    },
    async press(...keys) {
      for (const key of keys) {
        const code = KEY_CODES[key];
        if (code === undefined) await send('Input.insertText', { text: key });
        else {
          const what = { key, code: key, windowsVirtualKeyCode: code, ...(key === 'Enter' && { text: '\r' }) };
          await send('Input.dispatchKeyEvent', { type: 'keyDown', ...what });
          await send('Input.dispatchKeyEvent', { type: 'keyUp', ...what });
        }
      }
    },
    async screenshot() {
      const { data } = await send('Page.captureScreenshot', { format: 'png' });
      return Buffer.from(String(data), 'base64');
    },
    async close() {
      socket.terminate();
      await end();
    },
  };
}
