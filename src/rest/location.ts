import type { HttpBinding } from '../core/http-binding.ts';
import type { ContractView, TypeUse } from '../schema/view.ts';

/**
 * Where the thing that a POST made can be read: the parameter `p` of a `GET <path>/{p}` that its output has, if there is one.
 * Source: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.2
 */
export function locationParam(view: ContractView, output: TypeUse | undefined, binding: HttpBinding): string | undefined {
  if (binding.method !== 'POST' || output?.node.kind !== 'object') return undefined;
  const filled = new Set(output.node.fields.map((field) => field.name));
  const prefix = binding.path === '/' ? '' : binding.path;
  for (const { operation } of view.operations.values()) {
    for (const { method, path, segments } of operation.http) {
      const last = segments.at(-1);
      if (method === 'GET' && last && 'param' in last && filled.has(last.param) && path === `${prefix}/{${last.param}}`) return last.param;
    }
  }
  return undefined;
}
