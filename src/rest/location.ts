import type { HttpBinding } from '../core/http-binding.ts';
import type { ContractView, TypeUse } from '../schema/view.ts';

/** Parameters by the path before them: `/users` has `id` if there is a `GET /users/{id}`. */
const readable = new WeakMap<ContractView, ReadonlyMap<string, readonly string[]>>();

/**
 * The address of the thing that a POST made: the parameter `p` of a `GET <path>/{p}` that its output has, if there is one. Source:
 * https://www.rfc-editor.org/rfc/rfc9110#section-10.2.2
 */
export function locationParam(view: ContractView, output: TypeUse | undefined, binding: HttpBinding): string | undefined {
  if (binding.method !== 'POST' || output?.node.kind !== 'object') return undefined;
  let params = readable.get(view);
  if (!params) readable.set(view, (params = collect(view)));
  const { fields } = output.node;
  return params.get(binding.path === '/' ? '' : binding.path)?.find((param) => fields.some(({ name }) => name === param));
}

/** Found once for a contract: to look through all operations for each POST would be quadratic. */
function collect(view: ContractView): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { operation } of view.operations.values()) {
    for (const { method, path, segments } of operation.http) {
      const last = segments.at(-1);
      if (method !== 'GET' || !last || !('param' in last)) continue;
      const before = path.slice(0, -`/{${last.param}}`.length);
      const params = found.get(before);
      if (params) params.push(last.param);
      else found.set(before, [last.param]);
    }
  }
  return found;
}
