import type { PlaygroundApi, PlaygroundMember } from './describe.ts';
import type { RunReport } from './run.ts';

/**
 * The program of the page. Its text is sent to browsers, so it may use nothing from outside of itself.
 * Whatever comes from the contract or the wire becomes text, never markup.
 */
export function playgroundApp(): void {
  const MAX_LINES = 500;
  const find = <E extends HTMLElement>(id: string): E => document.getElementById(id) as E;
  const form = find<HTMLFormElement>('form');
  const [input, headers, filter] = [
    find<HTMLTextAreaElement>('input'),
    find<HTMLTextAreaElement>('headers'),
    find<HTMLInputElement>('filter'),
  ];
  const [runButton, stopButton, status] = [find<HTMLButtonElement>('run'), find<HTMLButtonElement>('stop'), find('status')];
  const [output, wire] = [find('output'), find('wire')];
  /** The typed text for each member, so that looking at another one loses nothing. */
  const typed = new Map<string, string>();
  let chosenProtocol = '';
  let current: PlaygroundMember | undefined;
  let running: AbortController | undefined;

  const element = (tag: string, text: string, style = ''): HTMLElement => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (style !== '') made.className = style;
    return made;
  };
  const json = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value, null, 2));

  /** Adds to a list of lines, which stays at its end and forgets its oldest. */
  const add = (list: HTMLElement, text: string, style = ''): void => {
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    list.append(element('span', `${text}\n`, style));
    while (list.childElementCount > MAX_LINES) list.firstElementChild?.remove();
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  };

  const say = (text: string, style = ''): void => {
    status.textContent = text;
    status.className = style;
  };

  const readHeaders = (): Record<string, string> => {
    const lines = headers.value.split('\n').map((line) => line.trim());
    return Object.fromEntries(
      lines.filter(Boolean).map((line) => {
        const colon = line.indexOf(':');
        if (colon < 1) throw new Error(`a header is a name, a colon and a value, not '${line}'`);
        return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
  };

  const readInput = ({ kind, schema }: PlaygroundMember): unknown => {
    if (kind === 'event' || schema === undefined || input.value.trim() === '') return undefined;
    try {
      return JSON.parse(input.value) as unknown;
    } catch (error) {
      throw new Error(`the input is not JSON: ${(error as Error).message}`, { cause: error });
    }
  };

  const show = (report: RunReport): void => {
    if ('wire' in report) {
      const { direction, start, headers: sent, body } = report.wire;
      const lines = [start, ...Object.entries(sent).map(([name, value]) => `${name}: ${value}`)];
      if (body !== undefined && body !== '') lines.push('', ...body.split('\n'));
      const mark = direction === 'out' ? '→' : '←';
      add(wire, `${lines.map((line) => `${mark} ${line}`).join('\n')}\n`, direction);
    } else if ('output' in report) {
      if (report.output !== undefined) add(output, json(report.output));
      say(`done in ${report.ms} ms`);
    } else if ('item' in report) add(output, json(report.item));
    else if ('event' in report) {
      add(output, `${report.event.time}  ${report.event.id}`, 'quiet');
      add(output, json(report.event.data));
    } else if ('watching' in report) say(`watching ${report.watching}`);
    else if ('gap' in report) add(output, 'gap: events may have been missed here', 'bad');
    else {
      const { code } = report.error as { readonly code?: string };
      add(output, json(report.error), 'bad');
      say(`failed: ${code ?? 'unknown'}`, 'bad');
    }
  };

  /** Reads lines of JSON as they come. */
  const readLines = async (body: ReadableStream<Uint8Array>): Promise<void> => {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) show(JSON.parse(line) as RunReport);
      if (done) return;
    }
  };

  const run = async (): Promise<void> => {
    const member = current;
    if (!member) return;
    running?.abort();
    const controller = (running = new AbortController());
    output.replaceChildren();
    wire.replaceChildren();
    try {
      const body = JSON.stringify({ protocol: chosenProtocol, member: member.name, input: readInput(member), headers: readHeaders() });
      say(member.kind === 'event' ? 'connecting …' : 'calling …');
      stopButton.hidden = false;
      const response = await fetch('playground/run', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: controller.signal,
      });
      if (!response.ok || !response.body) throw new Error(((await response.json()) as { detail?: string }).detail ?? response.statusText);
      await readLines(response.body);
      if (member.kind === 'event' && !status.className) say('the server ended the subscription', 'bad');
    } catch (error) {
      if (controller.signal.aborted) {
        if (running === controller) say('stopped');
      } else say((error as Error).message, 'bad');
    } finally {
      if (running === controller) {
        running = undefined;
        if (document.activeElement === stopButton) runButton.focus();
        stopButton.hidden = true;
      }
    }
  };

  const choose = (api: PlaygroundApi, member: PlaygroundMember): void => {
    if (current) typed.set(current.name, input.value);
    running?.abort();
    running = undefined;
    current = member;
    const isEvent = member.kind === 'event';
    find('main').hidden = false;
    find('member').textContent = member.name;
    find('kind').textContent = member.isDeprecated ? `${member.kind}, deprecated` : member.kind;
    find('description').textContent = member.description;
    find('input-part').hidden = isEvent || member.schema === undefined;
    find('schema-part').hidden = member.schema === undefined;
    find('schema-title').textContent = isEvent ? 'Schema of the payload' : 'Schema of the input';
    find('schema').textContent = json(member.schema);
    find('output-title').textContent = isEvent ? 'Events' : 'Output';
    input.value = typed.get(member.name) ?? json(member.example);
    runButton.textContent = isEvent ? 'Watch' : 'Call';
    stopButton.hidden = true;
    output.replaceChildren();
    wire.replaceChildren();
    say('');
    for (const button of find('members').querySelectorAll('button')) {
      if (button.textContent === member.name) button.setAttribute('aria-current', 'true');
      else button.removeAttribute('aria-current');
    }
    showProtocols(api, isEvent ? 'subscribe' : 'call');
    location.hash = encodeURIComponent(member.name);
  };

  const showProtocols = (api: PlaygroundApi, verb: 'call' | 'subscribe'): void => {
    const able = api.protocols.filter(({ verbs }) => verbs.includes(verb));
    if (!able.some(({ name }) => name === chosenProtocol)) chosenProtocol = able[0]?.name ?? '';
    find('protocols').replaceChildren(
      ...able.map(({ name, title }) => {
        const label = element('label', '');
        const radio = document.createElement('input');
        Object.assign(radio, { type: 'radio', name: 'protocol', value: name, checked: name === chosenProtocol });
        radio.addEventListener('change', () => (chosenProtocol = name));
        label.append(radio, element('span', title));
        return label;
      }),
    );
  };

  const start = async (): Promise<void> => {
    const api = (await (await fetch('playground/api.json')).json()) as PlaygroundApi;
    document.title = `${api.name} · playground`;
    find('name').textContent = api.name;
    for (const [title, path] of api.links) {
      const link = element('a', title) as HTMLAnchorElement;
      link.href = path;
      find('links').append(link);
    }
    const list = find('members');
    for (const [title, kinds] of [['Queries', ['query']], ['Mutations', ['mutation']], ['Events', ['event']]] as const) {
      const members = api.members.filter(({ kind }) => (kinds as readonly string[]).includes(kind));
      if (members.length === 0) continue;
      const group = element('section', '');
      group.append(element('h2', title));
      for (const member of members) {
        const button = element('button', member.name, member.isDeprecated ? 'deprecated' : '') as HTMLButtonElement;
        button.type = 'button';
        button.addEventListener('click', () => choose(api, member));
        group.append(button);
      }
      list.append(group);
    } // prettier-ignore
    filter.addEventListener('input', () => {
      const wanted = filter.value.trim().toLowerCase();
      for (const group of list.querySelectorAll('section')) {
        const buttons = [...group.querySelectorAll('button')];
        for (const button of buttons) button.hidden = !(button.textContent ?? '').toLowerCase().includes(wanted);
        group.hidden = buttons.every(({ hidden }) => hidden);
      }
    });
    const named = decodeURIComponent(location.hash.slice(1));
    const first = api.members.find(({ name }) => name === named) ?? api.members.find(({ kind }) => kind === 'query') ?? api.members[0];
    if (first) choose(api, first);
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void run();
  });
  stopButton.addEventListener('click', () => running?.abort());
  addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.key === 'Escape') running?.abort();
  });
  start().catch((error: Error) => {
    document.body.append(element('p', `The playground could not start: ${error.message}`, 'bad'));
  });
}
