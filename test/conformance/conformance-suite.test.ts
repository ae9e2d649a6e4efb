import { describe, expect, it } from 'vitest';
import { ApiError } from '../../src/index.ts';
import { conformanceCases, runConformance, type Open } from '../../src/conformance/index.ts';
import type { CallRequest, EventRequest, Transport } from '../../src/core/transport.ts';

/** A protocol that does one thing wrong: in process, with this around the service. */
function faulty(change: (inner: Transport) => Partial<Transport>): Open {
  return async (transport) => ({
    // A plain object, so that the client puts its own guard around it.
    transport: {
      contract: transport.contract,
      name: 'faulty',
      call: (request: CallRequest) => transport.call(request),
      subscribe: (request, sink) => transport.subscribe(request, sink),
      close: async () => {},
      ...change(transport),
    },
    close: async () => {},
  });
}

function withRequest(request: CallRequest, change: Partial<CallRequest>): CallRequest {
  return { ...request, signal: request.signal, ...change };
}

async function failuresOf(open: Open, ...ids: readonly string[]): Promise<string[]> {
  const cases = conformanceCases.filter(({ id }) => ids.includes(id));
  expect(cases).toHaveLength(ids.length);
  return (await runConformance(open, { cases })).filter(({ status }) => status === 'failed').map(({ id }) => id);
}

const onError = (inner: Transport, make: (error: ApiError) => ApiError): Partial<Transport> => ({
  call: (request: CallRequest) => inner.call(request).catch((error: ApiError) => Promise.reject(make(error))),
});

/** Faults, and the cases that must see them. A suite that passes a broken protocol is worth nothing. */
const faults: readonly (readonly [what: string, open: Open, ids: readonly string[]])[] = [
  [
    'loses details',
    faulty((inner) => onError(inner, ({ code, text, requestId }) => new ApiError(code, text, { requestId }))),
    ['errors-codes', 'errors-details-text'],
  ],
  [
    'loses request ids',
    faulty((inner) => onError(inner, ({ code, text, details, retryAfterMs }) => new ApiError(code, text, { details, retryAfterMs }))),
    ['errors-codes', 'headers-request-id'],
  ],
  [
    'sends the prefix',
    faulty((inner) => onError(inner, (error) => new ApiError(error.code, error.message, error))),
    ['errors-prefix', 'errors-codes'],
  ],
  [
    'mixes two codes up',
    faulty((inner) => onError(inner, (error) => (error.code === 'ABORTED' ? new ApiError('ALREADY_EXISTS', error.text, error) : error))),
    ['errors-codes', 'idempotency-in-progress'],
  ],
  [
    'drops headers',
    faulty((inner) => ({ call: (request) => inner.call(withRequest(request, { headers: {} })) })),
    ['headers-travel', 'idempotency-same-key', 'paging-headers'],
  ],
  [
    'drops the deadline',
    faulty((inner) => ({ call: (request) => inner.call(withRequest(request, { deadline: undefined })) })),
    ['deadlines-reaches-handler', 'deadlines-default'],
  ],
  [
    'drops the signal',
    faulty((inner) => ({ call: (request) => inner.call(withRequest(request, { signal: new AbortController().signal })) })),
    ['deadlines-cancel', 'deadlines-exceeded'],
  ],
  [
    'turns null into absent',
    faulty((inner) => ({
      call: async (request) =>
        JSON.parse(JSON.stringify((await inner.call(request)) ?? null), (_, value: unknown) => value ?? undefined) as unknown,
    })),
    ['calls-presence'],
  ],
  [
    'turns numbers into text',
    faulty((inner) => ({
      call: (request) =>
        inner.call(
          withRequest(request, {
            input: JSON.parse(JSON.stringify(request.input ?? null), (_, value: unknown) =>
              typeof value === 'number' ? String(value) : value,
            ) as unknown,
          }),
        ),
    })),
    ['calls-every-kind', 'calls-numbers'],
  ],
  [
    'loses the second event of each ten',
    faulty((inner) => ({
      subscribe(request, sink) {
        let count = 0;
        return inner.subscribe(request, { ...sink, next: (message) => (count++ % 10 === 1 ? undefined : sink.next(message)) });
      },
    })),
    ['events-order'],
  ],
  [
    'keeps subscriptions after their subscribers left',
    faulty((inner) => ({ subscribe: (request, sink) => inner.subscribe({ ...request, signal: new AbortController().signal }, sink) })),
    ['events-unsubscribe', 'events-abort'],
  ],
  [
    'forgets the last event id',
    faulty((inner) => ({ subscribe: (request, sink) => inner.subscribe({ ...(request as EventRequest), lastEventId: undefined }, sink) })),
    ['resuming-last-id', 'resuming-unknown-id'],
  ],
  [
    'ignores channel parameters',
    faulty((inner) => ({ subscribe: (request, sink) => inner.subscribe({ ...(request as EventRequest), params: {} }, sink) })),
    ['events-params'],
  ],
  [
    'hides gaps',
    faulty((inner) => ({ subscribe: (request, sink) => inner.subscribe(request, { ...sink, gap: () => {} }) })),
    ['resuming-gap', 'resuming-unknown-id'],
  ],
  ['has no limit for what it reads', faulty(() => ({})), ['limits-event']],
  [
    'says that it is subscribed before it is',
    faulty((inner) => ({
      subscribe: async (request, sink) => {
        setTimeout(() => void inner.subscribe(request, sink).catch((error: ApiError) => sink.end(error)), 20);
      },
    })),
    ['events-acknowledged', 'resuming-refused'],
  ],
];

