import type { input as InputOf, output as OutputOf } from 'zod/v4/core';
import type { AppInput } from '../../core/application.ts';
import type { Converted, Kinds, Message, Note, Tree } from '../contract.ts';

/** One value of every kind, with what may be left out left out. */
const KINDS = {
  text: 'plain',
  email: 'jane.doe@example.com',
  uuid: '0190b0f6-3c1c-7cc0-8b5e-0f1c2d3e4f5a',
  url: 'https://example.com/path?query=1&other=%20#fragment',
  instant: '2026-01-31T23:59:59.123Z',
  day: '2024-02-29',
  int32: -42,
  safeInt: 4_294_967_296,
  ratio: 0.1,
  flag: true,
  color: 'green',
  constant: 'fixed',
  nullable: null,
  words: ['one', 'two', 'three'],
  matrix: [[1, 2.5], [], [-3]],
  nullableList: null,
  points: [
    { x: 1, y: 2 },
    { x: -1.5, y: 0 },
  ],
  counts: { apples: 3, pears: 0 },
  places: { home: { x: 1, y: 1 }, work: { x: 2, y: 2 } },
  point: { x: 0, y: -7 },
  shape: { kind: 'circle', center: { x: 0, y: 0 }, radius: 2 },
  shapes: [
    { kind: 'polygon', points: [{ x: 1, y: 1 }] },
    { kind: 'circle', center: { x: 3, y: 3 }, radius: 0.5 },
    { kind: 'polygon', points: [] },
  ],
  deep: { inner: { core: { value: 'core', list: ['a', ''] } } },
} as const satisfies Readonly<Partial<Record<keyof InputOf<typeof Kinds>, unknown>>>;

export type KindsValue = InputOf<typeof Kinds>;
export type ConvertedValue = AppInput<typeof Converted>;
export type NoteValue = OutputOf<typeof Note>;
export type MessageValue = OutputOf<typeof Message>;
export type TreeValue = OutputOf<typeof Tree>;

/** `KINDS` with other members. */
export function kinds(change: Partial<KindsValue> = {}): KindsValue {
  return { ...(structuredClone(KINDS) as unknown as KindsValue), ...change };
}

export function note(number: number, change: Partial<NoteValue> = {}): NoteValue {
  return { text: `note ${number}`, number, ratio: number / 4, tags: [], nothing: null, ...change };
}

export function message(text: string, room = 'lobby', seat = 1): MessageValue {
  return { room, seat, text };
}

/** A tree whose objects and lists nest this many levels deep. */
export function tree(levels: number): TreeValue {
  let value: TreeValue = { label: 'leaf', children: [] };
  for (let level = 2; level < levels; level += 2) value = { label: `level ${level}`, children: [value] };
  return value;
}

/** Texts that are often broken on their way. */
export const TEXTS: Readonly<Record<string, string>> = {
  emoji: '👩‍👩‍👧‍👦 😀 🇺🇳',
  rightToLeft: 'שלום عليكم \u200f!',
  combining: 'e\u0301 \u00e9 Å\u030a',
  astral: '𝕌𝕟𝕚𝕔𝕠𝕕𝕖 𠜎',
  markup: '<a href="x">&amp;</a> ]]> <!-- --> <?xml?> <![CDATA[',
  quoting: `"double" 'single' \`back\` \\ \\n \\u0041 %41 +plus+ {{}} \${x}`,
  spaces: '  leading, inner   and trailing  ',
  lines: 'line\nline\ttab',
  separators: '\u2028\u2029\u00a0\ufeff',
  looksLikeNumber: '0123',
  looksLikeBoolean: 'true',
  looksLikeNull: 'null',
  looksLikeJson: '{"a":[1]}',
};
