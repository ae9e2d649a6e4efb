import { createLightFetch } from '#fetch';
import { ApiError } from '../core/errors.ts';
import { networkError } from '../http/client/network-error.ts';
import { parseJson } from '../peer/json.ts';
import { isWebhookError, signWebhook, verifyWebhook, type SigningScheme, type WebhookScheme } from '../webhook/client.ts';
import { SCHEME_NAMES } from '../webhook/signing/find-scheme.ts';
import { SCHEMES } from '../webhook/signing/schemes.ts';
import { unknown, UsageError } from './args.ts';
import { defineCommand } from './command.ts';
import { API_ERROR, headersOf, printApiError } from './connection.ts';
import { painter, printJson } from './terminal.ts';
import { after } from '../life/timers.ts';

const ACTIONS = ['sign', 'verify', 'send'];
const TIMEOUT_MS = 15_000;

export const webhookCommand = defineCommand({
  name: 'webhook',
  summary: 'signs, verifies and sends webhooks',
  positionals: ['<sign|verify|send>', '[<body>]'],
  flags: {
    secret: { type: 'string', value: '<secret>', summary: 'whsec_…, or what the provider gave; better in the variable WEBHOOK_SECRET' },
    scheme: {
      type: 'string',
      value: '<scheme>',
      summary: `one of ${SCHEME_NAMES.join(', ')}; to sign, one of the first ${Object.keys(SCHEMES).length}`,
      default: 'standard',
    },
    header: { type: 'string', value: '<name:value>', summary: 'verify: as it came; send: sent along', multiple: true, short: 'H' },
    id: { type: 'string', value: '<id>', summary: 'sign and send: the id (default a random one)' },
    timestamp: { type: 'number', value: '<s>', summary: 'sign and send: seconds since 1970 (default now)' },
    'tolerance-s': { type: 'number', value: '<s>', summary: 'verify: how far the timestamp may be off', default: 300 },
    url: { type: 'string', value: '<url>', summary: 'send: the receiver' },
    event: { type: 'string', value: '<type>', summary: 'send: makes {"event","timestamp","data"} around the body, which is the data' },
    json: { type: 'boolean', summary: 'for programs: one line of JSON' },
  },
  notes: [
    'The body is the second argument or, without one, standard input, byte for byte.',
    'Exit codes: 0; 1 if the webhook is not verified, or was not answered with 2xx; 2 for wrong usage.',
  ],
  examples: [
    [`multi-api-sdk webhook sign '{"event":"ping"}'`, 'prints the headers'],
    [
      "multi-api-sdk webhook verify -H 'webhook-id: …' -H 'webhook-timestamp: …' -H 'webhook-signature: …' < body.json",
      'says what is wrong',
    ],
    [`multi-api-sdk webhook send '{"title":"Hello"}' --event article.published --url http://localhost:3000/webhook`, 'tries a receiver'],
  ],
  async run({ flags, positionals: [action = '', body] }) {
    if (!ACTIONS.includes(action))
      throw action === '' ? new UsageError('what? multi-api-sdk webhook <sign|verify|send>') : unknown('action', action, ACTIONS);
    const schemes: readonly string[] = action === 'verify' ? SCHEME_NAMES : Object.keys(SCHEMES);
    if (!schemes.includes(flags.scheme)) throw unknown('scheme', flags.scheme, schemes);
    const scheme = flags.scheme as WebhookScheme;
    const secret = flags.secret ?? process.env['WEBHOOK_SECRET'];
    if (secret === undefined) throw new UsageError('which secret? --secret <secret>, or the variable WEBHOOK_SECRET');
    if (action === 'send' && flags.url === undefined) throw new UsageError('the receiver is missing: --url <url>');
    const given = headersOf(flags.header);
    let payload: string | Uint8Array = body ?? (await readInput());
    const signing = {
      secret,
      scheme: scheme as SigningScheme,
      ...(flags.id !== undefined && { id: flags.id }),
      ...(flags.timestamp !== undefined && { timestampMs: flags.timestamp * 1000 }),
    };
    try {
      if (action === 'verify') {
        const { id, timestampMs } = await verifyWebhook({
          payload,
          headers: given,
          secret,
          scheme,
          toleranceMs: flags['tolerance-s'] * 1000,
        });
        const sentAt = timestampMs === undefined ? undefined : new Date(timestampMs).toISOString();
        printJson(process.stdout, { verified: true, id, sentAt }, flags.json);
        return 0;
      }
      if (action === 'send' && flags.event !== undefined) {
        const text = typeof payload === 'string' ? payload : new TextDecoder().decode(payload);
        payload = JSON.stringify({ event: flags.event, timestamp: new Date().toISOString(), data: parseJson(text) });
      }
      const signature = await signWebhook({ payload, ...signing });
      if (action === 'send') return await send(flags.url ?? '', { ...given, ...signature }, payload, flags.json);
      if (flags.json) printJson(process.stdout, signature, true);
      else
        process.stdout.write(
          Object.entries(signature)
            .map(([name, value]) => `${name}: ${value}\n`)
            .join(''),
        );
      return 0;
    } catch (error) {
      if (error instanceof TypeError) throw new UsageError(error.message);
      if (!isWebhookError(error)) return printApiError(error, flags.json);
      printJson(process.stderr, { verified: false, reason: error.reason, message: error.message }, flags.json);
      return API_ERROR;
    }
  },
});

async function readInput(): Promise<Uint8Array> {
  if (process.stdin.isTTY) process.stderr.write(painter(process.stderr)('dim', 'the body, then Ctrl-D:\n'));
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Posts it once, and prints what came back. */
async function send(url: string, headers: Record<string, string>, payload: string | Uint8Array, isForPrograms: boolean): Promise<number> {
  if (!URL.canParse(url)) throw new UsageError(`--url '${url}' is not a URL`);
  const carrier = createLightFetch();
  const controller = new AbortController();
  const stop = after(TIMEOUT_MS, () => controller.abort(new ApiError('DEADLINE_EXCEEDED', `no answer within ${TIMEOUT_MS} ms`)));
  try {
    const begun = performance.now();
    const response = await carrier.fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: payload as string,
      signal: controller.signal,
      redirect: 'manual',
    });
    const text = await response.text();
    const durationMs = Math.round(performance.now() - begun);
    printJson(
      process.stdout,
      { status: response.status, durationMs, ...(text !== '' && { response: text.slice(0, 2000) }) },
      isForPrograms,
    );
    return response.ok ? 0 : API_ERROR;
  } catch (error) {
    return printApiError(networkError(error, url, controller.signal), isForPrograms);
  } finally {
    stop();
    await carrier.close();
  }
}
