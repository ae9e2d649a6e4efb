/** Gateways: a protocol's server over another protocol's client. What holds for one hop must hold for two. */
import { describe, expect, test } from 'vitest';
import { conformanceCases, type ConformanceTarget, type Verb } from '../../src/conformance/index.ts';
import type { Adapter } from '../../src/core/transport.ts';
import { target as graphql } from '../protocols/graphql.ts';
import { target as grpc } from '../protocols/grpc.ts';
import { target as mqtt } from '../protocols/mqtt.ts';
import { target as rest } from '../protocols/rest.ts';
import { soapTarget } from '../protocols/soap.ts';
import { target as websocket } from '../protocols/websocket.ts';
import { testCases } from '../support/conformance.ts';

const soap = soapTarget('soap', '1.2');
const ALL = ['call', 'subscribe', 'stream'] as const;

/** Every pair of these. */
const protocols: readonly ConformanceTarget[] = [rest, graphql, websocket, grpc, mqtt, soap];

/** Pairs that run all cases. The others run those that show how values, errors, events and streams cross a second hop. */
const WHOLE = ['rest in front of rest', 'rest in front of graphql', 'graphql in front of soap'];
const CASES = [
  'calls-every-kind', 'calls-presence', 'calls-numbers', 'calls-empty-output', 'calls-unknown-operation', 'codecs-every-kind', 'codecs-events',
  'files-body', 'files-members', 'files-output', 'files-nested', 'files-bytes', 'files-large', 'files-rules', 'files-broken',
  'deadlines-reaches-handler', 'deadlines-exceeded', 'deadlines-cancel', 'headers-travel', 'headers-request-id', 'errors-codes', 'errors-details-text',
  'errors-retry-after', 'errors-typed', 'idempotency-same-key', 'paging-iterate', 'select-nested', 'validation-reply', 'events-payload', 'events-order',
  'events-params', 'events-unsubscribe', 'resuming-last-id', 'resuming-gap', 'resuming-end', 'streams-items', 'streams-refused', 'streams-error',
  'streams-crash', 'streams-break', 'streams-deadline', 'streams-backpressure', 'streams-close', 'streams-headers',
]; // prettier-ignore

/** `front` serves the client of `back`, which speaks to the service. */
function gateway(front: ConformanceTarget, back: ConformanceTarget): ConformanceTarget {
  const verbs = ({ can = ALL }: ConformanceTarget) => can;
  return {
    name: `${front.name} in front of ${back.name}`,
    can: verbs(front).filter((verb: Verb) => verbs(back).includes(verb)),
    skips: [...new Map([...(back.skips ?? []), ...(front.skips ?? [])].map((skip) => [skip.id, skip])).values()],
    async open(transport, options) {
      const inner = await back.open(transport, { onError: options.onError });
      const middle = (inner.transport as Adapter<never>)(transport.contract);
      const outer = await front.open(middle, options);
      return {
        transport: outer.transport,
        async close() {
          await outer.close();
          await middle.close();
          await inner.close();
        },
      };
    },
  };
}

const gateways = protocols.flatMap((front) => protocols.map((back) => gateway(front, back)));

describe('gateways', () => {
  test('the table has each pair, and cases that there are', () => {
    expect(new Set(gateways.map(({ name }) => name)).size).toBe(protocols.length ** 2);
    expect(WHOLE.filter((name) => !gateways.some((each) => each.name === name))).toEqual([]);
    expect(CASES.filter((id) => !conformanceCases.some((each) => each.id === id))).toEqual([]);
  });
});

describe.each(gateways)('$name', (target) => {
  testCases(target, WHOLE.includes(target.name) ? conformanceCases : conformanceCases.filter(({ id }) => CASES.includes(id)));
});
