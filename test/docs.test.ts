import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Command } from '../src/cli/command.ts';
import { COMMANDS } from '../src/cli/commands.ts';
import { parseJson } from '../src/peer/json.ts';
import { ROOT } from './support/source-graph.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const inFolder = (folder: string): string[] => readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.md')).map((name) => `${folder}/${name}`); // prettier-ignore
const PAGES = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...inFolder('examples'),
  ...inFolder('docs'),
  ...inFolder('docs/guides'),
  ...inFolder('docs/protocols'),
];

/** A page without its blocks and spans of code. */
const prose = (text: string): string => text.replace(/^```[^]*?^```/gm, '').replace(/`[^`\n]*`/g, '');

/** The blocks of code of a language. */
function blocks(text: string, ...languages: readonly string[]): string[] {
  return [...text.matchAll(/^```(\w*)[^\n]*\n([^]*?)^```/gm)].filter(([, language = '']) => languages.includes(language)).map(([, , code = '']) => code); // prettier-ignore
}

/** What GitHub and TypeDoc call a heading in an address. */
function anchorsOf(text: string): Set<string> {
  const headings = [...text.replace(/^```[^]*?^```/gm, '').matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(headings.map((heading) => heading.replace(/[`*]|\]\([^)]*\)|\[/g, '').toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'))); // prettier-ignore
}

describe('links', () => {
  it.each(PAGES)('of %s lead to files and headings that exist', (page) => {
    const text = read(page);
    const dead = [...prose(text).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].flatMap(([, target = '']) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), decodeURIComponent(path)));
      if (!existsSync(join(ROOT, file))) return [`${target}: no such file`];
      if (anchor === undefined || !file.endsWith('.md')) return [];
      return anchorsOf(read(file)).has(decodeURIComponent(anchor)) ? [] : [`${target}: no such heading`];
    });
    expect(dead).toEqual([]);
  });
});

