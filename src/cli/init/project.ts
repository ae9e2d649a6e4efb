/** Files by their paths. */
export type Files = Readonly<Record<string, string>>;

/** The parts of a kind of project beside the files that all have. */
export interface Project {
  readonly files: Files;
  /** The description in the README. */
  readonly about: string;
  /** Protocols that it is served on. */
  readonly protocols: readonly string[];
}

interface ProjectOptions extends Project {
  readonly name: string;
  /** The version of this package. */
  readonly sdk: string;
}

/** The files that are the same in every project. */
export function commonFiles({ name, sdk, about, protocols }: ProjectOptions): Files {
  return {
    'package.json': json({
      name,
      version: '1.0.0',
      private: true,
      type: 'module',
      engines: { node: '>=20.19' },
      scripts: {
        start: 'tsx src/serve.ts',
        client: 'tsx src/client.ts',
        test: 'tsx --test test/service.test.ts',
        check: 'tsc',
      },
      dependencies: { 'multi-api-sdk': sdk, zod: '^4.5.0' },
      devDependencies: { '@types/node': '^20.19.0', tsx: '^4.20.0', typescript: '^5.9.0' },
    }),
    'tsconfig.json': json({
      compilerOptions: {
        target: 'es2023',
        module: 'nodenext',
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        allowImportingTsExtensions: true,
        erasableSyntaxOnly: true,
        verbatimModuleSyntax: true,
      },
      include: ['src', 'test'],
    }),
    '.gitignore': 'node_modules/\n',
    'src/serve.ts': serveFile(protocols),
    'README.md': `# ${name}

${about}

| command | what it does |
|---|---|
| \`npm start\` | serves on ${listed(protocols)}; \`PORT\` says where |
| \`npm run client\` | calls the service |
| \`npm test\` | tests the service |
| \`npm run check\` | checks the types |

\`src/contract.ts\` says what there is to call, \`src/service.ts\` does it, \`src/serve.ts\` says on which protocols.
`,
  };
}

function serveFile(protocols: readonly string[]): string {
  return `import { serve } from 'multi-api-sdk/serve';
import { service } from './service.ts';

const served = await serve(service, {
  port: Number(process.env['PORT'] ?? 4000),
  protocols: [${protocols.map((protocol) => `'${protocol}'`).join(', ')}],
});
console.log(\`\${service.contract.name} is served at \${${protocols.includes('grpc') ? 'served.http ?? served.grpc' : 'served.http'}}\`);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void served.close());
`;
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
