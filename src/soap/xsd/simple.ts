import { collapse, scalarText, type Lexical } from '../../xml/lexical.ts';
import { escapeText } from '../../xml/text.ts';
import type { XmlElement } from '../../xml/tree.ts';
import { XS, type XsdSimple } from './model.ts';

/** Finds the types that a simple type refers to. */
export interface SimpleTypes {
  named(text: string, at: XmlElement): XsdSimple;
  inline(node: XmlElement): XsdSimple;
}

/** A simple type from its definition, or from the restriction in a simple content. */
export function simpleFrom(node: XmlElement, name: string | undefined, types: SimpleTypes): XsdSimple {
  const definition =
    node.local === 'restriction' ? node : node.children.find(({ uri, local }) => uri === XS && /^(restriction|list|union)$/.test(local));
  const at = definition ?? node;
  const inline = at.children.filter(({ uri, local }) => uri === XS && local === 'simpleType').map((child) => types.inline(child));
  const named = (attribute: string): XsdSimple[] =>
    (at.attributes.get(attribute) ?? '')
      .trim()
      .split(/\s+/)
      .filter((text) => text !== '')
      .map((text) => types.named(text, at));
  switch (at.local) {
    case 'list': {
      const [item] = [...named('itemType'), ...inline];
      return { kind: 'simple', name, variety: 'list', lexical: listLexical(item?.lexical ?? WORD), builtin: item?.builtin ?? 'string' };
    }
    case 'union': {
      const members = [...named('memberTypes'), ...inline];
      // A value of any member: each of them takes text as it is, so that only white space matters.
      const [first] = members;
      const same = members.every(({ lexical }) => lexical === first?.lexical);
      if (members.some(({ variety }) => variety !== 'atomic'))
        return { kind: 'simple', name, variety: 'union', lexical: listLexical(WORD), builtin: 'string' };
      return {
        kind: 'simple',
        name,
        variety: 'atomic',
        lexical: first && same ? first.lexical : WORD,
        builtin: same ? (first?.builtin ?? 'string') : 'string',
      };
    }
    default: {
      const [base] = [...named('base'), ...inline];
      const space = at.children.find(({ local }) => local === 'whiteSpace')?.attributes.get('value');
      const enumeration = at.children.filter(({ local }) => local === 'enumeration').map(({ attributes }) => attributes.get('value') ?? '');
      const lexical = withFacets(base?.lexical ?? TEXT, space, enumeration);
      const facets = { ...base?.facets, ...facetsOf(at), ...(enumeration.length > 0 && { enumeration }) };
      return {
        kind: 'simple',
        name,
        variety: base?.variety ?? 'atomic',
        lexical,
        builtin: base?.builtin ?? 'string',
        facets,
        source: node,
      };
    }
  }
}

const TEXT: Lexical = { read: (text) => text, write: (value) => escapeText(scalarText(value)) };
const WORD: Lexical = { read: collapse, write: TEXT.write };

/** Facets with one value; of several patterns, which are alternatives, a joined one. */
function facetsOf(restriction: XmlElement): Record<string, string> {
  const facets: Record<string, string> = {};
  for (const { uri, local, attributes } of restriction.children) {
    const value = attributes.get('value');
    if (uri !== XS || value === undefined || !/^(?:(?:min|max)(?:In|Ex)clusive|(?:min|max)?[lL]ength|pattern)$/.test(local)) continue;
    const before = facets[local];
    facets[local] = local === 'pattern' && before !== undefined ? `${before}|${value}` : value;
  }
  return facets;
}

function withFacets(base: Lexical, space: string | undefined, enumeration: readonly string[]): Lexical {
  if (space === 'collapse') return { ...base, read: collapse };
  if (enumeration.length === 0) return base;
  const known = new Set(enumeration);
  // White space around a word that a printer put on a line of its own.
  return { ...base, read: (text) => (known.has(text) || !known.has(collapse(text)) ? base.read(text) : collapse(text)) };
}

/** Several values in one text. */
export function listLexical(item: Lexical): Lexical {
  return {
    read: collapse,
    write: (value) => {
      if (!Array.isArray(value)) return item.write(value);
      return value
        .map((each) => {
          const text = item.write(each);
          if (text === '' || /[\t\n\r ]/.test(text)) throw new TypeError('a value of this list must not be empty or have white space');
          return text;
        })
        .join(' ');
    },
  };
}
