export { createClient, type ContractClientOptions } from './client/client.js';
export type {
  CallOptions,
  ChannelParams,
  Client,
  ClientLifecycle,
  ClientOptions,
  EventInfo,
  EventStream,
  ListenOptions,
  Method,
  Paged,
  SelectOptions,
  StreamOptions,
  Subscribe,
  SubscribeOptions,
  Unsubscribe,
} from './client/types.js';
export { defineContract, event, mutation, query } from './core/define.js';
export type {
  Contract,
  ContractSpec,
  EventDefinition,
  Events,
  EventSpec,
  MutationSpec,
  Operation,
  Operations,
  OperationSpec,
  QuerySpec,
  Relation,
  RelationBatch,
  Relations,
  Schema,
} from './core/contract.js';
export { ApiError, ERROR_CODES, isApiError, isErrorCode } from './core/errors.js';
export type { ApiErrorOptions, ErrorBody, ErrorCode, Issue, JsonObject } from './core/errors.js';
export { memoryHub } from './events/hub.js';
export type { EventHub, MemoryHubOptions } from './events/hub.js';
export { memoryIdempotencyStore } from './service/idempotency.js';
export type { IdempotencyEntry, IdempotencyOutcome, IdempotencyStore, MemoryIdempotencyOptions } from './service/idempotency.js';
export { defineAdapter } from './guard/guard.js';
export type { HeadersOption } from './peer/headers.js';
export type { HttpBinding, HttpMethod, HttpSegment } from './core/http-binding.js';
export type { Overflow } from './events/push-stream.js';
export type { Select, Selected } from './core/selected.js';
export { createService } from './service/service.js';
export type {
  ContextInfo,
  ErrorReport,
  HandlerCall,
  HandlerInput,
  HandlerOutput,
  Handlers,
  Publish,
  Service,
  ServiceOptions,
} from './service/types.js';
export type {
  Adapter,
  CallRequest,
  EventMessage,
  EventSink,
  Headers,
  Peer,
  Selection,
  SubscribeRequest,
  Transport,
} from './core/transport.js';
