/** Waits for something that a peer or a timer causes; throws if it does not come within 20 seconds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string | (() => string) = 'it was so'): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
