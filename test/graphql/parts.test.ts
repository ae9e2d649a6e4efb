import { describe, expect, it } from 'vitest';
import { boundaryOf, PartsDecoder } from '../../src/graphql/stream/parts.ts';

const STREAM =
  '\r\n--graphql\r\ncontent-type: application/json\r\n\r\n{}\r\n--graphql\r\ncontent-type: application/json\r\n\r\n' +
  '{"payload":{"data":{"a":"--graphql"}}}\r\n--graphql\r\ncontent-type: application/json\r\n\r\n{"payload":null}\r\n--graphql--\r\n';
const EVENTS = [
  ['part', '{"payload":{"data":{"a":"--graphql"}}}'],
  ['part', '{"payload":null}'],
  ['complete', ''],
];

function decode(pieces: readonly string[]) {
  const decoder = new PartsDecoder('graphql');
  return pieces.flatMap((piece) => decoder.push(piece)).map(({ event, data }) => [event, data]);
}

describe('a body in parts', () => {
  it('is read the same wherever it is cut', () => {
    expect(decode([STREAM])).toEqual(EVENTS);
    expect(decode([...STREAM])).toEqual(EVENTS);
    for (let at = 0; at <= STREAM.length; at++) expect(decode([STREAM.slice(0, at), STREAM.slice(at)])).toEqual(EVENTS);
  });

  it('may have a preamble, or begin with the delimiter', () => {
    expect(decode([`a preamble${STREAM}`])).toEqual(EVENTS);
    expect(decode([STREAM.slice(2)])).toEqual(EVENTS);
  });

  it('may not have a part without end', () => {
    const decoder = new PartsDecoder('graphql');
    decoder.push('--graphql\r\n\r\n');
    expect(() => {
      for (let chars = 0; chars < 2_000_000; chars += 100_000) decoder.push('x'.repeat(100_000));
    }).toThrow(RangeError);
  });
});

describe('the boundary', () => {
  it.each([
    ['multipart/mixed;boundary="graphql";subscriptionSpec=1.0', 'graphql'],
    ['Multipart/Mixed; subscriptionSpec="1.0"; Boundary=-', '-'],
    ['multipart/mixed; boundary="a b;c"', 'a b;c'],
    ['multipart/mixed', undefined],
    ['application/json; boundary=x', undefined],
    [null, undefined],
  ])('of %s is %s', (type, boundary) => expect(boundaryOf(type)).toBe(boundary));
});
