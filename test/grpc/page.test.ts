/** gRPC in a page: bundlers take a file that says what to use instead. */
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { manifest, sourceOf } from '../../scripts/entries.ts';
import * as client from '../../src/grpc/client.ts';
import * as stub from '../../src/grpc/needs-node.ts';
import * as server from '../../src/grpc/server.ts';
import { ROOT } from '../support/source-graph.ts';

describe('a page that imports gRPC', () => {
  it('gets the same names, each of which says that it needs Node', () => {
    expect(Object.keys(stub).sort()).toEqual([...new Set([...Object.keys(client), ...Object.keys(server)])].sort());
    for (const [name, refuse] of Object.entries(stub)) expect(refuse, name).toThrow(`${name} needs Node: browsers cannot speak gRPC`);
  });

  it('is bundled for browsers without a module of Node', async () => {
    for (const entry of ['./grpc', './grpc/server']) {
      const conditions = manifest.exports[entry] as Readonly<Record<string, string>>;
      const source = sourceOf(conditions['browser'] ?? '') ?? expect.unreachable();
      const { outputFiles, errors } = await build({
        stdin: { contents: `import * as all from './${source}'; console.log(all);`, resolveDir: ROOT },
        bundle: true,
        platform: 'browser',
        format: 'esm',
        write: false,
        minify: true,
      });
      expect(errors).toEqual([]);
      expect(outputFiles[0]?.text).toContain('needs Node');
      expect(outputFiles[0]?.text.length).toBeLessThan(1000);
    }
  });
});
