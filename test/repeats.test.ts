import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { ROOT } from './support/source-graph.ts';

/**
 * How many functions, and how many texts of errors, stand in two places or more. A mechanism is written once, in the layer where all can see it, so a
 * number only becomes smaller. Those of the cases in `conformance/` are not counted.
 */
const MOST = { functions: 21, errors: 26 };

/** Shorter bodies, such as a call that is passed on, say nothing. */
const LEAST_CHARS = 50;

interface Found {
  readonly functions: Map<string, string[]>;
  readonly errors: Map<string, string[]>;
}

describe('what stands in the sources', () => {
  const found: Found = { functions: new Map(), errors: new Map() };
  for (const file of filesOf('src')) look(file, found);

  it.each(['functions', 'errors'] as const)('has few equal %s', (kind) => {
    const repeated = [...found[kind]].filter(([, places]) => places.length > 1);
    const list = repeated.map(([text, places]) => `${text.slice(0, 120)}\n    ${places.join(' ')}`);
    expect(repeated.length, list.join('\n')).toBeLessThanOrEqual(MOST[kind]);
  });
});

function filesOf(folder: string): readonly string[] {
  return ts.sys.readDirectory(join(ROOT, folder), ['.ts', '.tsx'], [join(ROOT, 'src/conformance')]);
}

function look(file: string, found: Found): void {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const put = (texts: Map<string, string[]>, text: string, node: ts.Node) => {
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    texts.set(text, [...(texts.get(text) ?? []), `${relative(ROOT, file)}:${line}`]);
  };
  const walk = (node: ts.Node): void => {
    const body = ts.isFunctionLike(node) && 'body' in node ? node.body : undefined;
    if (body && ts.isFunctionLike(node)) {
      const text = textOf(body);
      if (text.length >= LEAST_CHARS) put(found.functions, `(${node.parameters.map((each) => textOf(each.name)).join()}) ${text}`, node);
    }
    if (ts.isNewExpression(node)) {
      const text = errorText(node);
      if (text !== undefined) put(found.errors, text, node);
    }
    ts.forEachChild(node, walk);
  };
  walk(source);
}

/** The code or status and the message of an error that is made with them. */
function errorText({ expression, arguments: given }: ts.NewExpression): string | undefined {
  const name = textOf(expression);
  if (!name.endsWith('Error')) return undefined;
  const told = (given ?? []).slice(0, name === 'ApiError' || name === 'HttpError' ? 2 : 1);
  const isText = (node: ts.Node) => ts.isStringLiteralLike(node) || ts.isNumericLiteral(node) || ts.isTemplateExpression(node);
  return told.length > 0 && told.every(isText) && name !== 'WebhookError' ? `${name}: ${told.map(textOf).join(', ')}` : undefined;
}

function textOf(node: ts.Node): string {
  return node
    .getText()
    .replace(/\/\/.*$/gm, '')
    .replace(/\s+/g, ' ');
}
