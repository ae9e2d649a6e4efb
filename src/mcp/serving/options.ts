import type { Transport } from '../../core/transport.ts';
import { bytes, count, ms } from '../../core/options.ts';
import { reporter } from '../../life/report.ts';
import { chooseTools, type McpToolsOptions } from '../schema.ts';
import { McpService } from './service.ts';
import { MAX_ITEMS } from '../../guard/max-items.ts';

/** Options of every server of MCP. */
export interface McpServingOptions extends McpToolsOptions {
  /** Instructions about the whole service for a model. @default the contract's description */
  readonly instructions?: string | undefined;
  /** Items of lists and members of objects that one message may hold on all levels together; more are INVALID_ARGUMENT. @default 100_000 */
  readonly maxItems?: number | undefined;
  /** Tools, or resources, on one page of a list. @default 100 */
  readonly pageSize?: number | undefined;
  /** How long clients may keep the lists, in milliseconds. @default 300_000 (5 minutes) */
  readonly listTtlMs?: number | undefined;
  /** Items of a streamed operation in one result; one that has more says `complete: false`. @default 1000 */
  readonly maxStreamItems?: number | undefined;
  /** Characters of those items. @default 1_048_576 (1 MiB) */
  readonly maxStreamBytes?: number | undefined;
  /** Resources of whose changes one stream, or session, tells. More are RESOURCE_EXHAUSTED. @default 100 */
  readonly maxSubscriptions?: number | undefined;
  /** Gets failures that callers see as INTERNAL. @default console.error */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** How the options that are numbers are read. */
export const SERVING_READERS = {
  maxItems: count(MAX_ITEMS),
  pageSize: count(100),
  listTtlMs: ms(300_000, { zero: true, infinity: false }),
  maxStreamItems: count(1000),
  maxStreamBytes: bytes(1_048_576),
  maxSubscriptions: count(100),
};
/** The names of the others. */
export const SERVING_NAMES = ['tools', 'instructions', 'onError'] as const;

/** Options with their defaults filled in. */
type InForce = Omit<McpServingOptions, keyof typeof SERVING_READERS> & { readonly [N in keyof typeof SERVING_READERS]: number };

/**
 * The service of a server; `asksFirst`: only callers that the transport knows get any answer. Throws a `TypeError`, which names `owner`,
 * for tools that are not there.
 */
export function serviceOf(owner: string, transport: Transport, options: InForce, asksFirst = false): McpService {
  const { contract } = transport;
  return new McpService(transport, {
    ...options,
    tools: chooseTools(owner, contract, options.tools),
    instructions: options.instructions ?? contract.description,
    asksFirst,
    onError: reporter(options.onError),
  });
}
