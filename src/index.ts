export { blogContract } from './blog/contract.js';
export { createClient } from './client.js';
export type {
  BlogClient,
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
  Select,
  Selected,
  SelectOptions,
  StreamOptions,
  Subscribe,
  SubscribeOptions,
  Unsubscribe,
} from './client-types.js';
export { defineContract, event, mutation, query } from './contract.js';
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
} from './contract.js';
export { ApiError, ERROR_CODES, isApiError, isErrorCode } from './errors.js';
export type { ApiErrorOptions, ErrorBody, ErrorCode, Issue, JsonObject } from './errors.js';
export { memoryHub } from './events.js';
export type { EventHub, MemoryHubOptions } from './events.js';
export { memoryIdempotencyStore } from './idempotency.js';
export type { IdempotencyEntry, IdempotencyOutcome, IdempotencyStore, MemoryIdempotencyOptions } from './idempotency.js';
export { defineAdapter } from './internal/guard.js';
export type { HeadersOption } from './internal/headers.js';
export type { HttpBinding, HttpMethod, HttpSegment } from './internal/http-binding.js';
export type { Overflow } from './internal/push-stream.js';
export { createService } from './service.js';
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
} from './service.js';
export type { Adapter, CallRequest, EventMessage, EventSink, Headers, Peer, Selection, SubscribeRequest, Transport } from './transport.js';
