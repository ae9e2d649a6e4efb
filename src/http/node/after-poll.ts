let waiting: (() => void)[] = [];

/** Calls `listener` once all that the sockets have brought by now is read. It must not throw. One immediate serves all who wait. */
export function afterPoll(listener: () => void): void {
  // Microtasks run before the parser of HTTP comes to the body.
  if (waiting.push(listener) === 1) setImmediate(run);
}

function run(): void {
  const all = waiting;
  waiting = [];
  for (const listener of all) listener();
}
