/** Events that come before a subscription stands: what is more than may be held ends it, even if its source never answers. */
import { describe, expect, it } from 'vitest';
import { conformanceContract, type ConformanceTarget } from '../../src/conformance/index.ts';
import { note } from '../../src/conformance/cases/values.ts';
import { createConformanceService } from '../../src/conformance/service.ts';
import { isApiError, type ApiError } from '../../src/core/errors.ts';
import type { Transport } from '../../src/core/transport.ts';
import { target as connect } from '../protocols/connect.ts';
import { target as graphqlSse } from '../protocols/graphql-sse.ts';
import { target as graphql } from '../protocols/graphql.ts';
import { target as grpc } from '../protocols/grpc.ts';
import { target as rest } from '../protocols/rest.ts';
import { target as websocket } from '../protocols/websocket.ts';

const targets: readonly ConformanceTarget[] = [rest, graphql, graphqlSse, grpc, connect, websocket];

describe('more events than may be held before a subscription stands', () => {
  it.each(targets.map((target) => ({ name: target.name, target })))(
    'are sent as far as they were held, and end it over $name',
    async ({ target }) => {
      const { service } = createConformanceService();
      const hasty: Transport = {
        ...service,
        contract: service.contract,
        call: (request) => service.call(request),
        subscribe: (_, sink) => {
          for (let n = 0; n < 40; n++)
            void sink.next({ id: `e-${n}`, time: new Date().toISOString(), data: note(n, { text: 'x'.repeat(1000) }) });
          // A source that neither answers nor heeds its signal.
          return new Promise(() => {});
        },
      };
      const opened = await target.open(hasty, { maxBufferedBytes: 10_000, onError: () => {} });
      const transport = typeof opened.transport === 'function' ? opened.transport(conformanceContract) : opened.transport;
      const ids: string[] = [];
      const stop = new AbortController();
      const ended = await new Promise<ApiError | undefined>((resolve, reject) => {
        const sink = { next: ({ id }: { id: string }) => void ids.push(id), gap: () => {}, end: resolve };
        const event = conformanceContract.events.note;
        transport
          .subscribe({ event, params: {}, headers: {}, signal: stop.signal, lastEventId: 'e', peer: { protocol: 'test' } }, sink)
          .catch(reject);
      });
      expect(isApiError(ended) && ended.code).toBe('RESOURCE_EXHAUSTED');
      expect(ids.length).toBeGreaterThan(3);
      expect(ids).toEqual(ids.map((_, n) => `e-${n}`));
      stop.abort();
      await transport.close?.();
      await opened.close();
      await service.close();
    },
    10_000,
  );
});
