import { mcpTarget } from '../support/mcp.ts';

/** MCP in the revision that both ends agree on, the newest. */
export const target = mcpTarget('mcp');
