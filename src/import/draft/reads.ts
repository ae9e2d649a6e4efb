const READS = /^(?:get|list|batchget|search|query|find|count|check|lookup)(?=[A-Z_]|$)/;

/** Whether a name says that nothing is changed: `GetItem`, `listItems`. Source: https://google.aip.dev/130 */
export function readsByName(name: string): boolean {
  // `Getaway` is not a `Get`.
  return READS.test(name.replace(/^[A-Z][a-z]*|^[a-z]+/, (word) => word.toLowerCase()).replace(/^batchGet/, 'batchget'));
}
