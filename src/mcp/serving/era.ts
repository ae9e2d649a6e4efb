import { INVALID_PARAMS } from '../../peer/json-rpc.ts';
import { isObject } from '../../peer/error-body.ts';
import { HEADER_MISMATCH, UNSUPPORTED_VERSION } from '../status.ts';
import { decodeHeader, LEGACY_VERSIONS, McpFault, META, NEWEST, VERSIONS, type Era, type McpMessage } from '../wire.ts';

/** Headers of a request, by lower-case name. */
type Raw = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The parameter that `Mcp-Name` repeats. Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#standard-request-headers */
const NAMED: Readonly<Record<string, string>> = { 'tools/call': 'name', 'prompts/get': 'name', 'resources/read': 'uri' };

const isLegacy = (version: unknown) => (LEGACY_VERSIONS as readonly unknown[]).includes(version);

/** In which era a message speaks, by what it says of itself. Throws `McpFault` for a version that is not spoken here, and for what is missing. */
export function eraOf({ id, method, meta }: McpMessage): Era {
  const version = meta[META.version];
  if (version === undefined || isLegacy(version) || method === 'initialize') return 'legacy';
  if (typeof version !== 'string') throw new McpFault(INVALID_PARAMS, `_meta: ${META.version} must be a string`, { id });
  if (version !== NEWEST) throw unsupported(version, id);
  // A notification asks for nothing.
  if (id !== undefined && !isObject(meta[META.capabilities]))
    throw new McpFault(INVALID_PARAMS, `_meta: ${META.capabilities} is required, and an object`, { id });
  return 'modern';
}

/** As `eraOf`, for HTTP, in which headers repeat the content of the message. */
export function eraOverHttp(message: McpMessage, raw: Raw): Era {
  const { id, method, meta } = message;
  const header = textOf(raw, 'mcp-protocol-version');
  const version = meta[META.version];
  if (method === 'initialize') return 'legacy';
  if (version === undefined) {
    if (header === undefined || isLegacy(header)) return 'legacy';
    if (header !== NEWEST) throw unsupported(header, id);
    if (id === undefined) return 'modern';
    throw new McpFault(INVALID_PARAMS, `_meta: ${META.version} and ${META.capabilities} are required on every request`, { id });
  }
  if (header !== version)
    throw mismatch(id, `MCP-Protocol-Version is ${header === undefined ? 'missing' : `'${header.slice(0, 40)}'`}, and the body says ${shown(version)}`); // prettier-ignore
  const era = eraOf(message);
  if (era === 'modern' && id !== undefined) checkHeaders(message, raw);
  return era;
}

function checkHeaders({ id, method, params }: McpMessage, raw: Raw): void {
  const given = textOf(raw, 'mcp-method');
  if (given !== method) throw mismatch(id, `Mcp-Method is ${shown(given)}, and the body says '${method.slice(0, 100)}'`);
  const param = Object.hasOwn(NAMED, method) ? NAMED[method] : undefined;
  if (param === undefined) return;
  const name = textOf(raw, 'mcp-name');
  const value = params[param];
  if (name === undefined || decodeHeader(name) !== value)
    throw mismatch(id, `Mcp-Name is ${shown(name)}, and the body says ${shown(value)}`);
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : typeof value === 'string' ? `'${value.slice(0, 100)}'` : 'no text';
}

function textOf(raw: Raw, name: string): string | undefined {
  const value = raw[name];
  return typeof value === 'string' ? value : value?.join(', ');
}

function mismatch(id: McpMessage['id'], message: string): McpFault {
  return new McpFault(HEADER_MISMATCH, `Header mismatch: ${message}`, { id });
}

function unsupported(requested: string, id: McpMessage['id']): McpFault {
  const data = { supported: VERSIONS, requested: requested.slice(0, 100) };
  return new McpFault(UNSUPPORTED_VERSION, `Unsupported protocol version: this server speaks ${VERSIONS.join(', ')}`, { id, data });
}
