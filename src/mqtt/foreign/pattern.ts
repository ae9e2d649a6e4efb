import { plainText } from '../../peer/text/plain-text.ts';
import { ApiError } from '../../core/errors.ts';
import { matchTemplate, type Piece } from '../../http/serve/template.ts';
import { printable } from '../../peer/text/printable.ts';

/** A foreign topic, with `{parameter}` for each varying part. */
export interface TopicPattern {
  /** The names in it, in order. */
  readonly params: readonly string[];
  /**
   * The filter to subscribe to: `+` for each level with a parameter that has no value. Throws INVALID_ARGUMENT for a value that no level
   * can hold.
   */
  filter(values: Readonly<Record<string, unknown>>): string;
  /** The topic to publish to. Throws INVALID_ARGUMENT for a value that is missing or that no level can hold. */
  fill(values: Readonly<Record<string, unknown>>): string;
  /** The values of the parameters in a topic; undefined if it does not fit. */
  match(topic: string): Readonly<Record<string, string>> | undefined;
}

/** `{device}` is a level or a part of one, `{+path}` one or more levels. */
const PARAM = /\{(\+?)([A-Za-z_][A-Za-z0-9_]*)\}/g;
const MAX_TOPIC_BYTES = 65_535;

/**
 * Compiles a topic: any that MQTT allows, `$SYS/…`, slashes at its ends, spaces and every script included, with `{device}`, `{+path}` (the rest of
 * the levels), `+`, `#` and `$share/<group>/` if it is subscribed to.
 * @throws TypeError that names the mistake
 * @see https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901241
 */
export function compilePattern(topic: string, where: string, isFilter: boolean): TopicPattern {
  check(topic, where, isFilter);
  const [, share = '', path = topic] = /^(\$share\/[^/]+\/)(.*)$/s.exec(topic) ?? [];
  const params = [...path.matchAll(PARAM)].map((match) => match[2] ?? '');
  const levels = path.split('/');
  const matchers = levels.map((level) => piecesOf(level));
  return {
    params,
    filter: (values) =>
      share +
      levels
        .map((level) => {
          if (!level.includes('{')) return level;
          const filled = fillLevel(level, values, where, true);
          return filled ?? (level.startsWith('{+') ? '#' : '+');
        })
        .join('/'),
    fill: (values) => levels.map((level) => fillLevel(level, values, where, false) ?? '').join('/'),
    match(given) {
      const values = matchLevels(levels, matchers, given.split('/'));
      return values && Object.fromEntries(params.map((name, at) => [name, values[at] ?? '']));
    },
  };
}

/** A level's literals and parameters. */
function piecesOf(level: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of level.matchAll(PARAM)) {
    pieces.push(level.slice(end, match.index), undefined);
    end = match.index + match[0].length;
  }
  return [...pieces, level.slice(end)].filter((piece) => piece !== '');
}

/** The values of the parameters in the levels of a topic; `undefined` if it does not fit. */
function matchLevels(levels: readonly string[], matchers: readonly (readonly Piece[])[], given: readonly string[]): string[] | undefined {
  const values: string[] = [];
  for (const [at, level] of levels.entries()) {
    // `a/#` has `a` in it.
    if (level === '#') return given.length >= at ? values : undefined;
    const one = given[at];
    if (one === undefined) return undefined;
    if (level.startsWith('{+')) {
      const rest = given.slice(at).join('/');
      return rest === '' ? undefined : [...values, rest];
    }
    if (level === '+') continue;
    const pieces = matchers[at] ?? [];
    // `+` is subscribed to, which an empty level is too.
    const isBare = pieces.length === 1 && pieces[0] === undefined;
    const found = isBare ? [one] : matchTemplate(pieces, one);
    if (!found) return undefined;
    values.push(...found);
  }
  return given.length === levels.length ? values : undefined;
}

/** A level with the values in it; undefined if one is missing and may be. */
function fillLevel(level: string, values: Readonly<Record<string, unknown>>, where: string, mayMiss: boolean): string | undefined {
  let isMissing = false;
  const filled = level.replace(PARAM, (_, rest: string, name: string) => {
    const value = values[name];
    if (value === undefined || value === null) {
      isMissing = true;
      return '';
    }
    const text = plainText(value);
    const isBad = text === '' || /[+#\0\p{Cs}]/u.test(text) || (rest === '' && text.includes('/'));
    if (isBad)
      throw new ApiError(
        'INVALID_ARGUMENT',
        `${where}: '${printable(text)}' cannot stand for {${name}} in the topic '${printable(level)}'`,
        {
          sent: false,
        },
      );
    return text;
  });
  if (!isMissing) return filled;
  if (mayMiss) return undefined;
  throw new ApiError('INVALID_ARGUMENT', `${where}: the topic needs a value for '${printable(level)}'`, { sent: false });
}

function check(topic: unknown, where: string, isFilter: boolean): void {
  if (typeof topic !== 'string' || topic === '') throw new TypeError(`${where}: topic must be a text such as 'zigbee2mqtt/{device}'`);
  const fail = (why: string): never => {
    throw new TypeError(`${where}: the topic '${printable(topic)}' ${why}`);
  };
  if (new TextEncoder().encode(topic).length > MAX_TOPIC_BYTES) fail(`is longer than ${MAX_TOPIC_BYTES} bytes`);
  if (/[\0\p{Cs}]/u.test(topic)) fail('has a character that no topic may have');
  const bare = topic.replace(PARAM, '');
  if (/[{}]/.test(bare)) fail("has a brace that is not part of a parameter: write it like '{device}'");
  const names = [...topic.matchAll(PARAM)].map((match) => match[2]);
  if (new Set(names).size < names.length) fail('has a parameter twice');
  const levels = topic.split('/');
  for (const [at, level] of levels.entries()) {
    const isLast = at === levels.length - 1;
    if (/\{\+/.test(level) && (!/^\{\+\w+\}$/.test(level) || (isFilter && !isLast))) fail('may have {+name} as its last level only');
    const rest = level.replace(PARAM, '');
    if (!/[+#]/.test(rest)) continue;
    if (!isFilter) fail('has a wildcard: a message is published to one topic');
    if (rest !== level || level.length > 1) fail('has a wildcard that is not a level of its own');
    if (level === '#' && !isLast) fail("has '#' before its last level");
  }
}
