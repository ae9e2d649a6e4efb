import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { listen } from '../../src/http/index.ts';
import { mcp, type McpVersion } from '../../src/mcp/client.ts';
import { mcpHandler } from '../../src/mcp/server.ts';

/** MCP in one of its revisions, or in the one that client and server agree on. */
export function mcpTarget(name: string, version?: McpVersion): ConformanceTarget {
  return {
    name,
    can: ['call'],
    open: async (transport, { headers, onError }) => {
      const server = await listen(mcpHandler(transport, { onError }), { onError });
      return {
        transport: mcp({ url: server.url, version, ...(headers !== undefined && { headers }) }),
        close: () => server.close(),
      };
    },
  };
}
