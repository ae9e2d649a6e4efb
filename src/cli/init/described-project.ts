import type { DraftOperation } from '../../import/draft/draft.ts';
import { importDraft, type Imported } from '../../import/import.ts';
import { writeModule } from '../../import/write/module.ts';
import type { Project } from './project.ts';
import { servable } from './sample-headers.ts';
import { sampleCall, type SampleCall } from './sample.ts';

/** How a description's service is served by the library, and called. */
const SERVED: Readonly<
  Record<Imported['format'], { readonly protocol: string; readonly adapter: string; readonly from: string; readonly url: string }>
> = {
  openapi: { protocol: 'rest', adapter: 'rest', from: 'multi-api-sdk/rest', url: 'http://127.0.0.1:4000' },
  asyncapi: { protocol: 'websocket', adapter: 'webSocket', from: 'multi-api-sdk/websocket', url: 'ws://127.0.0.1:4000' },
  graphql: { protocol: 'graphql', adapter: 'graphql', from: 'multi-api-sdk/graphql', url: 'http://127.0.0.1:4000' },
  wsdl: { protocol: 'soap', adapter: 'soap', from: 'multi-api-sdk/soap', url: 'http://127.0.0.1:4000' },
  proto: { protocol: 'connect', adapter: 'connect', from: 'multi-api-sdk/grpc/connect', url: 'http://127.0.0.1:4000' },
};

/** A project whose contract is that of a description. Its operations answer with samples until somebody writes them. */
export async function describedProject(source: string, only: readonly string[], out: string): Promise<Project> {
  const { imported, draft: described } = await importDraft(source, { only, out });
  const draft = servable(described);
  const { protocol, adapter, from, url } = SERVED[imported.format];
  const call = sampleCall(draft);
  return {
    about: `The service and the client of ${draft.title ?? draft.name}, from its description. Operations answer with samples of their schemas until they are written.`,
    protocols: [protocol],
    files: {
      'src/contract.ts': writeModule(draft),
      'src/service.ts': serviceFile(draft.operations),
      'src/client.ts': clientFile({ adapter, from, url }, call),
      'test/service.test.ts': testFile(call),
    },
  };
}

function serviceFile(operations: readonly DraftOperation[]): string {
  const [first] = operations;
  const hint = first ? ` Write the first one: \`${first.name}: (${first.input ? 'input' : ''}) => …\`.` : '';
  return `import { mockService } from 'multi-api-sdk/testing';
import { contract } from './contract.ts';

/** Operations without a handler answer with samples of their schemas.${hint} */
export const service = mockService(contract, {});
`;
}

function clientFile(
  { adapter, from, url }: { readonly adapter: string; readonly from: string; readonly url: string },
  call: SampleCall | undefined,
): string {
  const said = call ? `console.log(await client.${call.name}(${call.input}));` : 'console.log(Object.keys(contract.operations));';
  return `import { createClient } from 'multi-api-sdk/core';
import { ${adapter} } from '${from}';
import { contract } from './contract.ts';

// The service of this project. \`connect()\` of ./contract.ts makes a client of the one that was described.
const client = createClient({ contract, transport: ${adapter}({ url: process.env['API_URL'] ?? '${url}' }) });

${said}
await client.close();
`;
}

function testFile(call: SampleCall | undefined): string {
  const body = call
    ? `  const client = createClient({ contract, transport: service });
  ${call.output ? `assert.notEqual(await client.${call.name}(${call.input}), undefined)` : `assert.equal(await client.${call.name}(${call.input}), undefined)`};`
    : '  assert.notEqual(Object.keys({ ...service.contract.operations, ...service.contract.events }).length, 0);';
  return `import assert from 'node:assert/strict';
import { after, test } from 'node:test';
${call ? "import { createClient } from 'multi-api-sdk/core';\nimport { contract } from '../src/contract.ts';\n" : ''}import { service } from '../src/service.ts';

after(() => service.close());

test('the service answers', async () => {
${body}
});
`;
}
