import { mcpTarget } from '../support/mcp.ts';

/** MCP with a handshake. */
export const target = mcpTarget('mcp of 2025', '2025-11-25');
