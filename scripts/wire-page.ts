import { blogContract } from '../src/blog/contract.ts';
import { BLOG_EXAMPLES } from '../src/cli/measure/examples.ts';
import { serveBlog } from '../src/cli/measure/far-blog.ts';
import { escapeHtml } from '../src/cli/measure/report/page.ts';
import { wireText } from '../src/cli/measure/report/wire-text.ts';
import { measure } from '../src/cli/measure/run.ts';
import { PROTOCOL_NAMES, PROTOCOLS, type ProtocolName } from '../src/protocols.ts';

/** A page with a tab for each protocol under each operation and event of the Blog: what `onWire` saw. */
export async function wirePage(): Promise<string> {
  const { wire } = await measure({
    contract: blogContract,
    examples: BLOG_EXAMPLES,
    protocols: PROTOCOL_NAMES,
    repeat: 1,
    warmUp: 0,
    openFarEnd: serveBlog,
    onProgress: () => {},
  });
  const members = [...Object.values(blogContract.operations), ...Object.values(blogContract.events)];
  const sections = members.map(({ name, summary }) => {
    const shown = PROTOCOL_NAMES.flatMap((protocol) => {
      const text = wireText(wire[protocol]?.[name] ?? []);
      return text === '' ? [] : [{ protocol, text }];
    });
    return `## ${name}\n\n${summary === undefined ? '' : `${summary}.\n\n`}${tabs(name, shown)}\n`;
  });
  return `---
title: On the wire
---

# On the wire

One operation or event of the Blog on each protocol: what \`onWire\` of the client saw, credentials left out. This page was made by calling a running service.

${sections.join('\n')}`;
}

/** Radio buttons and what they show, without a program. One line, because an empty one would end the markup. */
function tabs(member: string, shown: readonly { readonly protocol: ProtocolName; readonly text: string }[]): string {
  const radios = shown.map(({ protocol }, at) => {
    const id = `wire-${member}-${protocol}`;
    return `<input type="radio" name="wire-${member}" id="${id}"${at === 0 ? ' checked' : ''}><label for="${id}">${PROTOCOLS[protocol].title}</label>`;
  });
  const panes = shown.map(({ text }) => `<pre tabindex="0">${escapeHtml(text).replaceAll('\n', '&#10;')}</pre>`);
  return `<div class="wire-tabs">${radios.join('')}${panes.join('')}</div>`;
}
