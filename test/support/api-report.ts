import { join } from 'node:path';
import ts from 'typescript';
import { exportedSources } from '../../scripts/entries.ts';
import { ROOT } from './source-graph.ts';

const MAX_TYPE = 400;
const FLAGS = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope;

/** What each entry exports, one line per name: kind and type, without comments and bodies. A change of it is seen in a review. */
export function apiReport(): Readonly<Record<string, string>> {
  const sources = exportedSources();
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile).config as unknown;
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const program = ts.createProgram(
    Object.values(sources).map((source) => join(ROOT, source)),
    options,
  );
  const checker = program.getTypeChecker();
  const entries = Object.entries(sources).map(([name, source]) => {
    const file = program.getSourceFile(join(ROOT, source));
    const module = file && checker.getSymbolAtLocation(file);
    const lines = (module ? checker.getExportsOfModule(module) : []).map((symbol) => lineOf(symbol, checker)).sort();
    return [name, `${lines.join('\n')}\n`] as const;
  });
  return Object.fromEntries(entries);
}

function lineOf(symbol: ts.Symbol, checker: ts.TypeChecker): string {
  const real = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const declarations = real.declarations ?? [];
  const texts = declarations.map((declaration) => textOf(declaration, real, checker)).filter((text) => text !== '');
  return `${symbol.name}: ${[...new Set(texts)].join(' | ')}`;
}

function textOf(node: ts.Declaration, symbol: ts.Symbol, checker: ts.TypeChecker): string {
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node))
    return squeezed(printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()));
  if (ts.isClassDeclaration(node)) return `class ${membersOf(checker.getDeclaredTypeOfSymbol(symbol), node, checker)}`;
  const text = checker.typeToString(checker.getTypeOfSymbolAtLocation(symbol, node), undefined, FLAGS);
  return squeezed(text.length > MAX_TYPE ? `${text.slice(0, MAX_TYPE)}… (${text.length})` : text);
}

function membersOf(type: ts.Type, node: ts.Node, checker: ts.TypeChecker): string {
  const members = type.getProperties().filter((member) => {
    const [declaration] = member.declarations ?? [];
    return (
      declaration !== undefined &&
      !(ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) &&
      !member.name.startsWith('#') &&
      !member.name.startsWith('__#')
    );
  });
  return `{ ${members.map((member) => `${member.name.replace(/^__@(\w+)@\d+$/, '[Symbol.$1]')}: ${checker.typeToString(checker.getTypeOfSymbolAtLocation(member, node), undefined, FLAGS)}`).join('; ')} }`;
}

const printer = ts.createPrinter({ removeComments: true });

function squeezed(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/^export (declare )?/, '');
}