describe('code in pages', () => {
  it.each(PAGES)('of %s is JSON if it says so', (page) => {
    for (const code of blocks(read(page), 'json')) expect(() => parseJson(code), code).not.toThrow();
  });

  it('calls commands and flags that exist', { timeout: 120_000 }, async () => {
    const commands = new Map<string, Command>();
    for (const [name, load] of Object.entries(COMMANDS)) commands.set(name, await load());
    const wrong = PAGES.flatMap((page) =>
      [...read(page).matchAll(/(?:npx |\$ )multi-api-sdk ([a-z]+)([^\n`|#]*)/g)].flatMap(([line, name = '', rest = '']) => {
        const command = commands.get(name);
        if (!command) return name === 'help' ? [] : [`${page}: ${line}`];
        const flags = [...rest.matchAll(/(?<=\s)--([a-z][a-z-]*)/g)].map(([, flag = '']) => flag);
        return flags.filter((flag) => flag !== 'help' && !Object.hasOwn(command.flags, flag)).map((flag) => `${page}: ${name} --${flag}`);
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('runs scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
    const named = PAGES.flatMap((page) => [...read(page).matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name));
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
    expect(named.length).toBeGreaterThan(5);
  });
});

/**
 * Words that a reader must read twice, or that say nothing, and how often the pages still have them. A number only becomes smaller, and at 0 the
 * word is banned. `where` of a place is right, that of a condition is not.
 */
const WORDS: readonly (readonly [word: RegExp, most: number])[] = [
  [/\bhis\b/gi, 0],
  [/\bhe\b/g, 0],
  [/\bwhere it fails\b/gi, 0],
  [/\b(?:simply|obviously|easily|please)\b/gi, 0],
  [/\b(?:utili[sz]e|leverage|seamless|blazing)/gi, 0],
  [/\bvery own\b/gi, 0],
  [/\b(?:this session|session \d+|issue #?\d+)\b/gi, 0],
  [/\bwhere\b/gi, 6],
  [/\bwhoever\b/gi, 1],
  [/\bin place of\b/gi, 0],
  [/\bthat there is not\b/gi, 0],
  [/(?<!there )\b(?:is|are) no\b(?! (?:longer|more))/gi, 0],
  [/^(?:- |\d\. )?(?:What|Who|Whose|Whom)\b[^?]*\.$/gm, 0],
  [/\bso that\b/gi, 12],
  [/\bresumes? behind\b/gi, 0],
  [/\bother people's\b|\bsomebody else's\b/gi, 0],
];

/** The sentences of a page's paragraphs and lists, with a code span as one word. */
function sentences(text: string): string[] {
  const lines = text.replace(/^```[^]*?^```/gm, '').split('\n').filter((line) => line.trim() !== '' && !/^[|#]/.test(line)); // prettier-ignore
  return lines.flatMap((line) => line.replace(/`[^`]*`/g, 'x').replace(/\]\([^)]*\)/g, ']').split(/(?<=[.!?])\s+(?=[A-Z`*[x])/)); // prettier-ignore
}

describe('words', () => {
  it('stand in sentences of which at most 8 have more than 40, and which have 13 on average', () => {
    const all = PAGES.flatMap((page) => sentences(read(page)).map((sentence) => sentence.split(/\s+/).length));
    expect(all.filter((length) => length > 40).length).toBeLessThanOrEqual(8);
    expect(all.reduce((sum, length) => sum + length, 0) / all.length).toBeLessThan(13);
  });

  it('of the README fit on a screen', () => {
    expect(read('README.md').split('\n').length).toBeLessThanOrEqual(70);
  });

  it.each(WORDS)('%s stands in the pages at most so often: %i', (word, most) => {
    const found = PAGES.flatMap((page) => prose(read(page)).split('\n').flatMap((line) => (line.match(word) ?? []).map(() => `${page}: ${line.trim().slice(0, 120)}`))); // prettier-ignore
    expect(found.length, found.join('\n')).toBeLessThanOrEqual(most);
  });
});

/** First words that look like another form of a verb and are not. */
const IMPERATIVES = new Set(['Bring', 'Embed', 'Feed', 'Focus', 'Need', 'Proceed', 'Seed', 'Shed', 'Speed', 'String']);

/** What is wrong with the first line of a commit's message; `undefined` if nothing is. */
function wrongSubject(subject: string): string | undefined {
  const [first = ''] = subject.split(' ');
  if (subject.length > 72) return `${subject.length} characters are more than 72`;
  if (!/^[A-Z][a-z]+$/.test(first)) return 'it begins with a verb and a capital letter, and without a prefix';
  if (subject.endsWith('.')) return 'it ends with a full stop';
  if (!IMPERATIVES.has(first) && /(?:ed|ing|[^s]s)$/.test(first)) return `'${first}' is not an imperative`;
  return undefined;
}

describe('messages of commits', () => {
  it.each([
    ['Resume a subscription after a reconnect', undefined],
    ['Pass headers on', undefined],
    ['Added a cache', "'Added' is not an imperative"],
    ['Fixes a leak', "'Fixes' is not an imperative"],
    ['Adding a cache', "'Adding' is not an imperative"],
    ['fix: a leak', 'it begins with a verb and a capital letter, and without a prefix'],
    ['Fix a leak.', 'it ends with a full stop'],
    ['Fix '.padEnd(73, 'x'), '73 characters are more than 72'],
  ])('%s', (subject, wrong) => {
    expect(wrongSubject(subject)).toBe(wrong);
  });

  it('say in the imperative what is different now', () => {
    const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim(); // prettier-ignore
    let subjects: string[];
    try {
      // From the commit on that brought this check. In a shallow clone that is the oldest one there is.
      const since = git('log', '--diff-filter=A', '--format=%H', '--', 'test/docs.test.ts').split('\n').at(-1) ?? '';
      if (since === '') return;
      subjects = git('log', '--no-merges', '--format=%s', `${since}..HEAD`).split('\n').filter(Boolean);
    } catch {
      // Without git, or in a package: there is nothing to look at.
      return;
    }
    expect(subjects.flatMap((subject) => (wrongSubject(subject) === undefined ? [] : [`${subject}: ${wrongSubject(subject)}`]))).toEqual([]);
  });
}); // prettier-ignore
