import { isApiError } from '../../core/errors.ts';
import { equal, fails, ok, pause, settled, until } from '../assert.ts';
import { conformanceContract } from '../contract.ts';
import { casesOf } from '../define.ts';
import { rawTransport } from './raw.ts';

const define = casesOf('deadlines', ['call']);

/** Clocks of two machines and the way between them, in milliseconds. */
const TOLERANCE_MS = 5000;

/** A signal that counts its listeners. */
function watched(): { readonly controller: AbortController; readonly listeners: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  const present = new Set<unknown>();
  const add = signal.addEventListener.bind(signal) as (...args: unknown[]) => void;
  const remove = signal.removeEventListener.bind(signal) as (...args: unknown[]) => void;
  signal.addEventListener = (...args: unknown[]) => (present.add(args[1]), add(...args));
  signal.removeEventListener = (...args: unknown[]) => (present.delete(args[1]), remove(...args));
  return { controller, listeners: () => present.size };
}

export const deadlineCases = [
  define('reaches-handler', 'The deadline reaches the handler as a time.', async (t) => {
    const { client, probe } = await t.open();
    const expected = Date.now() + 60_000;
    const call = client.wait({ id: 'a' }, { timeoutMs: 60_000 });
    await until(() => probe.waits.has('a'), 'the call has arrived');
    const deadline = probe.waits.get('a')?.deadline;
    ok(deadline !== undefined && Math.abs(deadline - expected) < TOLERANCE_MS, `the deadline is off by ${(deadline ?? NaN) - expected} ms`);
    probe.waits.get('a')?.release();
    await settled(call, 'the answer');
  }),

  define('default', 'The client’s own timeoutMs is the default; Infinity means none, and none reaches the handler.', async (t) => {
    const { another, probe } = await t.open();
    const short = another({ timeoutMs: 45_000 });
    const first = short.wait({ id: 'short' });
    const second = another({ timeoutMs: Infinity }).wait({ id: 'none' });
    await until(() => probe.waits.size === 2, 'both calls have arrived');
    const left = (probe.waits.get('short')?.deadline ?? 0) - Date.now();
    ok(Math.abs(left - 45_000) < TOLERANCE_MS, `the deadline is ${left} ms away`);
    equal(probe.waits.get('none')?.deadline, undefined, 'the deadline of the call without one');
    for (const run of probe.waits.values()) run.release();
    await settled(Promise.all([first, second]), 'the answers');
  }),

  define('exceeded', 'When the deadline passes, the caller gets DEADLINE_EXCEEDED and the handler’s signal aborts.', async (t) => {
    const { client, probe } = await t.open();
    // First, so that connecting does not take the time.
    await client.noInput();
    const call = client.wait({ id: 'late' }, { timeoutMs: 250 });
    await fails(call, 'DEADLINE_EXCEEDED');
    await until(() => probe.waits.get('late')?.aborted === true, 'the handler’s signal aborted');
    const { reason } = probe.waits.get('late') ?? {};
    ok(
      isApiError(reason) && (reason.code === 'DEADLINE_EXCEEDED' || reason.code === 'CANCELLED'),
      `the signal’s reason is ${String(reason)}`,
    );
  }),

  define('silent-peer', 'A peer that never answers does not keep a call from ending at its deadline.', async (t) => {
    const client = await t.connect(conformanceContract, rawTransport({ call: () => new Promise(() => {}) }));
    await fails(client.noInput(undefined, { timeoutMs: 100 }), 'DEADLINE_EXCEEDED');
  }),

  define('invalid', 'A timeoutMs that is not a positive number is INVALID_ARGUMENT.', async (t) => {
    const { client, probe } = await t.open();
    for (const timeoutMs of [0, -1, NaN]) await fails(client.noInput(undefined, { timeoutMs }), 'INVALID_ARGUMENT');
    equal(probe.runsOf('noInput'), 0, 'the runs');
  }),

  define('not-a-header', 'The handler does not see the header that carries the deadline.', async (t) => {
    const { client } = await t.open();
    const { headers } = await client.headers(undefined, { timeoutMs: 30_000 });
    const stray = Object.keys(headers).filter((name) => name.includes('timeout'));
    equal(stray, [], 'headers that carry the deadline');
  }),

  define('cancel', 'Aborting the caller’s signal rejects with CANCELLED and aborts the handler’s signal.', async (t) => {
    const { client, probe } = await t.open();
    const { controller, listeners } = watched();
    const call = client.wait({ id: 'a' }, { signal: controller.signal });
    const other = client.wait({ id: 'b' });
    await until(() => probe.waits.size === 2, 'the calls have arrived');
    controller.abort();
    await fails(call, 'CANCELLED');
    await until(() => probe.waits.get('a')?.aborted === true, 'the handler’s signal aborted');
    equal(listeners(), 0, 'listeners left on the caller’s signal');
    equal(probe.waits.get('b')?.aborted, false, 'the other call is cancelled');
    probe.waits.get('b')?.release();
    equal(await settled(other, 'the other call'), { id: 'b' }, 'the other call');
  }),

  define('cancelled-before', 'A call whose signal has aborted already is CANCELLED and never sent.', async (t) => {
    const { client, probe } = await t.open();
    const error = await fails(client.noInput(undefined, { signal: AbortSignal.abort() }), 'CANCELLED');
    equal(error.sent, false, 'whether it was sent');
    await client.nothing();
    equal(probe.runsOf('noInput'), 0, 'the runs');
  }),

  define('cancel-after', 'Aborting after the answer changes nothing, and no listener is left on the caller’s signal.', async (t) => {
    const { client } = await t.open();
    const { controller, listeners } = watched();
    for (let index = 0; index < 5; index++) await client.noInput(undefined, { signal: controller.signal });
    await fails(client.fail({ code: 'NOT_FOUND', message: 'x' }, { signal: controller.signal }), 'NOT_FOUND');
    equal(listeners(), 0, 'listeners left on the caller’s signal');
    controller.abort();
    await pause(1);
    equal(await client.noInput(), { done: true }, 'the next call');
  }),
];
