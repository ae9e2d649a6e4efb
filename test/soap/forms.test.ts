import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { answerOf, bodyOf, callForeign, wsdlWith } from '../support/foreign-soap.ts';
import { FORMS } from '../support/soap-forms.ts';
import { missing, PYTHON, run } from '../support/system-peer.ts';

const noZeep = missing('python3-zeep', PYTHON, '-c', 'import zeep, lxml');

/** The shapes of real services: what we send is valid by their schemas, and what zeep makes of it we read as it was. */
describe.skipIf(noZeep)(`forms of foreign services ${noZeep ?? ''}`, () => {
  const bodies = new Map<string, string>();
  const judged = new Map<string, { readonly valid: string; readonly answer: string | null }>();

  beforeAll(async () => {
    for (const { name, types, value } of FORMS) {
      const { sent } = await callForeign({ wsdl: wsdlWith({ types }), mapping: { input: () => value } });
      bodies.set(name, bodyOf(sent));
    }
    const folder = mkdtempSync(join(tmpdir(), 'forms-'));
    const file = join(folder, 'forms.json');
    const cases = FORMS.map(({ name, types, noZeep: why }) => ({
      name,
      wsdl: wsdlWith({ types }),
      body: bodies.get(name),
      zeep: why === undefined,
    }));
    writeFileSync(file, JSON.stringify(cases));
    const answers = JSON.parse(await run(PYTHON, new URL('../peers/zeep-forms.py', import.meta.url).pathname, file)) as {
      valid: string;
      answer: string | null;
    }[];
    rmSync(folder, { recursive: true });
    FORMS.forEach(({ name }, index) => judged.set(name, answers[index] ?? { valid: 'not judged', answer: null }));
  }, 60_000);

  const read = async (types: string, answer: string) =>
    (
      await callForeign({
        wsdl: wsdlWith({ types }),
        output: z.json(),
        mapping: { output: (response) => response },
        answer: answerOf(answer),
      })
    ).result;

  test.each(FORMS)('$name', async ({ name, types, value, noZeep: why }) => {
    const { valid, answer } = judged.get(name) ?? { valid: 'not judged', answer: null };
    expect({ valid, body: bodies.get(name) }).toEqual({ valid: 'valid', body: bodies.get(name) });
    // Our own, as an answer.
    const own = (bodies.get(name) ?? '').replaceAll(/(<\/?(?:\w+:)?)Go\b/g, '$1GoR');
    expect(await read(types, own)).toEqual(value);
    if (why === undefined) expect({ answer, value: await read(types, answer ?? '') }).toEqual({ answer, value });
  });

  test('there are at least ninety', () => expect(FORMS.length).toBeGreaterThanOrEqual(90));
});
