import type { DraftOperation } from '../../import/draft/draft.ts';
import type { Type } from '../../import/draft/type.ts';
import { importDraft, type Imported } from '../../import/import.ts';
import { key, quote } from '../../import/write/text.ts';
import type { Project } from './project.ts';

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
  const { imported, draft } = await importDraft(source, { only, out });
  const { protocol, adapter, from, url } = SERVED[imported.format];
  const called = draft.operations.find(({ item, input }) => !item && sample(input, draft.types) !== undefined);
  const call = called ? { name: called.name, input: sample(called.input, draft.types) ?? '', output: called.output } : undefined;
  return {
    about: `The service and the client of ${draft.title ?? draft.name}, from its description. Operations answer with samples of their schemas until they are written.`,
    protocols: [protocol],
    files: {
      'src/contract.ts': imported.code,
      'src/service.ts': serviceFile(draft.operations),
      'src/client.ts': clientFile({ adapter, from, url }, call),
      'test/service.test.ts': testFile(call),
    },
  };
}

interface Call extends Pick<DraftOperation, 'name' | 'output'> {
  /** The arguments as code. */
  readonly input: string;
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
  call: Call | undefined,
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

function testFile(call: Call | undefined): string {
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

/** A value of a type as code; none for a type that a sample cannot be made of by its look. */
function sample(type: Type | undefined, types: ReadonlyMap<string, { readonly type: Type }>, depth = 0): string | undefined {
  if (!type) return '';
  if (type.nullable) return 'null';
  if (depth > 4) return undefined;
  switch (type.kind) {
    case 'text':
      return type.format !== undefined || type.pattern !== undefined
        ? undefined
        : quote('text'.padEnd(type.min ?? 0, '-').slice(0, type.max ?? 1000));
    case 'number':
      return type.above !== undefined || type.below !== undefined || type.step !== undefined
        ? undefined
        : String(Math.max(type.min ?? Math.min(1, type.max ?? 1)));
    case 'boolean':
      return 'true';
    case 'any':
    case 'null':
      return 'null';
    case 'int64':
      return '1n';
    case 'bytes':
      return 'new Uint8Array([1, 2, 3])';
    case 'literal':
      return typeof type.values[0] === 'string' ? quote(type.values[0]) : String(type.values[0]);
    case 'list':
      return (type.min ?? 0) > 0 ? undefined : '[]';
    case 'record':
      return '{}';
    case 'object': {
      const fields = type.fields
        .filter((field) => !field.optional && field.default === undefined)
        .map((field) => ({ name: field.name, value: sample(field.type, types, depth + 1) }));
      if (fields.some(({ value }) => value === undefined)) return undefined;
      return fields.length === 0 ? '{}' : `{ ${fields.map(({ name, value }) => `${key(name)}: ${value ?? ''}`).join(', ')} }`;
    }
    case 'ref':
      return sample(types.get(type.name)?.type, types, depth + 1);
    default:
      return undefined;
  }
}
