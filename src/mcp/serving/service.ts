import type { Contract, Operation } from '../../core/contract.ts';
import { type ApiError, isApiError, type JsonObject, callerLeft } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import type { Transport } from '../../core/transport.ts';
import { serveCall, serveStream, type ServedCall } from '../../guard/serve-call.ts';
import { isObject } from '../../peer/error-body.ts';
import { INVALID_PARAMS, METHOD_NOT_FOUND } from '../../peer/json-rpc.ts';
import { describeContract, type ContractView } from '../../schema/view.ts';
import { isWrapped, toolOf } from '../schema.ts';
import { LEGACY_VERSIONS, McpFault, META, VERSIONS, type Era, type McpMessage } from '../wire.ts';
import type { Exchange } from './exchange.ts';
import { ResourceService } from './resource-service.ts';
import { ToolResults } from './tool-result.ts';
import { toldError } from '../../guard/told-error.ts';

/** The offer of a server, and its limits. */
export interface McpServiceOptions {
  readonly tools: readonly Operation[];
  readonly instructions: string | undefined;
  readonly pageSize: number;
  readonly listTtlMs: number;
  readonly maxStreamItems: number;
  readonly maxStreamBytes: number;
  readonly maxSubscriptions: number;
  /** Whether only callers that the transport knows get any answer, and the carrier tells the others. */
  readonly asksFirst: boolean;
  readonly onError: (error: unknown) => void;
}

/** An operation as the server calls it. */
interface Tool {
  readonly operation: Operation;
  readonly isWrapped: boolean;
}

/** Answers requests of both eras, whatever carries them. */
export class McpService {
  readonly contract: Contract;
  readonly #view: ContractView;
  readonly #tools: ReadonlyMap<string, Tool>;
  readonly #lists = new Map<Era, readonly string[]>();
  readonly #results: ToolResults;
  readonly #resources: ResourceService;
  readonly #serverInfo: JsonObject & { readonly name: string; readonly version: string };

  private readonly transport: Transport;
  private readonly options: McpServiceOptions;

  constructor(transport: Transport, options: McpServiceOptions) {
    this.transport = transport;
    this.options = options;
    const { contract } = transport;
    this.contract = contract;
    this.#view = describeContract(contract);
    this.#tools = new Map(options.tools.map((operation) => [operation.name, { operation, isWrapped: isWrapped(this.#view, operation) }]));
    this.#serverInfo = { name: contract.name, version: contract.version };
    this.#results = new ToolResults(this.#serverInfo);
    this.#resources = new ResourceService(transport, this.#view, options.tools, options);
  }

  /** The result of a request, as JSON. Rejects with `McpFault`, or with the error of the asked service. */
  async answer(message: McpMessage, exchange: Exchange): Promise<string> {
    const { era } = exchange;
    // A call is refused by the service itself.
    if (message.method !== 'tools/call') await this.admit(exchange);
    switch (message.method) {
      case 'tools/call':
        return this.#call(message, exchange);
      case 'tools/list':
        return this.#list(message, era);
      case 'resources/list':
        return this.#page('resources', this.#resources.lists.resources, message, era);
      case 'resources/templates/list':
        return this.#page('resourceTemplates', this.#resources.lists.resourceTemplates, message, era);
      case 'resources/read': {
        const members = await this.#resources.read(message, exchange);
        return this.#results.of(era, era === 'legacy' ? members : `${members},"ttlMs":0,"cacheScope":"private"`);
      }
      case 'subscriptions/listen':
        if (era !== 'modern') break;
        await this.#resources.listen(message, exchange);
        return this.#results.of(era, '', { [META.subscription]: message.id });
      case 'resources/subscribe':
        if (era !== 'legacy') break;
        await this.#resources.subscribe(message, exchange);
        return '{}';
      case 'resources/unsubscribe':
        if (era !== 'legacy') break;
        await this.#resources.unsubscribe(message, exchange);
        return '{}';
      case 'server/discover':
        if (era === 'modern') return this.#discover();
        break;
      case 'initialize':
        if (era === 'legacy') return this.#initialize(message);
        break;
      case 'ping':
        if (era === 'legacy') return '{}';
        break;
    }
    throw new McpFault(METHOD_NOT_FOUND, `this server has no method '${message.method.slice(0, 100)}'`, { id: message.id, status: 404 });
  }

  /** Whether a peer can be told of anything that it has not asked for. */
  get canSubscribe(): boolean {
    return this.#resources.canSubscribe;
  }

  /** Rejects as the transport does for callers that it does not know, if only those that it knows get answers. */
  async admit({ headers, peer, onLeave }: Pick<Exchange, 'headers' | 'peer' | 'onLeave'>): Promise<void> {
    if (!this.options.asksFirst) return;
    const controller = new AbortController();
    onLeave((reason) => controller.abort(reason));
    await this.transport.identify?.({ headers, peer, signal: controller.signal });
  }

