/**
 * The client of servers that speak the Model Context Protocol.
 *
 * @module multi-api-sdk/mcp
 * @group Clients
 */

import type { Contract } from '../core/contract.ts';
import { ApiError, noMember } from '../core/errors.ts';
import { readOptions } from '../core/options.ts';
import type { Adapter, CallRequest, SubscribeRequest, Transport } from '../core/transport.ts';
import { eventsOnly } from '../events/events-only.ts';
import { defineAdapter } from '../guard/guard.ts';
import { HTTP_CLIENT_OPTIONS, HTTP_CLIENT_READERS, type HttpClientOptions } from '../http/client/options.ts';
import { endpointUrl } from '../http/client/page-url.ts';
import { onAbort } from '../life/lifetime.ts';
import { timeoutHeader } from '../peer/headers.ts';
import { guardOnWire } from '../peer/on-wire.ts';
import { responseHeaders } from '../peer/response-headers.ts';
import { McpExchange, type McpReply } from './calling/exchange.ts';
import { agree, headersOf, metaOf, type McpSession } from './calling/session.ts';
import { outputOf } from './calling/output.ts';
import { MCP_PATH, NEWEST, readFault, VERSIONS, type McpVersion } from './wire.ts';

export type { ClientTls, DispatcherLike, FetchHeaders, FetchInit, FetchLike, FetchResponse } from '../http/client/fetch-like.ts';
export type { HttpClientOptions, RequestSignature, RequestToSign, SignOption } from '../http/client/options.ts';
export type { HeadersOption } from '../peer/headers.ts';
export type { OnWire, WireRecord } from '../peer/on-wire.ts';
export type { McpVersion } from './wire.ts';

/** Options of `mcp`. */
export interface McpOptions extends HttpClientOptions {
  /** The address of the endpoint: `http://localhost:4000/mcp`; without a path, at `/mcp`. */
  readonly url: string;
  /** The revision to speak. @default the newest that the server speaks too, which the first call asks it */
  readonly version?: McpVersion | undefined;
}

/**
 * A client for MCP servers over Streamable HTTP: each operation of the contract is called as the tool of its name. MCP has no events of ours, and
 * streams come as one result. Formats: docs/protocols/mcp.md.
 */
export function mcp(options: McpOptions): Adapter<'call'> {
  const read = guardOnWire(readOptions('mcp', options, HTTP_CLIENT_READERS, ['url', 'version', ...HTTP_CLIENT_OPTIONS]));
  if (read.version !== undefined && !VERSIONS.includes(read.version))
    throw new TypeError(`mcp: the version '${String(read.version)}' is none of ${VERSIONS.join(', ')}`);
  const url = endpointUrl('mcp', read.url, MCP_PATH);
  return defineAdapter<'call'>((contract) => new McpTransport(contract, url, read));
}

class McpTransport implements Transport {
  readonly name = 'mcp';
  readonly #exchange: McpExchange;
  /** The agreement with the server. */
  #session: McpSession | undefined;

  readonly contract: Contract;
  private readonly version: McpVersion | undefined;

  constructor(contract: Contract, url: string, options: McpOptions) {
    this.contract = contract;
    this.version = options.version;
    this.#exchange = new McpExchange(url, options);
    if (options.version === NEWEST) this.#session = { era: 'modern', version: NEWEST };
  }

  async call(request: CallRequest): Promise<unknown> {
    const { operation } = request;
    if (!Object.hasOwn(this.contract.operations, operation.name)) throw noMember('operation', operation.name);
    const own = await this.#exchange.headers(request.headers);
    let reply = await this.#send(request, own);
    // Source: https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#session-management
    if (reply.status === 404 && this.#session?.id !== undefined) {
      this.#session = undefined;
      reply = await this.#send(request, own);
    }
    request.onResponse?.({ headers: responseHeaders(reply.headers) });
    const { message } = reply;
    if (message === undefined) throw reply.failure();
    if (message['error'] !== undefined) throw readFault(message['error']);
    return outputOf(this.contract, operation, message['result'], this.#session?.era ?? 'modern');
  }

  async #send(request: CallRequest, own: Readonly<Record<string, string>>): Promise<McpReply> {
    const { operation, input, signal, deadline } = request;
    const { [KEY]: _key, [ID]: _id, ...shared } = own;
    const session = (this.#session ??= await agree(this.#exchange, this.version, shared, signal));
    const headers: Record<string, string> = { ...own, ...headersOf(session, 'tools/call', operation.name) };
    if (deadline !== undefined) headers['x-timeout-ms'] = timeoutHeader(deadline);
    const id = this.#exchange.nextId();
    const params = { name: operation.name, arguments: input ?? {}, ...metaOf(session) };
    // Closing the connection says it to a server of the newest revision.
    const unlink =
      session.era === 'legacy' ? onAbort(signal, () => this.#exchange.cancelled(id, { ...shared, ...headersOf(session) })) : () => {};
    try {
      return await this.#exchange.request(id, 'tools/call', params, headers, signal);
    } finally {
      unlink();
    }
  }

  async subscribe(asked: SubscribeRequest): Promise<void> {
    const { event } = eventsOnly(asked, 'MCP');
    throw new ApiError('UNIMPLEMENTED', `MCP carries no events such as '${event.name}': use REST, GraphQL, WebSocket, gRPC or MQTT`, {
      sent: false,
    });
  }

  close(): Promise<void> {
    return this.#exchange.close();
  }
}

const KEY = 'idempotency-key';
const ID = 'x-request-id';
