// For TypeDoc: documents are called by their first heading, instead of by their file, and headings keep their code in "On This Page".
import { Converter } from 'typedoc';

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => {
    const [first] = document.content;
    const heading = first?.kind === 'text' ? /^# (.+)$/m.exec(first.text)?.[1] : undefined;
    if (heading !== undefined) document.name = heading.replaceAll('`', '');
  });
}

/**
 * TypeDoc makes the name and the anchor of a heading from its texts, and code is not one of them. So code becomes a text between two tags.
 * @param {import('markdown-it').default} parser
 */
export function codeInHeadings(parser) {
  parser.core.ruler.after('inline', 'code-in-headings', ({ tokens, Token }) => {
    for (const [index, { type, children }] of tokens.entries()) {
      if (type !== 'inline' || tokens[index - 1]?.type !== 'heading_open' || !children) continue;
      const made = (kind, content) => Object.assign(new Token(kind, '', 0), { content });
      const parts = (child) => [made('html_inline', '<code>'), made('text', child.content), made('html_inline', '</code>')];
      tokens[index].children = children.flatMap((child) => (child.type === 'code_inline' ? parts(child) : [child]));
    }
  });
}
