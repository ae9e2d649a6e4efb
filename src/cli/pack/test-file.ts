import type { Draft } from '../../import/draft/draft.ts';
import { sampleCall } from '../init/sample.ts';
import type { PackedProtocol } from './protocols.ts';

/** The address of a served protocol, as code. */
const PLACES: Readonly<Record<PackedProtocol, string>> = {
  rest: 'served.http',
  graphql: 'served.http',
  soap: 'served.http',
  websocket: "served.http.replace('http', 'ws')",
  mqtt: 'served.mqtt',
};

/** A test that serves samples of the contract on each protocol, and calls them with the package's own client. */
export function testOf({
  draft,
  name,
  brand,
  protocols,
}: {
  readonly draft: Draft;
  readonly name: string;
  readonly brand: string;
  readonly protocols: readonly PackedProtocol[];
}): string {
  const call = sampleCall(draft);
  const check = call
    ? call.output
      ? `assert.notEqual(await client.${call.name}(${call.input}), undefined);`
      : `await client.${call.name}(${call.input});`
    : "assert.equal(typeof client.close, 'function');";
  const cases = protocols.map(
    (protocol) => `test('answers over ${protocol}', async () => {
  const service = mockService(contract);
  const served = await serve(service, { port: 0, mqttPort: 0, protocols: ['${protocol}'] });
  const client = ${protocol}.create${brand}Client({ url: ${PLACES[protocol]} });
  try {
    ${check}
  } finally {
    await client.close();
    await served.close();
    await service.close();
  }
});`,
  );
  return `${[
    [
      "import assert from 'node:assert/strict';",
      "import { test } from 'node:test';",
      "import { serve } from 'multi-api-sdk/serve';",
      "import { mockService } from 'multi-api-sdk/testing';",
      `import { contract } from '${name}/contract';`,
      ...protocols.map((protocol) => `import * as ${protocol} from '${name}/${protocol}';`),
    ].join('\n'),
    ...cases,
  ].join('\n\n')}\n`;
}
