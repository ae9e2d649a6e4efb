import { Raw } from '../draft/raw.ts';
import { comment, key, scalar } from './text.ts';

/** Code that may be broken into lines: a text, code after code, or a bracket whose items stand on one line if they fit. */
export type Code = string | readonly Code[] | Bracket;

interface Bracket {
  readonly open: string;
  readonly close: string;
  readonly items: readonly Item[];
  /** Between a bracket and its items on one line. */
  readonly pad: string;
  readonly broken: boolean;
  /** A call with one argument keeps its bracket on the line of the argument's. */
  readonly hugs: boolean;
  /** After each item that has a line of its own. @default ',' */
  readonly end?: string;
}

/** One item of a bracket, with the comment above it. */
export interface Item {
  readonly code: Code;
  readonly above?: string | undefined;
}

const WIDTH = 110;

/** `name(arguments)`. */
export function call(name: string, ...args: readonly Code[]): Code {
  const [only] = args;
  const hugs = args.length > 0 && isBracket(args.at(-1)) && args.slice(0, -1).every((arg) => typeof arg === 'string');
  if (only === undefined) return `${name}()`;
  return { open: `${name}(`, close: ')', items: args.map((code) => ({ code })), pad: '', broken: false, hugs };
}

/** `[items]`. */
export function list(items: readonly Code[]): Code {
  return { open: '[', close: ']', items: items.map((code) => ({ code })), pad: '', broken: false, hugs: false };
}

/** `{ items }`; `broken` puts each on a line of its own. */
export function block(items: readonly Item[], broken = false): Code {
  if (items.length === 0) return '{}';
  const isBroken = broken || items.some(({ above }) => above !== undefined);
  return { open: '{', close: '}', items, pad: ' ', broken: isBroken, hugs: false };
}

/** `key: value` of an object literal. */
export function entry(name: string, value: Code, above?: string): Item {
  return { code: [`${key(name)}: `, value], ...(above !== undefined && { above }) };
}

/** A plain value as code. */
export function literal(value: unknown): Code {
  if (Array.isArray(value)) return list((value as readonly unknown[]).map(literal));
  if (typeof value !== 'object' || value === null) return scalar(value);
  if (value instanceof Raw) return value.code;
  const members = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return block(members.map(([name, inner]) => entry(name, literal(inner))));
}

/** The text of code that begins at a column, with lines indented by so much. */
export function render(code: Code, indent = 0, column = indent): string {
  const flat = flatten(code);
  if (flat !== undefined && column + flat.length <= WIDTH) return flat;
  if (typeof code === 'string') return code;
  if (!isBracket(code)) {
    let text = '';
    for (const part of code) {
      const last = text.lastIndexOf('\n');
      text += render(part, indent, last === -1 ? column + text.length : text.length - last - 1);
    }
    return text;
  }
  const { open, close, items, hugs, end = ',' } = code;
  if (hugs) {
    let text = open;
    items.forEach((item, index) => {
      if (index > 0) text += ', ';
      text += render(item.code, indent, column + text.length);
    });
    return text + close;
  }
  const inner = ' '.repeat(indent + 2);
  const lines = items.map(({ code: each, above }) => {
    const said =
      above === undefined
        ? ''
        : comment(above)
            .map((line) => `${inner}${line}\n`)
            .join('');
    return `${said}${inner}${render(each, indent + 2)}${end}`;
  });
  return `${open}\n${lines.join('\n')}\n${' '.repeat(indent)}${close}`;
}

function isBracket(code: Code | undefined): code is Bracket {
  return typeof code === 'object' && !Array.isArray(code);
}

/** Code on one line; `undefined` if it has several. */
function flatten(code: Code): string | undefined {
  if (typeof code === 'string') return code.includes('\n') ? undefined : code;
  if (isBracket(code)) {
    if (code.broken) return undefined;
    const items = code.items.map((item) => flatten(item.code));
    return items.includes(undefined) ? undefined : `${code.open}${code.pad}${items.join(', ')}${code.pad}${code.close}`;
  }
  const parts = code.map(flatten);
  return parts.includes(undefined) ? undefined : parts.join('');
}
