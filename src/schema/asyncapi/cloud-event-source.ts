import type { Contract } from '../../core/contract.ts';

/** The `source` of a contract's CloudEvents, if no option names another: its name and the major number of its version. */
export function cloudEventSource({ name, version }: Contract): string {
  return `/${encodeURIComponent(name)}/v${version.split('.')[0]}`;
}
