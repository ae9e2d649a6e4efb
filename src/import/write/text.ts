/** Characters that no reader sees, or that make text look like other text: https://trojansource.codes */
const HIDDEN = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** A text as a literal of TypeScript. Whatever a description has, it stays text. */
export function quote(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
  const shown = inner.replace(HIDDEN, escapeCode);
  return shown.includes("'") && !shown.includes('"') ? `"${shown}"` : `'${shown.replaceAll("'", "\\'")}'`;
}

function escapeCode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A name as the key of an object literal. `__proto__` would set a prototype, even in quotes. */
export function key(name: string): string {
  if (name === '__proto__') return "['__proto__']";
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name);
}

/** The lines of a comment; nothing in them ends it or speaks to the compiler. */
export function comment(text: string): string[] {
  const lines = text
    .replace(/\r\n?/g, '\n')
    // eslint-disable-next-line no-control-regex -- a comment has no control characters
    .replace(/[\u0000-\u0009\u000b-\u001f]/g, ' ')
    .replace(HIDDEN, '')
    .replaceAll('*/', '* /')
    .replace(/@(?=ts-)/g, '@ ')
    .replace(/[#@](?=\s*source(Mapping)?URL)/g, '')
    .trim()
    .split('\n')
    .map((line) => line.trimEnd().slice(0, 2000));
  if (lines.length === 1) return [`/** ${lines[0] ?? ''} */`];
  return ['/**', ...lines.map((line) => ` * ${line}`.trimEnd()), ' */'];
}

/** A regular expression as a literal; `undefined` for a text that is none. */
export function pattern(source: string): string | undefined {
  if (source.length > 2000) return undefined;
  // Without the flag `u` it would mean the letter p: `\p{Alnum}` is of another language.
  const isOfUnicode = /\\p\{/i.test(source);
  for (const flags of isOfUnicode ? ['u'] : ['u', '']) {
    try {
      const { source: safe } = new RegExp(source, flags);
      return `/${safe.replace(HIDDEN, escapeCode)}/${flags}`;
    } catch {
      // The next flags may do.
    }
  }
  return undefined;
}

/** A plain value, such as a default or an adapter's mapping. Keys whose value is `undefined` are left out. */
export function scalar(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  return typeof value === 'bigint' ? `${value}n` : String(value);
}
