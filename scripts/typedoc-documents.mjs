// A plugin of TypeDoc: documents are called by their first heading, instead of by their file.
import { Converter } from 'typedoc';

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => {
    const [first] = document.content;
    const heading = first?.kind === 'text' ? /^# (.+)$/m.exec(first.text)?.[1] : undefined;
    if (heading !== undefined) document.name = heading.replaceAll('`', '');
  });
}
