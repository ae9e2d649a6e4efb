import { describe, expect, it } from 'vitest';
import { rawTransport } from '../../src/conformance/cases/raw.ts';
import { conformanceContract } from '../../src/conformance/contract.ts';
import type { EventMessage } from '../../src/core/transport.ts';
import { guard } from '../../src/guard/guard.ts';

describe('the guard', () => {
  it('keeps what an event says of the one before it, and adds nothing to others', async () => {
    const messages: EventMessage[] = ['b', undefined].map((after, index) => ({
      id: `e-${index}`,
      time: '2024-01-15T09:30:00Z',
      data: { room: 'a', seat: 1, text: 'x', unknown: true },
      ...(after !== undefined && { after }),
    }));
    const inner = rawTransport({ subscribe: async (_, sink) => messages.forEach((message) => void sink.next(message)) });
    const got: EventMessage[] = [];
    await guard(inner, 'DATA_LOSS').subscribe(
      { event: conformanceContract.events.posted, params: {}, headers: {}, signal: new AbortController().signal },
      { next: (message) => void got.push(message), gap: () => {}, end: () => {} },
    );
    expect(got.map(({ data: _, ...rest }) => rest)).toEqual(messages.map(({ data: _, ...rest }) => rest));
  });
});
