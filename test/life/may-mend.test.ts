import { describe, expect, it } from 'vitest';
import { ApiError, ERROR_CODES } from '../../src/core/errors.ts';
import { mayMend, mayReconnect } from '../../src/life/mending.ts';

describe('what another try may mend', () => {
  const reconnects = (connected: boolean, remote: boolean) =>
    ERROR_CODES.filter((code) => mayReconnect(new ApiError(code, 'x', { remote }), connected));

  it('is a lost connection, a peer’s load, and credentials that were good', () => {
    expect(reconnects(true, true)).toEqual(['RESOURCE_EXHAUSTED', 'ABORTED', 'UNAVAILABLE', 'UNAUTHENTICATED']);
    expect(reconnects(false, true)).toEqual(['RESOURCE_EXHAUSTED', 'ABORTED', 'UNAVAILABLE']);
  });

  it('is no limit of one’s own, which would be met again', () => {
    expect(reconnects(false, false)).toEqual(['ABORTED', 'UNAVAILABLE']);
  });

  it('is never kept as the outcome of a keyed call', () => {
    const kept = ERROR_CODES.filter((code) => mayMend[code].keepOutcome);
    expect(kept.filter((code) => mayMend[code].retry || mayMend[code].reconnect)).toEqual([]);
    expect(ERROR_CODES.filter((code) => !kept.includes(code))).toEqual([
      'CANCELLED',
      'DEADLINE_EXCEEDED',
      'RESOURCE_EXHAUSTED',
      'ABORTED',
      'UNAVAILABLE',
      'UNAUTHENTICATED',
    ]);
  });
});
