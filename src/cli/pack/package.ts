import type { Draft } from '../../import/draft/draft.ts';
import { connectCode } from '../../import/write/connect.ts';
import { contractCode } from '../../import/write/module.ts';
import { comment } from '../../import/write/text.ts';
import type { Files } from '../init/project.ts';
import { clientTypes } from './client-types.ts';
import { ADAPTERS, type PackedProtocol } from './protocols.ts';
import type { PackageOptions } from './package-options.ts';
import { readmeOf } from './readme.ts';
import { testOf } from './test-file.ts';

/** The files of a package with a client of its own. */
export function packageFiles(options: PackageOptions): Files {
  const { draft, name, brand, protocols, urls, sdk } = options;
  const [first = 'rest'] = protocols;
  const { modules, core } = contractCode(draft, { types: false });
  const files: Record<string, string> = {
    'package.json': manifestOf(options, sdk),
    'README.md': readmeOf(options),
    'dist/contract.js': text([`import { ${core.join(', ')} } from 'multi-api-sdk/core';\nimport * as z from 'zod';`, ...modules]),
    'dist/contract.d.ts':
      "import type { Contract } from 'multi-api-sdk/core';\n\n/** What the service can do; for tools of multi-api-sdk. */\nexport declare const contract: Contract;\n",
    'dist/types.d.ts': clientTypes(draft, brand),
    'dist/index.js': `export * from './${first}.js';\n`,
    'dist/index.d.ts': `export * from './${first}.js';\n`,
    'test/client.test.js': testOf({ draft, name, brand, protocols }),
  };
  for (const protocol of protocols) {
    files[`dist/${protocol}.js`] = adapterCode(draft, brand, protocol, urls[protocol]);
    files[`dist/${protocol}.d.ts`] = adapterTypes(draft, brand, protocol, urls[protocol]);
  }
  return files;
}

function manifestOf({ draft, name, protocols }: PackageOptions, sdk: string): string {
  const entry = (file: string) => ({ types: `./dist/${file}.d.ts`, default: `./dist/${file}.js` });
  const manifest = {
    name,
    version: draft.version,
    description: draft.description ?? `A client of ${draft.name}.`,
    type: 'module',
    sideEffects: false,
    engines: { node: '>=20.19' },
    exports: {
      '.': entry('index'),
      ...Object.fromEntries(protocols.map((protocol) => [`./${protocol}`, entry(protocol)])),
      './contract': entry('contract'),
      './package.json': './package.json',
    },
    files: ['dist'],
    scripts: { test: 'node --test test/client.test.js' },
    dependencies: { 'multi-api-sdk': sdk, zod: '^4.5.0' },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function withAdapter(draft: Draft, protocol: PackedProtocol, url: string | undefined): Draft {
  const { name, options } = ADAPTERS[protocol];
  const credentials = draft.connection.credentials.filter(({ place }) => place !== 'query' || protocol === 'rest');
  return { ...draft, connection: { adapter: { name, from: ADAPTERS[protocol].from, options }, url, fixed: {}, credentials } };
}

function adapterCode(draft: Draft, brand: string, protocol: PackedProtocol, url: string | undefined): string {
  const { name, from } = ADAPTERS[protocol];
  const { code } = connectCode(withAdapter(draft, protocol, url), { name: `create${brand}Client`, types: false });
  return text([
    `import { createClient } from 'multi-api-sdk/core';\nimport { ${name} } from '${from}';\nimport { contract } from './contract.js';`,
    "export { ApiError, isApiError } from 'multi-api-sdk/core';",
    ...code,
  ]);
}

function adapterTypes(draft: Draft, brand: string, protocol: PackedProtocol, url: string | undefined): string {
  const { from, options, hasEvents } = ADAPTERS[protocol];
  const { credentials } = withAdapter(draft, protocol, url).connection;
  const fields = credentials.flatMap((credential) => {
    const names = credential.place === 'basic' ? ['username', 'password'] : [credential.name];
    const said = comment(credential.description).map((line) => `  ${line}`);
    return names.flatMap((field) => [...said, `  readonly ${field}?: string | undefined;`]);
  });
  const base = url === undefined ? options : `Partial<${options}>`;
  const client = hasEvents ? `${brand}Client` : `Omit<${brand}Client, \`on\${Capitalize<string>}\`>`;
  return text([
    `import type { ${options} } from '${from}';\nimport type { ${brand}Client } from './types.js';`,
    "export { ApiError, isApiError } from 'multi-api-sdk/core';\nexport type * from './types.js';",
    [`/** Options of \`create${brand}Client\`. */`, `export interface ${brand}Options extends ${base} {`, ...fields, '}']
      .join('\n')
      .replace('{\n}', '{}'),
    `/** Makes a client of the service${url === undefined ? '' : ` at ${url.replaceAll('*/', '')}`}. */\nexport declare function create${brand}Client(options${url === undefined ? '' : '?'}: ${brand}Options): ${client};`,
  ]);
}

function text(parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`;
}
