import type { Contract } from '../../core/contract.ts';
import { checkOptions } from '#contract-check';
import { cloudEventWriter, type CloudEventsMode, type CloudEventsOption, type CloudEventWriter } from './cloud-event.ts';

const OPTIONS = new Set(['mode', 'source', 'type', 'subject', 'dataSchema', 'extensions']);

/**
 * Reads the option `cloudEvents` of a server.
 * @throws TypeError for an unknown mode, for one that the carrier does not have, and for unknown names
 */
export function compileCloudEvents(
  owner: string,
  contract: Contract,
  option: CloudEventsOption,
  modes: readonly CloudEventsMode[],
): CloudEventWriter {
  if (typeof option !== 'string') checkOptions(`${owner}: cloudEvents`, option, OPTIONS);
  return cloudEventWriter(owner, contract, option, modes);
}
