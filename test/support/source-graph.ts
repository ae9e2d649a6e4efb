import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** The repository's root. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** One import of a source file. */
export interface SourceImport {
  /** As written, or for a relative one the file it means: `src/core/errors.ts`. */
  readonly target: string;
  /** False for a package, a `node:` module and a `#` name. */
  readonly local: boolean;
  /** True where it leaves nothing in the JavaScript. */
  readonly typeOnly: boolean;
}

/** Every TypeScript file below a folder, by its path from the root: `src/rest/client.ts`. */
export function sourceFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .sort();
}

const known = new Map<string, readonly SourceImport[]>();

/** What a file imports: declarations, re-exports, `import()` and `import('…')` types. Each file is read once. */
export function importsOf(file: string): readonly SourceImport[] {
  let found = known.get(file);
  if (!found) known.set(file, (found = readImports(file)));
  return found;
}

function readImports(file: string): SourceImport[] {
  const found: SourceImport[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean) => {
    if (specifier && ts.isStringLiteral(specifier)) found.push(resolve(file, specifier.text, typeOnly));
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(join(ROOT, file), 'utf8'), ts.ScriptTarget.Latest));
  return found;
}

/** What a program that imports `entry` loads at once or may load later: files, and the packages and modules that they import. */
export function loadedBy(entry: string, names: Readonly<Record<string, string>> = {}): { files: string[]; modules: string[] } {
  const files = new Set([entry]);
  const modules = new Set<string>();
  for (const file of files) {
    for (const { target, local, typeOnly } of importsOf(file)) {
      const source = local ? target : names[target];
      if (typeOnly) continue;
      if (source) files.add(source);
      else modules.add(target);
    }
  }
  return { files: [...files], modules: [...modules].sort() };
}

function resolve(from: string, specifier: string, typeOnly: boolean): SourceImport {
  if (!specifier.startsWith('.')) return { target: specifier, local: false, typeOnly };
  const path = relative(ROOT, join(ROOT, dirname(from), specifier))
    .replaceAll('\\', '/')
    .replace(/\.js$/, '.ts');
  if (!existsSync(join(ROOT, path))) throw new Error(`${from} imports ${specifier}, and there is no ${path}`);
  return { target: path, local: true, typeOnly };
}
