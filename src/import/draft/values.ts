/** The description of a choice of values, with a line for each value of which something is said. */
export function describeValues(
  description: string | null | undefined,
  values: readonly (readonly [value: string, said: string | null | undefined])[],
): string | undefined {
  const lines = values.flatMap(([value, said]) => (said ? [`- \`${value}\`: ${said.replace(/\s+/g, ' ').trim()}`] : []));
  const text = [description?.trim(), lines.join('\n')].filter(Boolean).join('\n\n');
  return text === '' ? undefined : text;
}
