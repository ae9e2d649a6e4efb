/**
 * The parts for an adapter and a handler of a protocol of your own.
 *
 * @module multi-api-sdk/protocol
 * @group Tools
 */

export { checkTransport } from './core/check-transport.ts';
export { bytes, count, ms, readOptions, type NumberRule, type OptionReader, type OptionsInForce } from './core/options.ts';
export { defineAdapter } from './guard/guard.ts';
export { eventsOnly } from './events/events-only.ts';
export { acceptHeaders, deadlineOf, serveCall, serveStream, type RawHeaders, type ServedCall } from './guard/serve-call.ts';
export { delay, onAbort } from './life/lifetime.ts';
export { reporter } from './life/report.ts';
export { readErrorOptions } from './peer/error-body.ts';
export { checkHeaders, joinHeaders, makeRequestId, timeoutHeader, type HeadersOption, type HeadersSource } from './peer/headers.ts';
export { parseJson, tryParseJson } from './peer/json.ts';
export { guardOnWire, type OnWire, type WireRecord } from './peer/on-wire.ts';
export { redact } from './peer/wire-record.ts';
export { compileQueryReader, compileTextReader, type TextReader } from './schema/text.ts';
export { describeContract, type ContractView, type ErrorView, type EventView, type OperationView } from './schema/view.ts';
export type {
  AnyNode,
  BooleanNode,
  EnumNode,
  Field,
  IntegerNode,
  JsonSchema,
  ListNode,
  LiteralNode,
  NullNode,
  NumberNode,
  ObjectNode,
  RecordNode,
  Scalar,
  SchemaNode,
  StringNode,
  TypeUse,
  UnionNode,
  Variant,
} from './schema/node.ts';