  #discover(): string {
    const { instructions } = this.options;
    return this.#cached({
      supportedVersions: VERSIONS,
      capabilities: this.#capabilities(),
      ...(instructions !== undefined && { instructions }),
    });
  }

  #initialize({ id, params }: McpMessage): string {
    const asked = params['protocolVersion'];
    if (typeof asked !== 'string') throw new McpFault(INVALID_PARAMS, "initialize: 'protocolVersion' must be a string", { id });
    // The client leaves if it does not know the answer's.
    const protocolVersion = LEGACY_VERSIONS.find((version) => version === asked) ?? LEGACY_VERSIONS[0];
    const { instructions } = this.options;
    return JSON.stringify({
      protocolVersion,
      capabilities: this.#capabilities(),
      serverInfo: this.#serverInfo,
      ...(instructions !== undefined && { instructions }),
    });
  }

  #capabilities(): JsonObject {
    const { isEmpty } = this.#resources;
    return { tools: {}, ...(!isEmpty && { resources: this.canSubscribe ? { subscribe: true } : {} }) };
  }

  /** A result that clients may keep: it is the same for all callers. */
  #cached(result: JsonObject): string {
    return this.#results.of('modern', JSON.stringify({ ...result, ttlMs: this.options.listTtlMs, cacheScope: 'public' }).slice(1, -1));
  }

  #list(message: McpMessage, era: Era): string {
    let all = this.#lists.get(era);
    if (!all) this.#lists.set(era, (all = this.options.tools.map((operation) => JSON.stringify(toolOf(this.#view, operation, era)))));
    return this.#page('tools', all, message, era);
  }

  /** One page of a list. */
  #page(name: string, all: readonly string[], { id, params }: McpMessage, era: Era): string {
    const { cursor } = params;
    const start = cursor === undefined ? 0 : typeof cursor === 'string' && /^\d{1,9}$/.test(cursor) ? Number(cursor) : -1;
    if (start < 0 || start > all.length) throw new McpFault(INVALID_PARAMS, "'cursor' is not one that this server gave", { id });
    const end = start + this.options.pageSize;
    const next = end < all.length ? `,"nextCursor":"${end}"` : '';
    const members = `"${name}":[${all.slice(start, end).join(',')}]${next}`;
    return this.#results.of(era, era === 'legacy' ? members : `${members},"ttlMs":${this.options.listTtlMs},"cacheScope":"public"`);
  }

  async #call({ id, params, meta }: McpMessage, exchange: Exchange): Promise<string> {
    const { name, arguments: given = {} } = params;
    if (typeof name !== 'string') throw new McpFault(INVALID_PARAMS, "tools/call: 'name' must be a string", { id });
    if (!isObject(given)) throw new McpFault(INVALID_PARAMS, "tools/call: 'arguments' must be an object", { id });
    const tool = this.#tools.get(name);
    if (!tool) throw this.#unknown(name, id);
    const { era, headers, peer, deadline, onLeave, onResponse } = exchange;
    const { operation } = tool;
    const call: ServedCall = {
      operation,
      input: operation.input || Object.keys(given).length > 0 ? given : undefined,
      headers: withTrace(headers, meta),
      deadline,
      peer,
      onLeave,
      onResponse,
      canCancel: true,
    };
    try {
      if (operation.item) return this.#results.output(era, await this.#stream(call, exchange, meta['progressToken']));
      const output = await serveCall(this.transport, call);
      return this.#results.output(era, operation.output ? JSON.stringify(output) : undefined, tool.isWrapped);
    } catch (error) {
      if (this.options.asksFirst && isApiError(error) && error.code === 'UNAUTHENTICATED') throw error;
      return this.#results.error(era, toldError(error, this.options.onError, headers['x-request-id']));
    }
  }

  /** The items of a streamed operation in one result, each told as progress to a caller that asked for it. */
  #stream(call: ServedCall, { notify, onLeave }: Exchange, token: unknown): Promise<string> {
    const { maxStreamItems, maxStreamBytes } = this.options;
    const items: string[] = [];
    let size = 0;
    let stop: () => void = () => {};
    const listen = (listener: (reason?: ApiError) => void) => {
      stop = listener;
      onLeave(listener);
    };
    return new Promise((resolve, reject) => {
      const done = (complete: boolean) => resolve(`{"items":[${items.join(',')}],"complete":${complete}}`);
      onLeave((reason) => reject(reason ?? callerLeft()));
      const sink = {
        next: ({ data }: { readonly data: unknown }): void | Promise<void> => {
          const item = JSON.stringify(data);
          size += item.length;
          if (items.length >= maxStreamItems || size > maxStreamBytes) {
            stop();
            return done(false);
          }
          items.push(item);
          if (token === undefined || notify === undefined) return;
          return notify('notifications/progress', { progressToken: token, progress: items.length, message: item });
        },
        gap: () => {},
        end: (error?: ApiError) => (error ? reject(error) : done(true)),
      };
      serveStream(this.transport, { ...call, onLeave: listen }, sink).catch(reject);
    });
  }

  #unknown(name: string, id: McpMessage['id']): McpFault {
    const shown = name.slice(0, 100);
    const like = nearest(shown, this.#tools.keys());
    const message = `Unknown tool: ${shown}${like === undefined ? '' : `: do you mean ${like}?`}`;
    return new McpFault(INVALID_PARAMS, message, { id, status: 200, data: { code: 'UNIMPLEMENTED' } });
  }
}

/** Trace context that came in `_meta`, as the headers that it is over HTTP. Source: https://modelcontextprotocol.io/specification/2026-07-28/basic#_meta */
function withTrace(headers: Record<string, string>, meta: JsonObject): Record<string, string> {
  for (const name of ['traceparent', 'tracestate', 'baggage']) {
    const value = meta[name];
    if (typeof value === 'string' && /^[\x20-\x7e]{1,8192}$/.test(value)) headers[name] ??= value;
  }
  return headers;
}
