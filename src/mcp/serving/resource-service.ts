import { ApiError, isApiError } from '../../core/errors.ts';
import type { Operation } from '../../core/contract.ts';
import type { Transport } from '../../core/transport.ts';
import { serveCall } from '../../guard/serve-call.ts';
import { HttpError } from '../../http/message/error.ts';
import { createRouter, type RouteMatch, type Router } from '../../http/serve/router.ts';
import { isObject } from '../../peer/error-body.ts';
import { INVALID_PARAMS } from '../../peer/json-rpc.ts';
import type { ContractView } from '../../schema/view.ts';
import { encodeResource, inputOf, isTemplate, pathOf, resourcesOf, type Resource } from '../resources.ts';
import { LEGACY_NOT_FOUND, RPC_CODE } from '../status.ts';
import { errorData, McpFault, META, type McpId, type McpMessage } from '../wire.ts';
import type { Exchange } from './exchange.ts';
import { Changes, LEFT } from './subscriptions.ts';
import { watchResource } from './watch.ts';
import { toldError } from '../../guard/told-error.ts';

/** Limits of resources, and the receiver of failures. */
export interface ResourceSettings {
  readonly maxSubscriptions: number;
  readonly asksFirst: boolean;
  readonly onError: (error: unknown) => void;
}

/** The resources of a server: its queries by id, which events say are changed. */
export class ResourceService {
  readonly #all: readonly Resource[];
  readonly #router: Router<Resource>;
  /** As `resources/list` and `resources/templates/list` have them, in JSON. */
  readonly lists: { readonly resources: readonly string[]; readonly resourceTemplates: readonly string[] };

  private readonly transport: Transport;
  private readonly settings: ResourceSettings;

  constructor(transport: Transport, view: ContractView, operations: readonly Operation[], settings: ResourceSettings) {
    this.transport = transport;
    this.settings = settings;
    this.#all = resourcesOf(view, operations);
    this.#router = createRouter(this.#all.map((resource) => [resource.binding, resource] as const));
    const texts = (isOne: boolean) =>
      this.#all.filter((each) => isTemplate(each) !== isOne).map((each) => JSON.stringify(encodeResource(each)));
    this.lists = { resources: texts(true), resourceTemplates: texts(false) };
  }

  /** Whether there are any. */
  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /** Whether an event tells of any. */
  get canSubscribe(): boolean {
    return this.#all.some(({ events }) => events.length > 0);
  }

  /** The members of the result of `resources/read`. Rejects with `McpFault`. */
  async read(message: McpMessage, exchange: Exchange): Promise<string> {
    const { id } = message;
    const uri = uriIn(message);
    const { value: resource, params: values } = this.#find(uri) ?? this.#unknown(uri, id, exchange);
    const { headers, peer, deadline, onLeave, onResponse } = exchange;
    const { operation } = resource;
    try {
      const input = inputOf(resource, values);
      const output = await serveCall(this.transport, { operation, input, headers, deadline, peer, onLeave, onResponse, canCancel: true });
      const content = { uri, mimeType: 'application/json', text: JSON.stringify(output) };
      return `"contents":[${JSON.stringify(content)}]`;
    } catch (error) {
      throw this.#failure(error, id, exchange);
    }
  }

