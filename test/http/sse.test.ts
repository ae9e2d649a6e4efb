import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeSse, encodeSseComment, SseDecoder, type SseEvent } from '../../src/http/events/sse.ts';

const decode = (...chunks: string[]) => {
  const decoder = new SseDecoder();
  return chunks.flatMap((chunk) => decoder.push(chunk));
};
const plain = (event: SseEvent) => ({ ...event, fields: Object.fromEntries(event.fields) });

describe('SseDecoder', () => {
  // The examples of https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
  it('reads the examples of the specification', () => {
    expect(decode('data: YHOO\ndata: +2\ndata: 10\n\n').map((event) => event.data)).toEqual(['YHOO\n+2\n10']);
    const events = decode(': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n');
    expect(events.map(({ id, data }) => [id, data])).toEqual([
      ['1', 'first event'],
      ['', 'second event'],
      ['', ' third event'],
    ]);
    expect(decode('data\n\ndata\ndata\n\ndata:').map((event) => event.data)).toEqual(['', '\n']);
    expect(decode('data:test\n\ndata: test\n\n').map((event) => event.data)).toEqual(['test', 'test']);
  });

  it.each(['\n', '\r', '\r\n'])('takes %j as the end of a line, cut anywhere', (end) => {
    const text = `\ufeffid: 7${end}event: chat.message${end}time: 2024${end}data: a${end}data: b${end}${end}data: c${end}${end}`;
    const wanted = [
      { id: '7', event: 'chat.message', data: 'a\nb', fields: { time: '2024' } },
      { id: '', event: 'message', data: 'c', fields: {} },
    ];
    for (let at = 0; at <= text.length; at++) expect(decode(text.slice(0, at), text.slice(at)).map(plain)).toEqual(wanted);
    expect(decode(...text).map(plain)).toEqual(wanted);
  });

  it('knows whether a comment has come, wherever the text is cut', () => {
    const decoder = new SseDecoder();
    for (const chunk of ['data: {"a"', ':1}\n', 'data', ': b\n\n', 'event: a\n:']) {
      decoder.push(chunk);
      expect(decoder.comments).toBe(0);
    }
    decoder.push('\n');
    expect(decoder.comments).toBe(1);
  });

  it('dispatches nothing without data, and no event has the id of one before it', () => {
    const decoder = new SseDecoder();
    for (const text of ['id: 5\n', '\n', 'id: a\0b\nretry: 2500\n\n']) expect(decoder.push(text)).toEqual([]);
    expect(decoder.push('data: x\n\n')).toMatchObject([{ id: '', data: 'x' }]);
  });

  it('throws over its limit, but not for many comments', () => {
    const decoder = new SseDecoder({ maxEventChars: 100 });
    for (let count = 0; count < 100; count++) decoder.push(': still here\n');
    decoder.push(`data: ${'x'.repeat(90)}\n\n`);
    expect(() => decoder.push('data: x\n'.repeat(20))).toThrow(RangeError);
    expect(() => new SseDecoder({ maxEventChars: 100 }).push('x'.repeat(101))).toThrow(RangeError);
  });

  it('takes time in proportion to what it reads', () => {
    const decoder = new SseDecoder({ maxEventChars: 2_000_000 });
    decoder.push('data: ');
    for (let at = 0; at < 200_000; at++) decoder.push('xxxxx');
    expect(decoder.push('\n\n')[0]?.data).toHaveLength(1_000_000);
    expect(decode('data: x\n\n'.repeat(50_000))).toHaveLength(50_000);
  });
});

describe('encodeSse', () => {
  it('refuses what would break the stream', () => {
    expect(() => encodeSse({ id: 'a\nb' })).toThrow(TypeError);
    expect(() => encodeSse({ id: 'a\0' })).toThrow(TypeError);
    expect(() => encodeSse({ event: 'a\r' })).toThrow(TypeError);
    expect(() => encodeSse({ fields: { 'a:b': '' } })).toThrow(TypeError);
    expect(() => encodeSseComment('a\nb')).toThrow(TypeError);
  });

  it('is what SseDecoder reads, under any chunking', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'é', '😀', ' ', ':', '-', '\ufeff'), maxLength: 6 });
    const text = fc.string({ unit: fc.constantFrom('a', ' ', ':', '\n', '\r', '\0', '{', '😀', '\ufeff'), maxLength: 12 });
    const fields = fc.record({ id: word, event: word, data: text, time: word }, { requiredKeys: ['id', 'data'] });
    fc.assert(
      fc.property(fc.array(fields, { maxLength: 5 }), fc.array(fc.nat({ max: 6 })), fc.boolean(), (events, sizes, isCommented) => {
        const all = events
          .map(({ id, event, data, time }) => encodeSse({ id, event, data, ...(time !== undefined && { fields: { time } }) }))
          .join(isCommented ? encodeSseComment(' x') : '');
        const decoder = new SseDecoder();
        const read: SseEvent[] = [];
        let at = 0;
        for (const size of sizes) {
          read.push(...decoder.push(all.slice(at, at + size)));
          at += size;
        }
        read.push(...decoder.push(all.slice(at)));
        expect(read.map(plain)).toEqual(
          events.map(({ id, event, data, time }) => ({
            id,
            event: event || 'message',
            data: data.replace(/\r\n?/g, '\n'),
            fields: time === undefined ? {} : { time },
          })),
        );
      }),
      { numRuns: 500 },
    );
  });
});
