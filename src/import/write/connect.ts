import type { Credential, Draft } from '../draft/draft.ts';
import { block, call, entry, literal, render, type Item } from './layout.ts';
import { comment, quote } from './text.ts';

/** How `connectCode` writes. */
interface ConnectStyle {
  /** The function's name. @default 'connect' */
  readonly name?: string | undefined;
  /** Without types it is JavaScript. @default true */
  readonly types?: boolean | undefined;
}

/** The function `connect`, its options, and what they import. */
export function connectCode(
  draft: Draft,
  { name = 'connect', types = true }: ConnectStyle = {},
): { readonly imports: readonly string[]; readonly code: readonly string[] } {
  const {
    adapter,
    url,
    place = typeof url === 'string' ? `at ${url}` : 'of the description',
    urlOption = 'url',
    needs,
    fixed,
    credentials,
  } = draft.connection;
  const inHeaders = credentials.filter(({ place }) => place !== 'query' && place !== 'wsse');
  const token = credentials.find(({ place }) => place === 'wsse');
  const inQuery = credentials.filter(({ place }) => place === 'query');
  const needed = adapter.given === undefined ? adapter.options : `Omit<${adapter.options}, '${adapter.given}'>`;
  const options = url === undefined ? needed : `Partial<${needed}>`;
  const declared = [
    ...comment('Options of `connect`.'),
    credentials.length === 0 && !needs
      ? `export type ConnectOptions = ${options};`
      : [
          `export interface ConnectOptions extends ${options} {`,
          ...(needs ? [...comment(needs.description).map((line) => `  ${line}`), `  readonly ${needs.name}: string;`] : []),
          ...credentials.flatMap(optionLines),
          '}',
        ].join('\n'),
  ].join('\n');
  const mapped = mappings(draft);
  const taken = [
    ...new Set(credentials.flatMap(optionNames)),
    ...(inHeaders.length > 0 ? ['headers'] : []),
    ...(inQuery.length > 0 ? ['query'] : []),
  ];
  const transport: Item[] = [
    ...(url === undefined ? [] : [entry(urlOption, literal(url))]),
    ...Object.entries(fixed).map(([name, value]) => entry(name, literal(value))),
    ...mapped,
    ...(inHeaders.length === 0 ? [] : [{ code: headersCode(inHeaders, types) }]),
    ...(inQuery.length === 0 ? [] : [{ code: queryCode(inQuery, types) }]),
    ...(token ? [{ code: tokenCode(token) }] : []),
    { code: '...options' },
  ];
  const parameter = taken.length === 0 ? 'options' : `{ ${[...taken, '...options'].join(', ')} }`;
  const isOptional = url !== undefined && !needs;
  const made = render(
    call(
      'createClient',
      block(
        [{ code: 'contract' }, entry('transport', call(adapter.name, transport.length === 1 ? 'options' : block(transport, true)))],
        true,
      ),
    ),
    2,
  );
  const code = [
    ...comment(
      url === undefined
        ? 'Makes a client of the service.'
        : `Makes a client of the service ${place}, or ${urlOption === 'url' ? 'at ' : ''}another \`${urlOption}\`.`,
    ),
    `export function ${name}(${parameter}${types ? ': ConnectOptions' : ''}${isOptional ? ' = {}' : ''}) {`,
    `  return ${made};`,
    '}',
  ].join('\n');
  return {
    imports: [
      `import { ${adapter.name}, type ${adapter.options.replace(/<.*$/, '')} } from '${adapter.from}';`,
      ...(token ? ["import { WSSecurity } from 'soap';"] : []),
    ],
    code: types ? [declared, code] : [code],
  };
}

/** The mapping of a foreign service: plain data, by operation and event. */
function mappings({ operations, events }: Draft): Item[] {
  const said = (members: readonly { readonly name: string; readonly mapping?: unknown }[]) =>
    members.filter(({ mapping }) => mapping !== undefined).map(({ name, mapping }) => entry(name, literal(mapping)));
  const [ofOperations, ofEvents] = [said(operations), said(events)];
  return [
    ...(ofOperations.length === 0 ? [] : [entry('operations', block(ofOperations, true))]),
    ...(ofEvents.length === 0 ? [] : [entry('events', block(ofEvents, true))]),
  ];
}

function optionNames({ name, place }: Credential): string[] {
  return place === 'basic' || place === 'wsse' ? ['username', 'password'] : [name];
}

function optionLines(credential: Credential): string[] {
  const lines = comment(credential.description).map((line) => `  ${line}`);
  return optionNames(credential).flatMap((name) => [...lines, `  readonly ${name}?: string | undefined;`]);
}

function headersCode(credentials: readonly Credential[], types: boolean): string {
  const lines = credentials.flatMap((credential) => {
    const [name = '', second = ''] = optionNames(credential);
    const to = `      sent[${quote(credential.place === 'cookie' ? 'cookie' : credential.place === 'header' ? credential.key.toLowerCase() : 'authorization')}]`;
    switch (credential.place) {
      case 'bearer':
        return [`if (${name} !== undefined)`, `${to} = \`Bearer \${${name}}\`;`];
      case 'basic':
        return [`if (${name} !== undefined)`, `${to} = \`Basic \${btoa(\`\${${name}}:\${${second} ?? ''}\`)}\`;`];
      case 'cookie':
        return [`if (${name} !== undefined)`, `${to} = ${quote(`${credential.key}=`)} + encodeURIComponent(${name});`];
      default:
        return [`if (${name} !== undefined)`, `${to} = ${name};`];
    }
  });
  const body = lines
    .map((line, index) => (index % 2 === 0 ? `        ${line} ${lines[index + 1]?.trim() ?? ''}` : ''))
    .filter((line) => line !== '');
  return [
    'headers: async () => {',
    `        const sent${types ? ': Record<string, string>' : ''} = {};`,
    ...body,
    "        return { ...sent, ...(typeof headers === 'function' ? await headers() : headers) };",
    '      }',
  ].join('\n');
}

function tokenCode({ key: passwordType, timestamp = false }: Credential): string {
  const options = `{ passwordType: ${quote(passwordType)}, hasTimeStamp: ${timestamp} }`;
  return `...(username !== undefined && { security: new WSSecurity(username, password ?? '', ${options}) })`;
}

function queryCode(credentials: readonly Credential[], types: boolean): string {
  const body = credentials.map(({ name, key: parameter }) => `        if (${name} !== undefined) sent[${quote(parameter)}] = ${name};`);
  return [
    'query: async () => {',
    `        const sent${types ? ': Record<string, string>' : ''} = {};`,
    ...body,
    "        return { ...sent, ...(typeof query === 'function' ? await query() : query) };",
    '      }',
  ].join('\n');
}
