/** A client's members by name, for programs that learn their contract while they run. */
export function namedMembers<M>(client: object): Readonly<Record<string, M>> {
  return client as Readonly<Record<string, M>>;
}
