import { afterAll, describe, expect, test } from 'vitest';
import type * as conformance from '../../src/conformance/index.ts';
import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { loadAsPage } from '../support/page-bundle.ts';

const TARGETS = ['in-process', 'rest', 'websocket', 'graphql'];

/** The law again, with the chunks of a page: many parts of a client are loaded by the call that needs them first. */
const { module, remove } = await loadAsPage<typeof conformance & { readonly targets: readonly ConformanceTarget[] }>(`
  export * from './src/conformance/index.ts';
  ${TARGETS.map((name, index) => `import { target as target${index} } from './test/protocols/${name}.ts';`).join('\n')}
  export const targets = [${TARGETS.map((_, index) => `target${index}`).join(', ')}];
`);
afterAll(remove);

describe.each(module.targets.map((target) => [target.name, target] as const))('%s in a page', (_, target) => {
  for (const each of module.conformanceCases) {
    const reason = module.skipReason(target, each);
    test.skipIf(reason !== undefined)(`${each.id}: ${reason ?? each.rule}`, () => module.runCase(target, each), 30_000);
  }
});

describe('the cases in a page', () => {
  test('its parts are chunks of their own', () => {
    expect(module.targets.map(({ name }) => name)).toEqual(TARGETS);
  });
});
