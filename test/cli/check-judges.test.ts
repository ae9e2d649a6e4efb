import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diff } from '@graphql-inspector/core';
import { apiCompare } from 'api-smart-diff';
import { buildSchema } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verdictOf, type RuleName } from '../../src/cli/check/rules.ts';
import { graphqlSchema } from '../../src/graphql/schema.ts';
import { printProto } from '../../src/grpc/schema.ts';
import { openApi } from '../../src/rest/schema.ts';
import { CHANGES, side } from './changes.ts';

const CASES = CHANGES.map(([rule, before, after], index) => ({
  name: `${index + 1} ${rule}`,
  rule,
  old: side(before).contract,
  now: side(after).contract,
}));

type Reasons = Readonly<Partial<Record<RuleName | `${number} ${RuleName}`, string>>>;

const BOTH = 'the case takes another operation away, which the judge sees too';
const NO_LENGTHS = 'the description does not say how long a text may be';
const FOR_CODE = 'the judge speaks of code that names the value: what is deployed goes on';

/** Why a judge differs from us in what it says of old clients. Anything else is a fault of ours. */
const REASONS: Readonly<Record<'buf' | 'graphql-inspector' | 'api-smart-diff', Reasons>> = {
  buf: {
    'operation added': BOTH,
    'kind changed': 'the judge thinks of clients that call queries by GET, which Connect has and gRPC has not',
    'input required': 'proto3 has no required fields: a service refuses the call',
    '14 input narrowed': NO_LENGTHS,
    'input optional': 'the bytes are the same: only generated code differs',
    'output required': 'the bytes are the same: only generated code differs',
    'default changed': 'proto3 has no defaults: the service fills them in',
    'output narrowed': FOR_CODE,
    'output widened': 'the judge expects clients to take numbers that they do not know: ours refuse them',
  },
  'graphql-inspector': {
    'operation added': BOTH,
    '14 input narrowed': NO_LENGTHS,
    '17 input widened': 'the judge is unsure of every new value: here only callers send it',
    'output narrowed': FOR_CODE,
  },
  'api-smart-diff': {
    'operation added': BOTH,
    'input removed': 'the judge lets a member be dropped: the call then means something else',
    'output type changed': 'the judge lets an answer have any type: a client that reads it fails',
  },
};

/** The cases in which we and a judge do not say the same of deployed clients. */
function differences(judge: keyof typeof REASONS, column: 'rest' | 'graphql' | 'grpc', objects: ReadonlySet<string>): unknown[] {
  return CASES.flatMap(({ name, rule }) => {
    const ours = ['breaks old clients', 'changes meaning'].includes(verdictOf(rule, column));
    const theirs = objects.has(name);
    const reason = REASONS[judge][rule] ?? REASONS[judge][name as keyof Reasons];
    // A reason for what is judged alike is wrong too.
    return (ours !== theirs) === (reason !== undefined) ? [] : [{ name, ours, theirs, reason }];
  });
}

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'judges-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('other judges say of old clients what check says', () => {
  it('graphql-inspector, of schemas', async () => {
    const objects = new Set<string>();
    for (const { name, old, now } of CASES) {
      const changes = await diff(buildSchema(graphqlSchema(old)), buildSchema(graphqlSchema(now)));
      if (changes.some(({ criticality }) => String(criticality.level) !== 'NON_BREAKING')) objects.add(name);
    }
    expect(differences('graphql-inspector', 'graphql', objects)).toEqual([]);
  });

  it('api-smart-diff, of OpenAPI documents', () => {
    const breaks = ({ old, now }: (typeof CASES)[number]) =>
      apiCompare(openApi(old), openApi(now)).diffs.some(({ type }) => type === 'breaking');
    expect(differences('api-smart-diff', 'rest', new Set(CASES.filter(breaks).map(({ name }) => name)))).toEqual([]);
  });

  it('buf breaking, of .proto files', async () => {
    for (const version of ['old', 'now'] as const) {
      await mkdir(join(folder, version));
      for (const [index, each] of CASES.entries()) {
        // One package for each, so that one run judges all.
        const text = printProto(each[version]).replace(/\b(shop|store)\b/g, `$1${index}`);
        await writeFile(join(folder, version, `case${index}.proto`), text);
      }
    }
    const buf = join('node_modules', '.bin', 'buf');
    const config = '{"version":"v2","breaking":{"use":["FILE"]}}';
    const { stdout, stderr } = spawnSync(
      buf,
      ['breaking', join(folder, 'now'), '--against', join(folder, 'old'), '--config', config, '--error-format', 'json'],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    const found = stdout.split('\n').filter((line) => line !== '').map((line) => (JSON.parse(line) as { readonly path?: string }).path ?? ''); // prettier-ignore
    const objects = new Set(found.map((path) => CASES[Number(/case(\d+)\.proto/.exec(path)?.[1])]?.name ?? path));
    expect(differences('buf', 'grpc', objects)).toEqual([]);
  });
});
