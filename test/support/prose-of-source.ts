import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from './source-graph.ts';

/** A comment, or a text such as a message of an error, in a file of the sources. */
export interface Prose {
  /** `src/rest/client.ts:12`. */
  readonly at: string;
  readonly kind: 'comment' | 'text';
  /** On one line, without code spans and the marks of comments. */
  readonly text: string;
}

/** All comments of the sources, and texts of at least four words. Generated files are left out. */
export function proseOfSource(): Prose[] {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.includes('generated'),
  );
  return files.sort().flatMap((path) => proseOf(join('src', path)));
}

function proseOf(path: string): Prose[] {
  const code = readFileSync(join(ROOT, path), 'utf8');
  const source = ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true);
  const found: Prose[] = [];
  const add = (kind: Prose['kind'], start: number, text: string): void => {
    const line = source.getLineAndCharacterOfPosition(start).line + 1;
    const plain = text
      .replace(/`[^`\n]*`/g, 'x')
      .replace(/\s+/g, ' ')
      .trim();
    found.push({ at: `${path}:${line}`, kind, text: plain });
  };
  const seen = new Set<number>();
  const visit = (node: ts.Node): void => {
    for (const { pos, end, kind } of ts.getLeadingCommentRanges(code, node.getFullStart()) ?? []) {
      if (seen.has(pos)) continue;
      seen.add(pos);
      const text = code.slice(pos, end);
      add('comment', pos, kind === ts.SyntaxKind.SingleLineCommentTrivia ? text.slice(2) : text.slice(2, -2).replace(/^\s*\*+/gm, ''));
    }
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) addText(node, node.text);
    else if (ts.isTemplateExpression(node))
      addText(node, node.head.text + node.templateSpans.map(({ literal }) => `X${literal.text}`).join(''));
    for (const child of node.getChildren(source)) visit(child);
  };
  const addText = (node: ts.Node, text: string): void => {
    if (!/^(?:[^<>{}]*\s){3}/.test(text)) return;
    add('text', node.getStart(source), text);
  };
  visit(source);
  return found;
}
