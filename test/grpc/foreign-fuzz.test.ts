/** Bytes that no honest peer sends, and values that no schema has checked: the foreign reader answers each, at once, and loses nothing in silence. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineContract, mutation } from '../../src/core/define.ts';
import { isApiError } from '../../src/core/errors.ts';
import { codecOf } from '../../src/grpc/codec/codec.ts';
import { Unencodable } from '../../src/grpc/codec/value.ts';
import { Descriptors } from '../../src/grpc/foreign/descriptors.ts';
import { Planner } from '../../src/grpc/foreign/plan.ts';
import { readSources } from '../../src/grpc/foreign/sources.ts';
import { describeContract } from '../../src/schema/view.ts';
import { FUZZ_TIMEOUT, runs } from '../support/fuzz.ts';

const RUNS = runs(4000);

const text = readFileSync(join(import.meta.dirname, 'protos/shop.proto'), 'utf8');
const descriptors = new Descriptors(readSources([text]).files);
const planner = new Planner(descriptors);
const message = descriptors.message('acme.shop.v1.Item') ?? expect.unreachable();
const json = codecOf(planner.json(message));
const Item = z.object({
  id: z.string(),
  title: z.string(),
  kind: z.enum(['book', 'paper-back']).optional(),
  madeAt: z.iso.datetime().nullable(),
  nick: z.string().nullable(),
  blob: z.base64(),
  nums: z.array(z.int32()),
  byNo: z.record(z.string(), z.object({ name: z.string() })),
  lasts: z.string().optional(),
  any: z.json().optional(),
});
const view = describeContract(defineContract({ name: 'f', operations: { go: mutation({ input: Item }) } }));
const typed = codecOf(planner.object(message, view.operations.get('go')?.input ?? expect.unreachable(), 'go'));

/** Numbers that are the same at each run. Source: https://en.wikipedia.org/wiki/Linear_congruential_generator */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const SAMPLE = {
  id: '9007199254740993', title: 'Ü', kind: 'KIND_BOOK', madeAt: '2024-01-15T09:30:00.123456789Z', nick: '', blob: 'AQID', nums: [0, -1, 5], counts: { a: 5 },
  byNo: { '-3': { name: 'p', parts: [{ name: 'q', parts: [] }] } }, phone: 0, maybe: 0, big: '0', lasts: '-1.500s', extra: { a: [1, { b: null }] },
  any: { '@type': 'type.googleapis.com/acme.shop.v1.Item', id: '1', title: '', kind: 'KIND_UNSPECIFIED', blob: '', nums: [], counts: {}, byNo: {}, more: [], ubig: '0', ratio: 0, kinds: [], flags: {}, author: '' },
  more: [{ '@type': 'type.googleapis.com/google.protobuf.Duration', value: '2s' }, { '@type': 'type.googleapis.com/x.Unknown', value: 'aGk=' }], ubig: '18446744073709551615',
  ratio: 0.5, part: { name: '', parts: [] }, kinds: ['KIND_BOOK', 'KIND_UNSPECIFIED'], ready: false, loose: [1, 'x'], flags: { true: 'y', false: 'n' }, author: 'a',
}; // prettier-ignore

function mutate(bytes: Uint8Array, next: (below: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  const at = () => next(Math.max(1, copy.length));
  switch (next(5)) {
    case 0:
      return copy.subarray(0, at());
    case 1:
      return Buffer.concat([copy.subarray(at()), copy.subarray(0, at())]);
    case 2:
      return Buffer.concat([copy, copy.subarray(at())]);
    default:
      for (let count = next(6) + 1; count > 0; count--) copy[at()] = next(256);
      return copy;
  }
}

describe('the foreign reader', () => {
  it('writes and reads the whole sample', () => {
    expect(json.decode(json.encode(SAMPLE))).toEqual(SAMPLE);
  });

  it(`takes or refuses ${RUNS} messages that nobody meant, and what it takes it can write again`, FUZZ_TIMEOUT, () => {
    const next = random(7);
    const whole = json.encode(SAMPLE);
    let taken = 0;
    for (let run = 0; run < RUNS; run++) {
      const bytes = run % 10 === 0 ? Buffer.from(Array.from({ length: next(60) }, () => next(256))) : mutate(whole, next);
      for (const codec of [json, typed]) {
        let value: unknown;
        try {
          value = codec.decode(bytes);
        } catch (error) {
          expect(isApiError(error) && error.code, bytes.toString('hex')).toBe('INVALID_ARGUMENT');
          continue;
        }
        taken++;
        if (codec === json) expect(again(value), bytes.toString('hex')).toEqual(value);
      }
    }
    expect(taken).toBeGreaterThan(RUNS / 20);
  });

  it(`writes or refuses ${RUNS} values that no schema has checked, with the field's path`, FUZZ_TIMEOUT, () => {
    const next = random(11);
    const pool: readonly unknown[] = [null, '', 'x', '7', -1, 1.5, 1e300, NaN, true, [], [[]], {}, { a: 1 }, { '@type': 'google.protobuf.Any' }, 10n, new Date(NaN), new Uint8Array(2), '🙂', '\ud800', Symbol.iterator, () => 0]; // prettier-ignore
    const keys = [...message.fields.map(({ jsonName }) => jsonName), 'nothing', '__proto__', 'constructor'];
    let written = 0;
    for (let run = 0; run < RUNS; run++) {
      const value = Object.fromEntries(Array.from({ length: next(4) + 1 }, () => [keys[next(keys.length)] ?? '', pool[next(pool.length)]]));
      try {
        const bytes = json.encode(value);
        written++;
        // Nothing that was given is lost: an absent member is one that was null or not there.
        const back = json.decode(bytes) as Record<string, unknown>;
        for (const [key, member] of Object.entries(value)) if (member !== null) expect(back, key).toHaveProperty([key]);
      } catch (error) {
        expect(error, String(error)).toBeInstanceOf(Unencodable);
      }
    }
    expect(written).toBeGreaterThan(RUNS / 50);
  });

  it('does not nest without end, whatever the lengths say', () => {
    let bytes: Buffer = Buffer.alloc(0);
    for (let level = 0; level < 5000; level++) {
      const length = Buffer.from(new Uint8Array(varint(bytes.length)));
      bytes = Buffer.concat([Buffer.from([0x12]), length, bytes]);
    }
    const part = Buffer.concat([Buffer.from([0xa2, 0x01]), Buffer.from(varint(bytes.length)), bytes]);
    expect(() => json.decode(part)).toThrow('nested more than 64 levels');
    expect(new BinaryReader(part).uint32()).toBe(162);
  });
});

function again(value: unknown): unknown {
  return json.decode(json.encode(value));
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}
