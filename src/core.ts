/**
 * The same as `multi-api-sdk` without the Blog: for bundles with a contract of your own.
 *
 * @module multi-api-sdk/core
 * @group Start
 */

export { createClient, type ContractClientOptions } from './client/client.ts';
export type {
  Answer,
  CallOptions,
  ChannelParams,
  Client,
  ClientEvent,
  ClientLifecycle,
  ClientOptions,
  EventInfo,
  EventStream,
  ItemStream,
  ListenOptions,
  Method,
  OperationError,
  Outcome,
  Paged,
  SelectOptions,
  StreamOptions,
  Subscribe,
  SubscribeOptions,
  Unsubscribe,
  VerbsOf,
} from './client/types.ts';
export type { DeprecatedUse } from './client/deprecated.ts';
export type { DeprecationInfo } from './peer/deprecation.ts';
export type { AppInput } from './core/application.ts';
export { defineContract, event, mutation, query, stream } from './core/define.ts';
export type {
  Contract,
  ContractSpec,
  Declared,
  DeclaredErrors,
  Deprecation,
  ErrorSpec,
  ErrorsSpec,
  EventDefinition,
  Events,
  EventSpec,
  MutationSpec,
  Operation,
  Operations,
  OperationSpec,
  Parts,
  QuerySpec,
  Relation,
  RelationBatch,
  Relations,
  Schema,
} from './core/contract.ts';
export type { OAuthFlow, OAuthFlows, SecurityRequirement, SecurityScheme, SecuritySpec } from './core/security/security.ts';
export { ApiError, ERROR_CODES, isApiError, isErrorCode } from './core/errors.ts';
export type { ApiErrorOptions, DeclaredError, ErrorBody, ErrorCode, Issue, JsonObject } from './core/errors.ts';
export { memoryHub } from './events/hub.ts';
export type { EventHub, HubEvent, MemoryHubOptions } from './events/hub.ts';
export type { HubLease } from './events/lease.ts';
export { memoryIdempotencyStore } from './stores/idempotency.ts';
export type {
  IdempotencyClaim,
  IdempotencyEntry,
  IdempotencyOutcome,
  IdempotencyStore,
  MemoryIdempotencyOptions,
} from './stores/idempotency.ts';
export type { Closable } from './life/closable.ts';
export { memoryTransaction, type CommitListener, type MemoryTransaction } from './stores/transaction.ts';
export { defineAdapter } from './guard/guard.ts';
export { bytes, instant, int64 } from './schema/codec/scalars.ts';
export type { BytesCodec, BytesOptions, InstantCodec, Int64Codec } from './schema/codec/scalars.ts';
export { file } from './schema/codec/file.ts';
export type { FileCodec, FileOptions } from './schema/codec/file.ts';
export { FileBody } from './schema/codec/file-body.ts';
export type { FileContent, FileSource, NamedFile } from './schema/codec/file-body.ts';
export type { HeadersOption, HeadersSource } from './peer/headers.ts';
export type { HttpBinding, HttpMethod, HttpSegment, HttpSpec } from './core/http-binding.ts';
export type { Overflow } from './events/push-stream.ts';
export type { Select, Selected } from './core/selected.ts';
export type { DeclaredErrorOptions, ErrorMakers } from './service/error-makers.ts';
export type { HandlerResponse } from './service/response.ts';
export { createService } from './service/service.ts';
export type {
  ContextInfo,
  Credentials,
  ErrorReport,
  Grant,
  HandlerCall,
  InTransaction,
  HandlerInput,
  HandlerOutput,
  Handlers,
  Publish,
  Service,
  ServiceOptions,
  ServiceSpec,
  Verifier,
} from './service/types.ts';
export type {
  Adapter,
  CallRequest,
  EventMessage,
  EventRequest,
  EventSink,
  Headers,
  Identity,
  IdentifyRequest,
  OnResponse,
  Peer,
  ResponseHead,
  Selection,
  StreamRequest,
  SubscribeRequest,
  Transport,
} from './core/transport.ts';
