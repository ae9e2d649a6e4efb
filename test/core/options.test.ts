import { describe, expect, expectTypeOf, it } from 'vitest';
import { bytes, count, ms, readOptions } from '../../src/core/options.ts';

interface Options {
  readonly maxBytes?: number;
  readonly graceMs?: number | undefined;
  readonly port?: number;
  readonly name?: string;
}

const READERS = {
  maxBytes: bytes(1024),
  graceMs: ms(10, { zero: true }),
  port: count(undefined, { zero: true, infinity: false, most: 65_535 }),
};
const read = (options: Options) => readOptions('thing', options, READERS, ['name']);

describe('readOptions', () => {
  it('fills in defaults and takes the rest as it is', () => {
    const given: Options = { name: 'a', graceMs: undefined };
    const options = read(given);
    expect(options).toEqual({ name: 'a', maxBytes: 1024, graceMs: 10, port: undefined });
    expect(given).toEqual({ name: 'a', graceMs: undefined });
    expectTypeOf(options.maxBytes).toEqualTypeOf<number>();
    expectTypeOf(options.port).toEqualTypeOf<number | undefined>();
    expectTypeOf(options.name).toEqualTypeOf<string | undefined>();
  });

  it.each([
    [{ maxBytes: 1 }, { maxBytes: 1 }],
    [{ maxBytes: Infinity }, { maxBytes: Infinity }],
    [{ graceMs: 0 }, { graceMs: 0 }],
    [{ port: 65_535 }, { port: 65_535 }],
  ])('takes %o', (given, expected) => {
    expect(read(given)).toMatchObject(expected);
  });

  it.each([
    ['maxBytes', NaN, 'thing: maxBytes must be a whole number of bytes, 1 or more, or Infinity for no limit, not NaN'],
    ['maxBytes', 0, /1 or more.*not 0$/],
    ['maxBytes', -1, /not -1$/],
    ['maxBytes', -Infinity, /not -Infinity$/],
    ['maxBytes', 1.5, /not 1.5$/],
    ['maxBytes', '5', /not "5"$/],
    ['maxBytes', null, /not null$/],
    ['maxBytes', {}, /not an object$/],
    ['maxBytes', 5n, /not 5$/],
    ['maxBytes', 2 ** 60, /1 or more/],
    ['graceMs', -1, 'thing: graceMs must be a whole number of milliseconds, 0 or more, or Infinity for no limit, not -1'],
    ['port', 65_536, 'thing: port must be a whole number, 0 to 65535, not 65536'],
    ['port', Infinity, 'thing: port must be a whole number, 0 to 65535, not Infinity'],
  ])('refuses %s: %o', (name, value, message) => {
    expect(() => read({ [name]: value })).toThrow(TypeError);
    expect(() => read({ [name]: value })).toThrow(message);
  });

  it('refuses unknown names, and names the nearest, or all', () => {
    expect(() => read({ maxByte: 5 } as never)).toThrow(new TypeError("thing: unknown option 'maxByte', do you mean 'maxBytes'?"));
    expect(() => read({ colour: 5 } as never)).toThrow(
      new TypeError("thing: unknown option 'colour': there are maxBytes, graceMs, port, name"),
    );
    const given: {} = { x: 1 };
    expect(() => readOptions('thing', given, {}, [])).toThrow(new TypeError("thing: unknown option 'x': it takes none"));
    expect(() => read({ constructor: 5 } as never)).toThrow(/unknown option 'constructor'/);
    expect(read({ colour: undefined } as never)).toMatchObject({ maxBytes: 1024 });
  });

  it.each([null, 'text', 5])('refuses %o for an object of options', (options) => {
    expect(() => read(options as never)).toThrow(/^thing: the options must be an object/);
  });

  it('does not compile if an option of the type is forgotten', () => {
    const options: Options = {};
    // @ts-expect-error -- name is forgotten
    readOptions('thing', options, READERS, []);
    // @ts-expect-error -- a number needs a reader
    readOptions('thing', options, { maxBytes: bytes(1), graceMs: ms(1) }, ['name', 'port']);
    // @ts-expect-error -- unknown to the type
    readOptions('thing', options, READERS, ['name', 'colour']);
    // @ts-expect-error -- unknown to the type
    readOptions('thing', options, { ...READERS, colour: count(1) }, ['name']);
    expect(options).toEqual({});
  });
});
