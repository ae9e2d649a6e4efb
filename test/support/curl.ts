import { spawn, spawnSync } from 'node:child_process';

/** Why tests with curl cannot run here, or nothing where they can. */
export const NO_CURL = spawnSync('curl', ['--version']).status === 0 ? undefined : 'curl is not installed: on Debian, apt-get install curl';

/** What curl was answered. */
export interface CurlAnswer {
  readonly status: number;
  /** Lower-case names; repeated ones joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body as JSON. */
  json(): unknown;
}

/** Runs curl; resolves with the last response's head and body. Rejects where curl got none. */
export async function curl(...args: readonly string[]): Promise<CurlAnswer> {
  const { code, stdout, stderr } = await runCurl(['--include', ...args]);
  if (code !== 0) throw new Error(`curl ended with ${code}: ${stderr}`);
  return parse(stdout);
}

/** Runs curl for a time that the server does not end by itself, and cuts it off once `isEnough` says so of what came. */
export async function curlUntil(isEnough: (text: string) => boolean, ...args: readonly string[]): Promise<CurlAnswer> {
  return parse((await runCurl(['--include', '--no-buffer', ...args], isEnough)).stdout);
}

function runCurl(
  args: readonly string[],
  isEnough?: (text: string) => boolean,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('curl', ['--silent', '--show-error', '--max-time', '15', '--noproxy', '*', ...args]);
    const stdout: Buffer[] = [];
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout.push(chunk);
      if (isEnough?.(Buffer.concat(stdout).toString())) child.kill();
    });
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr }));
  });
}

function parse(text: string): CurlAnswer {
  let rest = text;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    const [start = '', ...lines] = rest.slice(0, end === -1 ? undefined : end).split('\r\n');
    const status = Number(/^HTTP\/[\d.]+ (\d{3})/.exec(start)?.[1]);
    const body = end === -1 ? '' : rest.slice(end + 4);
    // 100 Continue and the like come before the response.
    if (status >= 200) return { status, headers: headersOf(lines), body, json: () => JSON.parse(body) as unknown };
    if (end === -1 || Number.isNaN(status)) throw new Error(`curl was not answered in HTTP: ${text.slice(0, 200)}`);
    rest = body;
  }
}

function headersOf(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name] ?? ''}, ${value}` : value;
  }
  return headers;
}
