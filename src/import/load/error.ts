/** A description that cannot be imported: its message says the place, the reason, and the remedy. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}
