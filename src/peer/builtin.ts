/** A module of Node, or `undefined` on platforms that have none. Bundlers for browsers, workers and edge runtimes see no import here. */
export function builtin<T>(name: `node:${string}`): T | undefined {
  const { process } = globalThis as { readonly process?: { readonly getBuiltinModule?: (name: string) => unknown } };
  return process?.getBuiltinModule?.(name) as T | undefined;
}
