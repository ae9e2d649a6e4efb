import { decodePercent } from '../../peer/text/percent.ts';

/** A name as a quoted text that every reader takes: others than printable ASCII are replaced. */
function plain(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%]/g, '_');
}

/** A value of RFC 8187, section 3.2.1. */
function extended(name: string): string {
  return `UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)}`;
}

/** `Content-Disposition` of a body that is a file, with the name in both forms if it needs it. Source: https://www.rfc-editor.org/rfc/rfc6266 */
export function attachment(name: string): string {
  const simple = plain(name);
  return simple === name ? `attachment; filename="${name}"` : `attachment; filename="${simple}"; filename*=${extended(name)}`;
}

/** The content of `Content-Disposition`: of a part of a form the member, and of a file its name. */
export interface Disposition {
  readonly name: string | undefined;
  readonly filename: string | undefined;
}

const PARAMETER = /;\s*([\w!#$&^`|~+.-]+\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/g;

/** Reads `Content-Disposition`, as browsers, curl and our own clients write it; a name in the form of RFC 8187 wins. */
export function readDisposition(header: string | null | undefined): Disposition {
  const found = new Map<string, string>();
  for (const [, key = '', quoted, token = ''] of (header ?? '').matchAll(PARAMETER)) {
    const name = key.toLowerCase();
    // A backslash before anything else is one of a path.
    if (!found.has(name)) found.set(name, unescapeName((quoted ?? token).replace(/\\(["\\])/g, '$1')));
  }
  return { name: found.get('name'), filename: extendedName(found.get('filename*')) ?? found.get('filename') };
}

function extendedName(value: string | undefined): string | undefined {
  const text = /^utf-8'[^']*'(.*)$/i.exec(value ?? '')?.[1];
  // If it is broken the plain form may do.
  return text === undefined ? undefined : decodePercent(text);
}

/** Undoes what browsers do to names. */
function unescapeName(text: string): string {
  return text.replace(/%(0D|0A|22)/gi, (escaped: string) => decodeURIComponent(escaped));
}

/**
 * The parameters of one part of a form, as browsers write them; with `exactly` a name that would be read as another one has the form of RFC 8187 too,
 * which RFC 7578 forbids, and some servers refuse.
 * Source: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
 */
export function partDisposition(member: string, name?: string, exactly = false): string {
  const start = `form-data; name="${escape(member)}"`;
  if (name === undefined) return start;
  return `${start}; filename="${escape(name)}"${exactly && /["%\\]/.test(name) ? `; filename*=${extended(name)}` : ''}`;
}

function escape(text: string): string {
  return text.replace(/\r/g, '%0D').replace(/\n/g, '%0A').replace(/"/g, '%22');
}

/** A boundary that no part of a form has in it. */
export function newBoundary(): string {
  return `----multi-api-sdk-${crypto.randomUUID().replaceAll('-', '')}`;
}
