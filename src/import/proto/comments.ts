import type { FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import { declarationsOf } from '../../grpc/foreign/comments.ts';

/** The comments on messages, fields, enums, values, services and rpcs, by their full names. */
export function commentsOf(files: readonly FileDescriptorProto[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const file of files) {
    const byPath = new Map(file.sourceCodeInfo?.location.map((each) => [each.path.join(), each]));
    if (byPath.size === 0) continue;
    for (const { name, path } of declarationsOf(file)) {
      const { leadingComments = '', trailingComments = '' } = byPath.get(path.join()) ?? {};
      const text = plain(leadingComments) || plain(trailingComments);
      if (text !== '' && !found.has(name)) found.set(name, text);
    }
  }
  return found;
}

/** Notes to a tool or to an author: linters of buf and protolint, regions of snippets, the documentation of Envoy. */
const FOR_TOOLS = /^[ \t]*(?:buf:lint:|protolint:|\[(?:START|END) |TODO\b).*$|\[#[a-z-]+:[^\][]*\]/gm;
/** Notes that readers of an API are not to see. Source: https://google.aip.dev/192#internal-comments */
const INTERNAL = /\(--[\s\S]*?--\)/g;
/** `[Book][acme.v1.Book]`. Source: https://google.aip.dev/192#cross-references */
const REFERENCE = /\[([^\][\n]+)\]\[[\w.]*\]/g;
/** A line that starts anew: an item of a list, a heading, a quotation, a row of a table. */
const STARTS_ANEW = /^(?:[-*+•>|]|\d+[.)]\s|#|```)/;

/** A comment as a description: a paragraph is one line. */
function plain(comment: string): string {
  const lines = comment
    .replace(/\r\n?/g, '\n')
    .replace(INTERNAL, '')
    .replace(FOR_TOOLS, '')
    .replace(REFERENCE, '$1')
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim());
  let text = '';
  for (const [index, line] of lines.entries()) {
    const before = lines[index - 1] ?? '';
    const goesOn = line !== '' && before !== '' && !STARTS_ANEW.test(line) && before !== '```';
    text += goesOn ? ` ${line}` : `\n${line}`;
  }
  return text.replace(/\n{3,}/g, '\n\n').trim();
}
