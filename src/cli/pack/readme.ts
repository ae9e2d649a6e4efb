import type { Credential, Draft } from '../../import/draft/draft.ts';
import { sampleCall } from '../init/sample.ts';
import type { PackageOptions } from './package-options.ts';
import { ADAPTERS } from './protocols.ts';

/** The README of a package, from its contract. */
export function readmeOf({ draft, name, brand, protocols, urls }: PackageOptions): string {
  const [first = 'rest'] = protocols;
  const [credential] = draft.connection.credentials;
  const given = [
    ...(urls[first] === undefined ? ["url: 'https://…'"] : []),
    ...(credential ? optionsOf(credential).map((option) => `${option}: '…'`) : []),
  ];
  const call = sampleCall(draft);
  const use = [
    `import { create${brand}Client } from '${name}';`,
    '',
    `const client = create${brand}Client(${given.length > 0 ? `{ ${given.join(', ')} }` : ''});`,
    ...(call ? [call.output ? `console.log(await client.${call.name}(${call.input}));` : `await client.${call.name}(${call.input});`] : []),
    'await client.close();',
  ];
  return `${[
    `# ${name}`,
    draft.description ?? `A typed client of ${draft.name}.`,
    `\`\`\`sh\nnpm install ${name}\n\`\`\``,
    `\`\`\`ts\n${use.join('\n')}\n\`\`\``,
    ...(draft.operations.length > 0
      ? [
          '## Calls',
          table(
            ['call', 'what it does', 'errors'],
            draft.operations.map((each) => [
              `\`${each.name}\``,
              each.summary ?? each.description ?? '',
              each.errors.map((error) => `\`${error.name}\``).join(', '),
            ]),
          ),
        ]
      : []),
    'A call rejects with an `ApiError`, which has a `code` and a `text`; `client.<call>.safe(…)` gives it as a value. `timeoutMs`, `signal` and `idempotencyKey` are options of each call.',
    ...(draft.events.length > 0
      ? [
          '## Events',
          table(
            ['subscription', 'when'],
            draft.events.map((each) => [
              `\`on${each.name.charAt(0).toUpperCase()}${each.name.slice(1)}\``,
              each.summary ?? each.description ?? '',
            ]),
          ),
          'With a listener, `await client.onX(listener)` resolves when the service has acknowledged; without one, `for await (const event of client.onX())`.',
        ]
      : []),
    ...(draft.connection.credentials.length > 0 ? ['## Credentials', credentialTable(draft)] : []),
    '## Protocols',
    table(
      ['import from', 'the client speaks'],
      protocols.map((protocol, index) => [`\`${index === 0 ? name : `${name}/${protocol}`}\``, ADAPTERS[protocol].title]),
    ),
    'All have the same calls. A bundle has only the protocol that is imported.',
  ].join('\n\n')}\n`;
}

function credentialTable({ connection }: Draft): string {
  return table(
    ['option', 'what it is'],
    connection.credentials.map((credential) => [
      optionsOf(credential)
        .map((option) => `\`${option}\``)
        .join(', '),
      credential.description,
    ]),
  );
}

function optionsOf({ name, place }: Credential): readonly string[] {
  return place === 'basic' ? ['username', 'password'] : [name];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replace(/\s+/g, ' ').replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}
