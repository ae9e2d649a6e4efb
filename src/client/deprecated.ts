import type { Operation } from '../core/contract.ts';
import type { Headers } from '../core/transport.ts';
import { deprecationOf, readDeprecation, type DeprecationInfo } from '../peer/deprecation.ts';

/** A deprecated operation that was called: as its contract says, or as the peer said with an answer. */
export interface DeprecatedUse extends DeprecationInfo {
  readonly operation: string;
}

/** Tells of a deprecated operation, once for each. Gives what the listener gives. */
export function tellDeprecated(
  operation: Operation,
  headers: Headers,
  told: Set<string>,
  listener: (use: DeprecatedUse) => unknown,
): unknown {
  const { name, deprecated } = operation;
  const said = readDeprecation(headers);
  const known = deprecationOf(deprecated);
  if ((!said && !known) || told.has(name)) return undefined;
  told.add(name);
  return listener({ operation: name, ...known, ...said });
}