describe('the suite sees a protocol that', () => {
  it.concurrent.each(faults)(
    '%s',
    async (_, open, ids) => {
      expect(await failuresOf(open, ...ids)).toEqual(conformanceCases.map(({ id }) => id).filter((id) => ids.includes(id)));
    },
    60_000,
  );
});

describe('runConformance', () => {
  const fine: Open = async (transport) => ({ transport, close: async () => {} });
  const [first] = conformanceCases;

  it('gives a result for each case, and tells of each as it comes', async () => {
    const told: string[] = [];
    const cases = conformanceCases.filter(({ id }) => id.startsWith('headers-'));
    const results = await runConformance(fine, {
      cases,
      skips: [
        { id: 'headers-option', reason: 'no adapter here' },
        { id: 'headers-option-changes', reason: 'no adapter here' },
        { id: 'headers-option-fails', reason: 'no adapter here' },
        { id: 'headers-option-forms', reason: 'no adapter here' },
      ],
      onResult: ({ id }) => told.push(id),
    });
    expect(told).toEqual(cases.map(({ id }) => id));
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['passed', 'skipped']));
    expect(results.find(({ id }) => id === 'headers-option')).toMatchObject({ status: 'skipped', reason: 'no adapter here' });
  });

  it('leaves out what needs a verb that the protocol has not', async () => {
    const results = await runConformance(fine, {
      can: ['call'],
      cases: conformanceCases.filter(({ needs }) => needs.includes('subscribe')),
    });
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['skipped']));
  });

  it('closes the server also where a client does not close', async () => {
    let closed = 0;
    const open: Open = async (inner) => ({
      transport: () => ({
        contract: inner.contract,
        name: 'stuck',
        call: (request) => inner.call(request),
        subscribe: (request, sink) => inner.subscribe(request, sink),
        close: () => Promise.reject(new Error('stuck')),
      }),
      close: async () => void closed++,
    });
    expect(await failuresOf(open, 'calls-empty-output')).toEqual(['calls-empty-output']);
    expect(closed).toBe(1);
  });

  it('refuses a skip that names no case', async () => {
    await expect(runConformance(fine, { skips: [{ id: 'calls-nothing-such', reason: '' }] })).rejects.toThrow(/'calls-nothing-such'/);
  });

  it('fails a case where an error was reported that it did not expect', async () => {
    const noisy: Open = async (transport, { onError: report }) => (report(new Error('noise')), { transport, close: async () => {} });
    const results = await runConformance(noisy, { cases: first ? [first] : [] });
    expect(results[0]).toMatchObject({ status: 'failed', reason: expect.stringContaining('noise') as string });
  });
});

describe('ids of the cases', () => {
  // A published id never changes its meaning and never goes: users skip cases by it. New ones are written by `npx vitest run <this file> -u`.
  it('are those that were published', async () => {
    await expect(
      `${conformanceCases
        .map(({ id }) => id)
        .sort()
        .join('\n')}\n`,
    ).toMatchFileSnapshot('case-ids.txt');
  });
});
