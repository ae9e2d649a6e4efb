import { ApiError, isApiError } from '../../core/errors.ts';
import type { Operation } from '../../core/contract.ts';
import type { EventSink, Transport } from '../../core/transport.ts';
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
  async read({ id, params }: McpMessage, exchange: Exchange): Promise<string> {
    const { uri } = params;
    if (typeof uri !== 'string') throw new McpFault(INVALID_PARAMS, "resources/read: 'uri' must be a string", { id });
    const { value: resource, params: values } = this.#find(uri) ?? this.#unknown(uri, id, exchange);
    const { headers, peer, deadline, onLeave, onResponse } = exchange;
    const { operation } = resource;
    try {
      const input = inputOf(resource, values);
      const output = await serveCall(this.transport, { operation, input, headers, deadline, peer, onLeave, onResponse, canCancel: true });
      const content = { uri, mimeType: 'application/json', text: JSON.stringify(output) };
      return `"contents":[${JSON.stringify(content)}]`;
    } catch (error) {
      if (this.settings.asksFirst && isApiError(error) && error.code === 'UNAUTHENTICATED') throw error;
      throw this.#fault(toldError(error, this.settings.onError, headers['x-request-id']), id, exchange);
    }
  }

  /**
   * Tells of changes until the peer leaves or the server stops. Resolves then, and rejects with why it cannot go on.
   * Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/utilities/subscriptions
   */
  async listen({ id, params }: McpMessage, exchange: Exchange): Promise<void> {
    const { notify, headers } = exchange;
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
    try {
      await new Promise<void>((resolve, reject) => {
        exchange.onLeave(() => resolve());
        exchange.onStop(resolve);
        // Nothing comes before the acknowledgement.
        const tell = async (uri: string) => {
          await acknowledged;
          await notify('notifications/resources/updated', { uri, _meta: meta });
        };
        const subscribed = () =>
          found.flatMap(({ uri, match }) => {
            const { peer } = exchange;
            const input = inputOf(match.value, match.params) ?? {};
            const sink = sinkOf(() => tell(uri), Object.entries(input), reject, resolve);
            return match.value.events.map((event) => {
              const fixed = Object.fromEntries(event.params.filter((name) => Object.hasOwn(match.params, name)).map((name) => [name, match.params[name]])); // prettier-ignore
              return this.transport.subscribe({ event, params: fixed, headers, peer, signal: controller.signal }, sink);
            });
          });
        const honored = { resourceSubscriptions: found.map(({ uri }) => uri) };
        // Begun later, because a source may send while it is subscribed to.
        const acknowledged = Promise.resolve()
          .then(() => Promise.all(subscribed()))
          .then(() => notify('notifications/subscriptions/acknowledged', { notifications: honored, _meta: meta }));
        acknowledged.catch(reject);
      });
    } catch (error) {
      if (this.settings.asksFirst && isApiError(error) && error.code === 'UNAUTHENTICATED') throw error;
      throw this.#fault(toldError(error, this.settings.onError, headers['x-request-id']), id, exchange);
    } finally {
      controller.abort(new ApiError('CANCELLED', 'the peer listens no more'));
    }
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

  /** An error of a resource: HTTP succeeded, so that its status cannot be taken for the endpoint's. */
  #fault(error: ApiError, id: McpId | undefined, { era }: Exchange): McpFault {
    const code = era === 'legacy' && error.code === 'NOT_FOUND' ? LEGACY_NOT_FOUND : RPC_CODE[error.code];
    return new McpFault(code, error.text, { id, data: errorData(error.toJSON()), status: 200 });
  }
}

/** Tells once of the events that a slow reader has not heard of yet. */
function sinkOf(
  tell: () => Promise<void>,
  fixed: readonly (readonly [string, unknown])[],
  reject: (error: unknown) => void,
  resolve: () => void,
): EventSink {
  let isBusy = false;
  let isChanged = false;
  const changed = async () => {
    isChanged = true;
    if (isBusy) return;
    isBusy = true;
    while (isChanged) {
      isChanged = false;
      await tell();
    }
    isBusy = false;
  };
  return {
    next({ data }) {
      const isOurs = isObject(data) && fixed.every(([name, value]) => data[name] === value);
      if (isOurs) changed().catch(reject);
    },
    // It may have changed unseen.
    gap: () => void changed().catch(reject),
    end: (error) => (error ? reject(error) : resolve()),
  };
}
