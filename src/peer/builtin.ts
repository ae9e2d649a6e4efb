/** A module of Node where there is one. Asked for like this, bundlers for browsers, workers and edge runtimes see no import. */
export function builtin<T>(name: `node:${string}`): T | undefined {
  const { process } = globalThis as { readonly process?: { readonly getBuiltinModule?: (name: string) => unknown } };
  return process?.getBuiltinModule?.(name) as T | undefined;
}
