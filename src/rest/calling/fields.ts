import type { Contract } from '../../core/contract.ts';
import type { CallRequest } from '../../core/transport.ts';
import { hasField, planSelection } from '../../guard/select.ts';

/** The target with the output's own fields that the selection needs; relations have operations of their own. */
export function withFields(target: string, contract: Contract, { operation, select }: CallRequest): string {
  // An input of that name would be taken for it.
  if (!select || (operation.input && hasField(operation.input, 'fields'))) return target;
  const { ownFields } = planSelection(contract, operation, select);
  return `${target}${target.includes('?') ? '&' : '?'}fields=${ownFields.map(encodeURIComponent).join(',')}`;
}
