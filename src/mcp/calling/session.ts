import { ApiError, isApiError, type JsonObject } from '../../core/errors.ts';
import type { Headers } from '../../core/transport.ts';
import { isObject } from '../../peer/error-body.ts';
import { HEADER_MISMATCH, MISSING_CAPABILITY, UNSUPPORTED_VERSION } from '../status.ts';
import { encodeHeader, LEGACY_VERSIONS, META, NEWEST, readFault, VERSIONS, type Era, type McpVersion } from '../wire.ts';
import type { McpExchange, McpReply } from './exchange.ts';

/** The agreement of a client with a server. */
export interface McpSession {
  readonly era: Era;
  readonly version: McpVersion;
  /** The name that a server of the older revisions has for it. */
  readonly id?: string | undefined;
}

const CLIENT = { name: 'multi-api-sdk', version: '1.0.0' };
const MODERN: McpSession = { era: 'modern', version: NEWEST };
const MODERN_FAULTS: readonly unknown[] = [HEADER_MISMATCH, MISSING_CAPABILITY, UNSUPPORTED_VERSION];

/** The headers of a message. */
export function headersOf({ era, version, id }: McpSession, method?: string, name?: string): Record<string, string> {
  const headers: Record<string, string> = { 'mcp-protocol-version': version };
  if (id !== undefined) headers['mcp-session-id'] = id;
  if (era === 'legacy' || method === undefined) return headers;
  headers['mcp-method'] = method;
  if (name !== undefined) headers['mcp-name'] = encodeHeader(name);
  return headers;
}

const MODERN_META = { _meta: { [META.version]: NEWEST, [META.client]: CLIENT, [META.capabilities]: {} } };

/** The client's facts in the parameters of a request. */
export function metaOf({ era }: McpSession): JsonObject {
  return era === 'modern' ? MODERN_META : {};
}

/**
 * Agrees on a revision: asks for what the server speaks as the newest has it, and what is not an answer of that begins with `initialize`.
 * Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/versioning#backward-compatibility-with-initialization-based-versions
 */
export async function agree(
  exchange: McpExchange,
  wanted: McpVersion | undefined,
  headers: Headers,
  signal: AbortSignal,
): Promise<McpSession> {
  try {
    if (wanted === undefined || wanted === NEWEST) {
      const method = 'server/discover';
      const reply = await exchange.request(exchange.nextId(), method, MODERN_META, { ...headers, ...headersOf(MODERN, method) }, signal);
      const versions = versionsOf(reply);
      if (versions?.includes(NEWEST)) return MODERN;
      if (versions && !LEGACY_VERSIONS.some((version) => versions.includes(version))) throw noneShared(versions);
    }
    return await initialize(exchange, wanted ?? LEGACY_VERSIONS[0], headers, signal);
  } catch (error) {
    // The call itself has not been sent.
    throw isApiError(error) ? error.with({ sent: false }) : error;
  }
}

/** The protocol of a server of the newest revision; `undefined` for a server of an older one. Throws what is neither. */
function versionsOf({ status, message, failure }: McpReply): readonly unknown[] | undefined {
  const { result, error } = message ?? {};
  if (isObject(result) && Array.isArray(result['supportedVersions'])) return result['supportedVersions'] as readonly unknown[];
  if (isObject(error) && MODERN_FAULTS.includes(error['code'])) {
    const data = isObject(error['data']) ? error['data'] : {};
    if (Array.isArray(data['supported'])) return data['supported'] as readonly unknown[];
    throw readFault(error);
  }
  // Neither says anything of the revision.
  if (status >= 500 || status === 401 || status === 403 || status === 421 || status === 429)
    throw error === undefined ? failure() : readFault(error);
  return undefined;
}

async function initialize(exchange: McpExchange, wanted: McpVersion, headers: Headers, signal: AbortSignal): Promise<McpSession> {
  const params = { protocolVersion: wanted, capabilities: {}, clientInfo: CLIENT };
  const reply = await exchange.request(exchange.nextId(), 'initialize', params, headers, signal);
  const { result, error } = reply.message ?? {};
  if (error !== undefined) throw readFault(error);
  if (!isObject(result)) throw reply.failure();
  const version = LEGACY_VERSIONS.find((each) => each === result['protocolVersion']);
  if (version === undefined) throw noneShared([result['protocolVersion']]);
  const session: McpSession = { era: 'legacy', version, id: reply.session };
  await exchange.notify('notifications/initialized', {}, { ...headers, ...headersOf(session) }, signal);
  return session;
}

function noneShared(versions: readonly unknown[]): ApiError {
  const theirs = versions.map((version) => String(version).slice(0, 40)).join(', ');
  return new ApiError('UNIMPLEMENTED', `the server speaks MCP ${theirs}, and this client ${VERSIONS.join(', ')}`, { remote: true });
}
