// What the commands `init` and `pack` of the installed package make, in projects of their own: tested, compiled, served and called.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const PETS = {
  openapi: '3.1.0',
  info: { title: 'Pets', version: '1.2.0' },
  paths: {
    '/pets/{id}': {
      get: {
        operationId: 'getPet',
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
        responses: {
          200: { description: 'The pet.', content: { 'application/json': { schema: { $ref: '#/components/schemas/Pet' } } } },
          404: { description: 'No such pet.' },
        },
      },
    },
  },
  components: {
    schemas: {
      Pet: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, tag: { type: 'string' } } },
    },
  },
};

/** A program of somebody who has the packed SDK. */
const USER = `
import { createAcmeClient } from '@acme/sdk';
import { createAcmeClient as overWebSocket } from '@acme/sdk/websocket';

const url = process.argv[2] ?? '';
for (const client of [createAcmeClient({ url }), overWebSocket({ url: url.replace('http', 'ws') })]) {
  const pet = await client.getPet({ id: 7 });
  const name: string = pet.name;
  console.log(typeof name);
  // @ts-expect-error An id is a number.
  await client.getPet({ id: 'seven' }).catch((error: Error) => console.log(error.name));
  await client.close();
}
`;

/**
 * Makes a project from a description and installs and tests it, packs an SDK of it, and calls the project's service with the SDK.
 * `run` runs a program in a folder and returns its output; `tarball` is the package, as it is installed in `folder`.
 */
export async function checkMade({ folder, tarball, run }) {
  const npm = (...args) => ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', ...args];
  writeFileSync(join(folder, 'pets.json'), JSON.stringify(PETS));
  const pets = join(folder, 'pets');
  run('npx', ['--no-install', 'multi-api-sdk', 'init', 'pets', '--from', 'pets.json', '--no-install'], folder);
  const manifest = JSON.parse(readFileSync(join(pets, 'package.json'), 'utf8'));
  manifest.dependencies['multi-api-sdk'] = pathToFileURL(tarball).href;
  writeFileSync(join(pets, 'package.json'), JSON.stringify(manifest));
  run('npm', npm(), pets);
  assert.match(run('npm', ['test'], pets), /^(?:# |ℹ )pass [1-9]/m);
  run('npm', ['run', 'check'], pets);

  const command = ['--import', 'tsx', join(pets, 'node_modules/multi-api-sdk/dist/cli/main.js')];
  const made = ['pack', '--contract', 'src/contract.ts', '--name', '@acme/sdk', '--protocols', 'rest,websocket', '--out', '../sdk'];
  run(process.execPath, [...command, ...made], pets);
  const [{ filename }] = JSON.parse(run('npm', ['pack', '--json'], join(folder, 'sdk')));

  const user = join(folder, 'user');
  mkdirSync(user);
  writeFileSync(join(user, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  const compiler = manifest.devDependencies.typescript;
  run('npm', npm(tarball, `../sdk/${filename}`, `typescript@${compiler}`, '@types/node@20'), user);
  writeFileSync(join(user, 'user.ts'), USER);
  const options = ['--strict', '--exactOptionalPropertyTypes', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
  run(process.execPath, [join(user, 'node_modules/typescript/bin/tsc'), ...options, 'user.ts'], user);

  const serving = join(pets, 'src/serve.ts');
  writeFileSync(serving, readFileSync(serving, 'utf8').replace("['rest']", "['rest', 'websocket']"));
  const server = spawn('npm', ['start'], {
    cwd: pets,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  try {
    const url = await addressOf(server);
    assert.equal(run(process.execPath, ['user.js', url], user), 'string\nApiError\n'.repeat(2));
  } finally {
    process.kill(-server.pid, 'SIGTERM');
  }
}

/** The address that a project prints when it is served. */
async function addressOf(server) {
  let said = '';
  for await (const chunk of server.stdout) {
    said += chunk;
    const [url] = /http:\/\/[\w.]+:\d+/.exec(said) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error(`the project did not start: ${said}`);
}