  /**
   * Tells of changes until the peer leaves or the server stops. Resolves then, and rejects with why it cannot go on.
   * Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/utilities/subscriptions
   */
  async listen({ id, params }: McpMessage, exchange: Exchange): Promise<void> {
    const { notify } = exchange;
    const filter = params['notifications'];
    const asked = isObject(filter) ? (filter['resourceSubscriptions'] ?? []) : undefined;
    const isUris = (value: unknown): value is string[] => Array.isArray(value) && value.every((uri) => typeof uri === 'string');
    if (!isUris(asked)) throw new McpFault(INVALID_PARAMS, "subscriptions/listen: 'notifications.resourceSubscriptions' is a list of URIs", { id }); // prettier-ignore
    if (!notify) throw new McpFault(INVALID_PARAMS, 'subscriptions/listen: accept text/event-stream', { id });
    if (asked.length > this.settings.maxSubscriptions)
      throw this.#fault(new ApiError('RESOURCE_EXHAUSTED', `a stream tells of ${this.settings.maxSubscriptions} resources`), id, exchange);
    const found = [...new Set(asked)].flatMap((uri) => {
      const match = this.#find(uri);
      return match && match.value.events.length > 0 ? [{ uri, match }] : [];
    });
    const meta = { [META.subscription]: id };
    const controller = new AbortController();
    const { signal } = controller;
    try {
      await new Promise<void>((resolve, reject) => {
        exchange.onLeave(() => resolve());
        exchange.onStop(resolve);
        const changes = new Changes();
        const ended = (error?: ApiError) => (error ? reject(error) : resolve());
        const watch = ({ uri, match }: (typeof found)[number]) =>
          watchResource(this.transport, match, exchange, { signal, changed: () => changes.add(uri), ended });
        const honored = { resourceSubscriptions: found.map(({ uri }) => uri) };
        // Begun later, because a source may send while it is subscribed to. Nothing comes before the acknowledgement.
        const acknowledged = Promise.resolve()
          .then(() => Promise.all(found.map(watch)))
          .then(() => notify('notifications/subscriptions/acknowledged', { notifications: honored, _meta: meta }))
          .then(() => changes.attach((uri) => notify('notifications/resources/updated', { uri, _meta: meta })));
        acknowledged.catch(reject);
      });
    } catch (error) {
      throw this.#failure(error, id, exchange);
    } finally {
      controller.abort(LEFT);
    }
  }

  /**
   * Tells the session of changes of a resource from now on. Rejects with `McpFault`.
   * Source: https://modelcontextprotocol.io/specification/2025-11-25/server/resources#subscriptions
   */
  async subscribe(message: McpMessage, exchange: Exchange): Promise<void> {
    const { id } = message;
    const uri = uriIn(message);
    const match = this.#find(uri) ?? this.#unknown(uri, id, exchange);
    if (match.value.events.length === 0)
      throw this.#fault(new ApiError('INVALID_ARGUMENT', `no event tells of changes of ${uri.slice(0, 200)}`), id, exchange);
    const subscriptions = await exchange.subscriptions?.();
    if (!subscriptions) throw this.#fault(NO_STREAM, id, exchange);
    try {
      await subscriptions.add(uri, (watcher) => watchResource(this.transport, match, exchange, watcher));
    } catch (error) {
      throw this.#failure(error, id, exchange);
    }
  }

  /** Tells the session no more. */
  async unsubscribe(message: McpMessage, exchange: Exchange): Promise<void> {
    const uri = uriIn(message);
    const subscriptions = await exchange.subscriptions?.();
    subscriptions?.delete(uri);
  }

  #find(uri: string): RouteMatch<Resource> | undefined {
    const path = pathOf(this.transport.contract, uri);
    try {
      return path === undefined ? undefined : this.#router.find('GET', path);
    } catch (error) {
      // Percent signs that mean nothing.
      if (error instanceof HttpError) return undefined;
      throw error;
    }
  }

  #unknown(uri: string, id: McpId | undefined, exchange: Exchange): never {
    throw this.#fault(new ApiError('NOT_FOUND', `Resource not found: ${uri.slice(0, 200)}`), id, exchange);
  }

  /** An error of the service; one that the carrier tells is as it is. */
  #failure(error: unknown, id: McpId | undefined, exchange: Exchange): unknown {
    if (this.settings.asksFirst && isApiError(error) && error.code === 'UNAUTHENTICATED') return error;
    return this.#fault(toldError(error, this.settings.onError, exchange.headers['x-request-id']), id, exchange);
  }

  /** An error of a resource: HTTP succeeded, so that its status cannot be taken for the endpoint's. */
  #fault(error: ApiError, id: McpId | undefined, { era }: Exchange): McpFault {
    const code = era === 'legacy' && error.code === 'NOT_FOUND' ? LEGACY_NOT_FOUND : RPC_CODE[error.code];
    return new McpFault(code, error.text, { id, data: errorData(error.toJSON()), status: 200 });
  }
}

const NO_STREAM = new ApiError('FAILED_PRECONDITION', 'the session has no stream at this process: open it by GET before');

function uriIn({ id, method, params: { uri } }: McpMessage): string {
  if (typeof uri !== 'string') throw new McpFault(INVALID_PARAMS, `${method}: 'uri' must be a string`, { id });
  return uri;
}
